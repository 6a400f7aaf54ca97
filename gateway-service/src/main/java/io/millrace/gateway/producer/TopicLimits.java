package io.millrace.gateway.producer;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.metadata.TopicConfig;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RecordBatchWriter;
import io.millrace.common.record.RecordSlices;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/**
 * What a topic's configuration asks of a record. A broker refuses a whole batch for one record's sake, so each is checked before it joins
 * the records of others.
 *
 * @param maxBatchBytes    {@code max.message.bytes}: of a batch, its header included
 * @param needsKey         {@code cleanup.policy} has {@code compact}
 * @param maxAheadMs       {@code message.timestamp.after.max.ms}
 * @param maxBehindMs      {@code message.timestamp.before.max.ms}
 */
record TopicLimits(int maxBatchBytes, boolean needsKey, long maxAheadMs, long maxBehindMs) {
    static TopicLimits of(TopicImage topic) {
        TopicConfig config = TopicConfig.ofStored(topic.configs());
        boolean clientsTime = config.timestampType() == TimestampType.CREATE_TIME;
        return new TopicLimits(config.maxMessageBytes(), config.compact(),
                clientsTime ? config.timestampAfterMaxMs() : Long.MAX_VALUE,
                clientsTime ? config.timestampBeforeMaxMs() : Long.MAX_VALUE);
    }

    /** Why a record can be in no batch of the topic; null if it can. */
    @Nullable
    ErrorCode refusal(RecordSlices records, int record, long nowMs) {
        if (RecordBatchWriter.OVERHEAD_BYTES + records.sizeUpperBound(record) > maxBatchBytes
                && RecordBatchWriter.OVERHEAD_BYTES + RecordBatchWriter.sizeAlone(records, record) > maxBatchBytes) {
            return ErrorCode.RECORD_TOO_LARGE;
        }
        long timestampMs = records.timestampMs(record);
        return needsKey && records.keyLength(record) < 0
                || timestampMs != RecordSlices.NO_TIMESTAMP && !takesTimestamp(timestampMs, nowMs)
                        ? ErrorCode.INVALID_RECORD
                        : null;
    }

    private boolean takesTimestamp(long timestampMs, long nowMs) {
        return timestampMs - nowMs <= maxAheadMs && nowMs - timestampMs <= maxBehindMs;
    }
}
