package io.millrace.common.record;

import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Records whose keys, values and headers are slices of one byte array: what a request's parser finds and a {@link RecordBatchWriter} copies,
 * without an object per record. Made to be reused; grows and never shrinks. Not safe for use by several threads at once.
 */
public final class RecordSlices {
    /** In place of a length: there is no key, or no value (a tombstone). */
    public static final int ABSENT = -1;
    /** In place of a timestamp: the record takes the time of its arrival. */
    public static final long NO_TIMESTAMP = -1;
    /** In place of a partition: it is chosen by the key, or freely. */
    public static final int ANY_PARTITION = -1;
    private static final int INITIAL_RECORDS = 16;

    private final Growth growth;
    private byte[] bytes = new byte[0];
    private int count;
    private int headerCount;
    private int[] keyStart = new int[INITIAL_RECORDS];
    private int[] keyLength = new int[INITIAL_RECORDS];
    private int[] valueStart = new int[INITIAL_RECORDS];
    private int[] valueLength = new int[INITIAL_RECORDS];
    private int[] partition = new int[INITIAL_RECORDS];
    private long[] timestampMs = new long[INITIAL_RECORDS];
    private int[] headersEnd = new int[INITIAL_RECORDS];
    /** Four to a header: start and length of its key, start and length of its value. */
    private int[] headers = new int[4 * INITIAL_RECORDS];

    public RecordSlices() {
        this((_, _) -> {});
    }

    /** @param growth hears of all that is more than there is from the beginning */
    public RecordSlices(Growth growth) {
        this.growth = growth;
    }

    /** Counts the memory of records that become more. */
    @FunctionalInterface
    public interface Growth {
        /** Before so much is held, by the records' places and those of their headers. What it throws leaves the records as they are. */
        void to(int recordsBytes, int headersBytes);
    }

    /** Forgets all records; those added next are slices of the given array. */
    public void clear(byte[] source) {
        bytes = source;
        count = 0;
        headerCount = 0;
    }

    /** The records' bytes are at the same places of another array now. */
    public void moveTo(byte[] source) {
        bytes = source;
    }

    /** Adds a record without key, value, partition, timestamp or headers. What is set afterwards is set on it. */
    public void add() {
        if (count == keyStart.length) {
            grow();
        }
        keyStart[count] = 0;
        keyLength[count] = ABSENT;
        valueStart[count] = 0;
        valueLength[count] = ABSENT;
        partition[count] = ANY_PARTITION;
        timestampMs[count] = NO_TIMESTAMP;
        headersEnd[count] = headerCount;
        count++;
    }

    /** Takes back the records that were added last. */
    public void truncate(int newCount) {
        headerCount = newCount == 0 ? 0 : headersEnd[newCount - 1];
        count = newCount;
    }

    public void key(int start, int length) {
        keyStart[count - 1] = start;
        keyLength[count - 1] = length;
    }

    public void value(int start, int length) {
        valueStart[count - 1] = start;
        valueLength[count - 1] = length;
    }

    public void partition(int index) {
        partition[count - 1] = index;
    }

    public void timestamp(long ms) {
        timestampMs[count - 1] = ms;
    }

    public void addHeader(int headerKeyStart, int headerKeyLength, int headerValueStart, int headerValueLength) {
        int at = 4 * headerCount;
        if (at == headers.length) {
            growth.to(recordsCapacityBytes(keyStart.length), 2 * headersCapacityBytes());
            headers = Arrays.copyOf(headers, 2 * at);
        }
        headers[at] = headerKeyStart;
        headers[at + 1] = headerKeyLength;
        headers[at + 2] = headerValueStart;
        headers[at + 3] = headerValueLength;
        headerCount++;
        headersEnd[count - 1] = headerCount;
    }

    /** Memory held, the source not counted. */
    public int capacityBytes() {
        return recordsCapacityBytes(keyStart.length) + headersCapacityBytes();
    }

