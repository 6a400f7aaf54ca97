package io.millrace.broker.log;

/**
 * What all logs of a broker share.
 *
 * @param buffers                shared memory for checking compressed batches
 * @param producerIdExpirationMs an idempotent producer that wrote nothing for so long is forgotten ({@code producer.id.expiration.ms})
 */
public record LogSettings(DecompressionBuffers buffers, long producerIdExpirationMs) {}
