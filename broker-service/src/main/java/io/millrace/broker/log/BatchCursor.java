package io.millrace.broker.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;

/** Walks the batch headers of a file through a small window. It stops at the limit, at a partial batch, and at bytes that are no batch. */
final class BatchCursor {
    private final LogFile file;
    private final int limit;
    private final ByteBuffer window;
    private int windowStart;
    private int windowBytes;
    private int next;
    private int position;
    private @Nullable BatchHeader header;

    BatchCursor(LogFile file, int start, int limit, int windowBytes) {
        this.file = file;
        this.limit = limit;
        this.window = ByteBuffer.allocate(Math.max(windowBytes, BatchHeader.SIZE_BYTES));
        this.next = start;
        this.position = start;
    }

    /** Steps to the next batch; false at the end of what is whole. */
    boolean advance() throws IOException {
        header = null;
        position = next;
        if (limit - next < BatchHeader.SIZE_BYTES || !load(next, BatchHeader.SIZE_BYTES)) {
            return false;
        }
        int at = next - windowStart;
        int sizeBytes = BatchHeader.sizeBytesAt(window, at);
        if (sizeBytes < BatchHeader.SIZE_BYTES || sizeBytes > limit - next
                || window.get(at + BatchHeader.MAGIC_OFFSET) != RecordBatch.MAGIC_VALUE_V2) {
            return false;
        }
        header = BatchHeader.read(window, at);
        next += sizeBytes;
        return true;
    }

    BatchHeader header() {
        if (header == null) {
            throw new IllegalStateException("no batch at position " + position);
        }
        return header;
    }

    /** Where the current batch starts; after the walk, where the last whole batch ends. */
    int position() {
        return position;
    }

    /** Checks the current batch's checksum, window by window: a damaged length must not decide how much memory is taken. */
    boolean checksumHolds() throws IOException {
        CRC32C checksum = new CRC32C();
        int end = position + header().sizeBytes();
        for (int at = position + BatchHeader.ATTRIBUTES_OFFSET; at < end;) {
            int length = Math.min(end - at, window.capacity());
            if (!load(at, length)) {
                return false;
            }
            checksum.update(window.array(), at - windowStart, length);
            at += length;
        }
        return (int) checksum.getValue() == header().crc();
    }

    private boolean load(int from, int sizeBytes) throws IOException {
        if (from >= windowStart && from + sizeBytes <= windowStart + windowBytes) {
            return true;
        }
        window.clear().limit(Math.min(window.capacity(), limit - from));
        windowBytes = file.read(from, window);
        windowStart = from;
        window.flip();
        return windowBytes >= sizeBytes;
    }
}