    private static int recordsCapacityBytes(int records) {
        return records * (6 * Integer.BYTES + Long.BYTES);
    }

    private int headersCapacityBytes() {
        return headers.length * Integer.BYTES;
    }

    /** Of the record that was added last. */
    public int lastHeaderCount() {
        return headerCount - headersStart(count - 1);
    }

    public byte[] bytes() {
        return bytes;
    }

    public int count() {
        return count;
    }

    public int keyStart(int record) {
        return keyStart[record];
    }

    /** {@link #ABSENT} without a key. */
    public int keyLength(int record) {
        return keyLength[record];
    }

    public int valueStart(int record) {
        return valueStart[record];
    }

    /** {@link #ABSENT} without a value. */
    public int valueLength(int record) {
        return valueLength[record];
    }

    /** {@link #ANY_PARTITION} when not chosen by the client. */
    public int chosenPartition(int record) {
        return partition[record];
    }

    /** {@link #NO_TIMESTAMP} when not chosen by the client. */
    public long timestampMs(int record) {
        return timestampMs[record];
    }

    /** Index of the record's first header; its headers end before {@link #headersEnd}. */
    int headersStart(int record) {
        return record == 0 ? 0 : headersEnd[record - 1];
    }

    int headersEnd(int record) {
        return headersEnd[record];
    }

    int[] headers() {
        return headers;
    }

    /** No encoded record is larger, whatever batch it goes into. */
    public int sizeUpperBound(int record) {
        // length 5, attributes 1, timestamp 10, offset 5, key and value lengths 5 each, header count 5
        int size = 36 + Math.max(0, keyLength[record]) + Math.max(0, valueLength[record]);
        for (int header = headersStart(record); header < headersEnd[record]; header++) {
            size += 10 + headers[4 * header + 1] + Math.max(0, headers[4 * header + 3]);
        }
        return size;
    }

    /**
     * A checksum of all that makes up the records, in their order: the same for the same request, whenever and wherever it is sent again, and
     * most likely another one for any other.
     */
    public int checksum() {
        var crc = new CRC32C();
        byte[] figures = new byte[4 * Integer.BYTES + Long.BYTES];
        for (int record = 0; record < count; record++) {
            BatchLayout.INT.set(figures, 0, keyLength[record]);
            BatchLayout.INT.set(figures, 4, valueLength[record]);
            BatchLayout.INT.set(figures, 8, partition[record]);
            BatchLayout.INT.set(figures, 12, headersEnd[record] - headersStart(record));
            BatchLayout.LONG.set(figures, 16, timestampMs[record]);
            crc.update(figures, 0, figures.length);
            crc.update(bytes, keyStart[record], Math.max(0, keyLength[record]));
            crc.update(bytes, valueStart[record], Math.max(0, valueLength[record]));
            for (int at = 4 * headersStart(record); at < 4 * headersEnd[record]; at += 4) {
                BatchLayout.INT.set(figures, 0, headers[at + 1]);
                BatchLayout.INT.set(figures, 4, headers[at + 3]);
                crc.update(figures, 0, 8);
                crc.update(bytes, headers[at], headers[at + 1]);
                crc.update(bytes, headers[at + 2], Math.max(0, headers[at + 3]));
            }
        }
        return (int) crc.getValue();
    }

    private void grow() {
        int capacity = 2 * count;
        growth.to(recordsCapacityBytes(capacity), headersCapacityBytes());
        keyStart = Arrays.copyOf(keyStart, capacity);
        keyLength = Arrays.copyOf(keyLength, capacity);
        valueStart = Arrays.copyOf(valueStart, capacity);
        valueLength = Arrays.copyOf(valueLength, capacity);
        partition = Arrays.copyOf(partition, capacity);
        timestampMs = Arrays.copyOf(timestampMs, capacity);
        headersEnd = Arrays.copyOf(headersEnd, capacity);
    }
}
