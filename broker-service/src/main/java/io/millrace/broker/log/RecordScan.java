package io.millrace.broker.log;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;

/**
 * Walks the records of one batch through a byte window, without making an object per record: checks that the structure is whole and finds the
 * greatest timestamp. Uncompressed records are walked in place; others are pulled through their decompressor into a small window.
 */
final class RecordScan {
    static final int WINDOW_BYTES = 8 * 1024;
    private static final int MAX_VARINT_BYTES = 5;
    private static final int MAX_VARLONG_BYTES = 10;

    /** What every record of the batch must meet. Timestamp bounds are inclusive. */
    record Rules(boolean keyRequired, long earliestTimestampMs, long latestTimestampMs, boolean gapsAllowed) {
        /** A batch in the log met its rules when it came; others may hold today, and compaction leaves gaps. */
        private static final Rules STORED = new Rules(false, Long.MIN_VALUE, Long.MAX_VALUE, true);

        boolean allowsTimestamp(long timestampMs) {
            return timestampMs == RecordBatch.NO_TIMESTAMP || timestampMs >= earliestTimestampMs
                    && timestampMs <= latestTimestampMs;
        }
    }

    /** Hears of records, one after the other. */
    interface Visitor {
        /** @return whether to go on */
        boolean visit(int offsetDelta, long timestampMs);
    }

    /** The batch breaks a rule; caught by the caller and turned into a refusal. */
    static final class BadRecord extends Exception {
        private static final long serialVersionUID = 1L;
        private final transient Errors error;
        private final int recordIndex;

        BadRecord(Errors error, int recordIndex, String message) {
            super(message, null, false, false);
            this.error = error;
            this.recordIndex = recordIndex;
        }

        Errors error() {
            return error;
        }

        int recordIndex() {
            return recordIndex;
        }
    }

    private final @Nullable InputStream source;
    private final byte[] window;
    private int next;
    private int limit;
    private long consumedBefore;
    private int recordIndex;
    private int offsetDelta;
    private long timestampMs;
    private long maxTimestamp = RecordBatch.NO_TIMESTAMP;

    private RecordScan(@Nullable InputStream source, byte[] window, int next, int limit) {
        this.source = source;
        this.window = window;
        this.next = next;
        this.limit = limit;
        this.consumedBefore = -next;
    }

    /** Over records that lie in a buffer as they are. */
    static RecordScan inPlace(ByteBuffer buffer, int position, int sizeBytes) {
        if (buffer.hasArray()) {
            int from = buffer.arrayOffset() + position;
            return new RecordScan(null, buffer.array(), from, from + sizeBytes);
        }
        byte[] copy = new byte[sizeBytes];
        buffer.get(position, copy);
        return new RecordScan(null, copy, 0, sizeBytes);
    }

    /** Over what a decompressor gives; the window is the caller's to use again. */
    static RecordScan streamed(InputStream source, byte[] window) {
        return new RecordScan(source, window, 0, 0);
    }

    /** Walks as many records as the header counts, and returns their greatest timestamp. */
    long walk(BatchHeader header, Rules rules) throws BadRecord, IOException {
        for (recordIndex = 0; recordIndex < header.recordCount(); recordIndex++) {
            walkRecord(header, rules);
        }
        if (next < limit || refill()) {
            throw new BadRecord(Errors.INVALID_RECORD, -1, "the batch holds more bytes than its " + header.recordCount()
                    + " records");
        }
        return maxTimestamp;
    }

    /** Goes over the records of a batch that is in the log, as far as the visitor wants. */
    void visit(BatchHeader header, Visitor visitor) throws BadRecord, IOException {
        boolean more = true;
        for (recordIndex = 0; more && recordIndex < header.recordCount(); recordIndex++) {
            walkRecord(header, Rules.STORED);
            more = visitor.visit(offsetDelta, timestampMs);
        }
    }

    private void walkRecord(BatchHeader header, Rules rules) throws BadRecord, IOException {
        int sizeBytes = readVarint();
        if (sizeBytes < 0) {
            throw malformed("its size is negative");
        }
        long end = consumed() + sizeBytes;
        readByte();
        timestampMs = header.baseTimestamp() + readVarlong();
        if (!rules.allowsTimestamp(timestampMs)) {
            throw new BadRecord(Errors.INVALID_TIMESTAMP, recordIndex, "timestamp " + timestampMs
                    + " is outside the allowed range from "
                    + rules.earliestTimestampMs() + " to " + rules.latestTimestampMs());
        }
        maxTimestamp = Math.max(maxTimestamp, timestampMs);
        offsetDelta = readVarint();
        if (offsetDelta != recordIndex && !rules.gapsAllowed()) {
            throw malformed("its offset delta is " + offsetDelta);
        }
        int keyBytes = readVarint();
        if (keyBytes < 0 && rules.keyRequired()) {
            throw new BadRecord(Errors.INVALID_RECORD, recordIndex, "a compacted topic takes no record without a key");
        }
        skip(keyBytes, end);
        skip(readVarint(), end);
        skipHeaders(end);
        if (consumed() != end) {
            throw malformed("it declares " + sizeBytes + " bytes but has " + (sizeBytes + consumed() - end));
        }
    }

    private void skipHeaders(long end) throws BadRecord, IOException {
        int headers = readVarint();
        if (headers < 0) {
            throw malformed("its number of headers is negative");
        }
        for (int i = 0; i < headers; i++) {
            int keyBytes = readVarint();
            if (keyBytes < 0) {
                throw malformed("a header has no key");
            }
            skip(keyBytes, end);
            skip(readVarint(), end);
        }
    }

    private long consumed() {
        return consumedBefore + next;
    }

    /** Skips a nullable field; -1 stands for null. */
    private void skip(int sizeBytes, long end) throws BadRecord, IOException {
        if (sizeBytes < -1 || sizeBytes > end - consumed()) {
            throw malformed("a field of " + sizeBytes + " bytes does not fit into it");
        }
        int left = Math.max(sizeBytes, 0);
        while (left > limit - next) {
            left -= limit - next;
            next = limit;
            if (!refill()) {
                throw malformed("the batch ends within it");
            }
        }
        next += left;
    }

    private int readVarint() throws BadRecord, IOException {
        int value = 0;
        for (int i = 0; i < MAX_VARINT_BYTES; i++) {
            byte b = readByte();
            value |= (b & 0x7f) << (7 * i);
            if (b >= 0) {
                return (value >>> 1) ^ -(value & 1);
            }
        }
        throw malformed("a number is longer than " + MAX_VARINT_BYTES + " bytes");
    }

    private long readVarlong() throws BadRecord, IOException {
        long value = 0;
        for (int i = 0; i < MAX_VARLONG_BYTES; i++) {
            byte b = readByte();
            value |= (b & 0x7fL) << (7 * i);
            if (b >= 0) {
                return (value >>> 1) ^ -(value & 1);
            }
        }
        throw malformed("a number is longer than " + MAX_VARLONG_BYTES + " bytes");
    }

    private byte readByte() throws BadRecord, IOException {
        if (next == limit && !refill()) {
            throw malformed("the batch ends within it");
        }
        return window[next++];
    }

    private boolean refill() throws IOException {
        if (source == null) {
            return false;
        }
        int read = source.read(window, 0, window.length);
        if (read <= 0) {
            return false;
        }
        consumedBefore += next;
        next = 0;
        limit = read;
        return true;
    }

    private BadRecord malformed(String what) {
        return new BadRecord(Errors.INVALID_RECORD, recordIndex, "record " + recordIndex
                + " of the batch is malformed: " + what);
    }
}
