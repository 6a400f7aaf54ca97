package io.millrace.broker.log;

/**
 * An idempotent producer that a log knows.
 *
 * @param lastTimestampMs the greatest of its last batch
 */
public record ActiveProducer(long id, short epoch, int lastSequence, long lastTimestampMs) {}
