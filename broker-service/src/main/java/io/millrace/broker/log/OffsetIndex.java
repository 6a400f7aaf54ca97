package io.millrace.broker.log;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Sparse map from a batch's last offset (relative to the segment's base offset, int32) to its position in the segment (int32). */
final class OffsetIndex {
    static final int ENTRY_BYTES = 8;

    private final IndexFile file;
    private final long baseOffset;

    OffsetIndex(IndexFile file, long baseOffset) {
        this.file = file;
        this.baseOffset = baseOffset;
    }

    IndexFile file() {
        return file;
    }

    /** Where to start looking for an offset: the position of the last indexed batch that ends at or before it, else 0. */
    int lookup(long offset) throws IOException {
        int count = file.entries();
        ByteBuffer data = file.data();
        int found = lastAtOrBelow(data, count, offset - baseOffset);
        return found < 0 ? 0 : data.getInt(found * ENTRY_BYTES + 4);
    }

    void append(long lastOffset, int position) {
        int at = file.reserve();
        ByteBuffer heap = file.heap();
        heap.putInt(at, (int) (lastOffset - baseOffset));
        heap.putInt(at + 4, position);
        file.added();
    }

    /** Forgets entries of batches that start at or after a position. */
    void truncateToPosition(int positionLimit) throws IOException {
        ByteBuffer data = file.data();
        int remaining = file.entries();
        while (remaining > 0 && data.getInt((remaining - 1) * ENTRY_BYTES + 4) >= positionLimit) {
            remaining--;
        }
        file.truncateToEntries(remaining);
    }

    private static int lastAtOrBelow(ByteBuffer data, int count, long relativeOffset) {
        int low = 0;
        int high = count - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (data.getInt(middle * ENTRY_BYTES) <= relativeOffset) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }
}
