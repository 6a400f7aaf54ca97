package io.millrace.broker.log;

import org.apache.kafka.common.record.internal.Records;

/** What a read found. */
public sealed interface ReadResult {
    long logStartOffset();

    /** The log end offset when the read was made. */
    long logEndOffset();

    /**
     * @param records begins with the whole batch that holds the offset asked for, which may begin earlier; the last batch may be cut off by the
     *                size limit, as Kafka's clients expect. Empty at the end of the log.
     */
    record Data(Records records, long logStartOffset, long logEndOffset) implements ReadResult {}

    /** The offset is before the log's start or after its end. */
    record OutOfRange(long logStartOffset, long logEndOffset) implements ReadResult {}
}
