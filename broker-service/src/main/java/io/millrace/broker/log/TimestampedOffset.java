package io.millrace.broker.log;

import org.apache.kafka.common.record.internal.RecordBatch;

/**
 * A record's place in the log and in time.
 *
 * @param offset      of the record
 * @param timestampMs of the record, or -1 where the offset stands for an end of the log
 * @param leaderEpoch of the leader that wrote it, or -1 when no record is there
 */
public record TimestampedOffset(long offset, long timestampMs, int leaderEpoch) {
    static TimestampedOffset withoutTime(long offset, int leaderEpoch) {
        return new TimestampedOffset(offset, RecordBatch.NO_TIMESTAMP, leaderEpoch);
    }
}
