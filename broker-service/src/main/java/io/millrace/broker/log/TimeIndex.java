package io.millrace.broker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.record.internal.RecordBatch;

/** Sparse, strictly rising map from the greatest timestamp so far (int64) to the last offset of the batch that holds it (relative, int32). */
final class TimeIndex {
    static final int ENTRY_BYTES = 12;

    /** The greatest timestamp of a segment or a part of it, with the last offset of its batch. */
    record MaxTimestamp(long timestampMs, long lastOffset) {
        static final MaxTimestamp NONE = new MaxTimestamp(RecordBatch.NO_TIMESTAMP, -1);
    }

    private final IndexFile file;
    private final long baseOffset;

    TimeIndex(IndexFile file, long baseOffset) {
        this.file = file;
        this.baseOffset = baseOffset;
    }

    IndexFile file() {
        return file;
    }

    MaxTimestamp last() throws IOException {
        int count = file.entries();
        return count == 0 ? MaxTimestamp.NONE : entry(file.data(), count - 1);
    }

    void maybeAppend(MaxTimestamp max) throws IOException {
        if (max.timestampMs() <= last().timestampMs()) {
            return;
        }
        int at = file.reserve();
        ByteBuffer heap = file.heap();
        heap.putLong(at, max.timestampMs());
        heap.putInt(at + 8, (int) (max.lastOffset() - baseOffset));
        file.added();
    }

    /** The last offset known to have only timestamps below the target up to and including its batch, else the base offset. */
    long lookup(long targetTimestampMs) throws IOException {
        int count = file.entries();
        ByteBuffer data = file.data();
        int low = 0;
        int high = count - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (data.getLong(middle * ENTRY_BYTES) < targetTimestampMs) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high < 0 ? baseOffset : entry(data, high).lastOffset();
    }

    /** Forgets entries at or after an offset. */
    void truncateToOffset(long offset) throws IOException {
        ByteBuffer data = file.data();
        int remaining = file.entries();
        while (remaining > 0 && entry(data, remaining - 1).lastOffset() >= offset) {
            remaining--;
        }
        file.truncateToEntries(remaining);
    }

    private MaxTimestamp entry(ByteBuffer data, int index) {
        return new MaxTimestamp(data.getLong(index * ENTRY_BYTES), baseOffset + data.getInt(index * ENTRY_BYTES + 8));
    }
}
