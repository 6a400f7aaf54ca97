package io.millrace.broker.log;

import java.io.IOException;
import java.util.function.Consumer;

/**
 * What all logs of a broker share.
 *
 * @param buffers                shared memory for checking compressed batches
 * @param producerIdExpirationMs an idempotent producer that wrote nothing for so long is forgotten ({@code producer.id.expiration.ms})
 * @param keyLimits              of the requests' keys of each partition
 * @param onFailure              hears once of each log that failed on its disk
 */
public record LogSettings(
        DecompressionBuffers buffers,
        long producerIdExpirationMs,
        KeyLimits keyLimits,
        Consumer<IOException> onFailure) {}
