package io.millrace.gateway.brokers;

import io.millrace.common.error.ErrorCode;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What a fetch found in one partition.
 *
 * @param from           what was asked
 * @param error          null when it was read, though it may be without records; {@code OFFSET_OUT_OF_RANGE}, {@code UNKNOWN_TOPIC},
 *                       {@code UNKNOWN_PARTITION}, {@code LEADER_UNAVAILABLE}, or {@code QUEUE_FULL} when there was no memory for
 *                       what the leader answered, otherwise
 * @param logStartOffset first offset there is; -1 if not known
 * @param highWatermark  where the readable part ends; -1 if not known
 * @param records        batches, for a {@link io.millrace.common.record.RecordCursor}
 */
public record Fetched(FetchFrom from, @Nullable ErrorCode error, long logStartOffset, long highWatermark,
        ByteBuffer records) {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    static Fetched failed(FetchFrom from, ErrorCode error) {
        return new Fetched(from, error, -1, -1, NOTHING);
    }

    static Fetched nothing(FetchFrom from) {
        return new Fetched(from, null, -1, -1, NOTHING);
    }

    public boolean hasRecords() {
        return records.hasRemaining();
    }

    /** Whether asking again may help without anything being changed. */
    boolean isUnavailable() {
        return error == ErrorCode.LEADER_UNAVAILABLE;
    }
}
