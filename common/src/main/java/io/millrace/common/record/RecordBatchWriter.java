package io.millrace.common.record;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Builds one uncompressed v2 record batch, copying each record's bytes once from where the request has them. Made to be reused with
 * {@link #reset}. Not safe for use by several threads at once.
 */
public final class RecordBatchWriter {
    /** Size of a batch without records. */
    public static final int OVERHEAD_BYTES = BatchLayout.RECORDS;
    /** Not an idempotent producer's. */
    public static final long NO_PRODUCER_ID = -1;
    private static final int UNKNOWN_LEADER_EPOCH = -1;

    private final CRC32C crc = new CRC32C();
    private byte[] bytes;
    private int position = OVERHEAD_BYTES;
    private int count;
    private boolean hasBaseTimestamp;
    private long baseTimestampMs;
    private long maxTimestampMs;

    public RecordBatchWriter(int initialBytes) {
        bytes = new byte[Math.max(initialBytes, OVERHEAD_BYTES)];
    }

    /** Starts an empty batch in the same memory. */
    public void reset() {
        position = OVERHEAD_BYTES;
        count = 0;
        hasBaseTimestamp = false;
    }

    /** Fixes the base timestamp of an empty batch, from which its records' timestamps may differ; else it is the first record's. */
    public void baseTimestamp(long ms) {
        baseTimestampMs = ms;
        hasBaseTimestamp = true;
    }

    /** Records so far. */
    public int count() {
        return count;
    }

    /** Size of the batch so far, header included. */
    public int sizeBytes() {
        return position;
    }

    /** Memory held, whether used or not. */
    public int capacityBytes() {
        return bytes.length;
    }

    /** What the batch would grow by with the record. */
    public int sizeOf(RecordSlices records, int record, long nowMs) {
        long timestampDelta = hasBaseTimestamp ? timestamp(records, record, nowMs) - baseTimestampMs : 0;
        int body = bodySize(records, record, timestampDelta, count);
        return Varints.sizeOf(body) + body;
    }

    /** Size of the record as the only one of a batch, without the batch's overhead. */
    public static int sizeAlone(RecordSlices records, int record) {
        int body = bodySize(records, record, 0, 0);
        return Varints.sizeOf(body) + body;
    }

    /**
     * Appends a record.
     *
     * @param nowMs the record's time unless it names its own
     */
    public void append(RecordSlices records, int record, long nowMs) {
        long timestampMs = timestamp(records, record, nowMs);
        if (!hasBaseTimestamp) {
            baseTimestamp(timestampMs);
        }
        int bodySize = bodySize(records, record, timestampMs - baseTimestampMs, count);
        ensureRoom(Varints.sizeOf(bodySize) + bodySize);
        maxTimestampMs = count == 0 ? timestampMs : Math.max(maxTimestampMs, timestampMs);
        byte[] target = bytes;
        int at = Varints.write(target, position, bodySize);
        target[at++] = 0;
        at = Varints.write(target, at, timestampMs - baseTimestampMs);
        at = Varints.write(target, at, count);
        at = writeBytes(target, at, records.bytes(), records.keyStart(record), records.keyLength(record));
        at = writeBytes(target, at, records.bytes(), records.valueStart(record), records.valueLength(record));
        position = writeHeaders(target, at, records, record);
        count++;
    }

    /**
     * Writes the batch's header and checksum. May be repeated with another producer id, epoch or sequence.
     *
     * @return the batch, for a produce request; it shares this writer's memory
     */
    public MemoryRecords close(long producerId, short producerEpoch, int baseSequence) {
        byte[] target = bytes;
        BatchLayout.LONG.set(target, BatchLayout.BASE_OFFSET, 0L);
        BatchLayout.INT.set(target, BatchLayout.LENGTH, position - BatchLayout.LOG_OVERHEAD_BYTES);
        BatchLayout.INT.set(target, BatchLayout.LEADER_EPOCH, UNKNOWN_LEADER_EPOCH);
        target[BatchLayout.MAGIC] = BatchLayout.MAGIC_V2;
        BatchLayout.SHORT.set(target, BatchLayout.ATTRIBUTES, (short) 0);
        BatchLayout.INT.set(target, BatchLayout.LAST_OFFSET_DELTA, count - 1);
        BatchLayout.LONG.set(target, BatchLayout.BASE_TIMESTAMP, baseTimestampMs);
        BatchLayout.LONG.set(target, BatchLayout.MAX_TIMESTAMP, maxTimestampMs);
        BatchLayout.LONG.set(target, BatchLayout.PRODUCER_ID, producerId);
        BatchLayout.SHORT.set(target, BatchLayout.PRODUCER_EPOCH, producerEpoch);
        BatchLayout.INT.set(target, BatchLayout.BASE_SEQUENCE, baseSequence);
        BatchLayout.INT.set(target, BatchLayout.RECORD_COUNT, count);
        crc.reset();
        crc.update(target, BatchLayout.ATTRIBUTES, position - BatchLayout.ATTRIBUTES);
        BatchLayout.INT.set(target, BatchLayout.CRC, (int) crc.getValue());
        return MemoryRecords.readableRecords(ByteBuffer.wrap(target, 0, position).slice());
    }

    /** Moves to memory of its own: what was closed before may still be on its way to a socket, and must not change under it. */
    public void unshare() {
        bytes = bytes.clone();
    }

    private static long timestamp(RecordSlices records, int record, long nowMs) {
        long own = records.timestampMs(record);
        return own == RecordSlices.NO_TIMESTAMP ? nowMs : own;
    }

    private static int bodySize(RecordSlices records, int record, long timestampDelta, int offsetDelta) {
        int keyLength = records.keyLength(record);
        int valueLength = records.valueLength(record);
        int first = records.headersStart(record);
        int end = records.headersEnd(record);
        int size = 1 + Varints.sizeOf(timestampDelta) + Varints.sizeOf(offsetDelta)
                + Varints.sizeOf(keyLength) + Math.max(0, keyLength)
                + Varints.sizeOf(valueLength) + Math.max(0, valueLength) + Varints.sizeOf(end - first);
        int[] headers = records.headers();
        for (int header = first; header < end; header++) {
            int headerKeyLength = headers[4 * header + 1];
            int headerValueLength = headers[4 * header + 3];
            size += Varints.sizeOf(headerKeyLength) + headerKeyLength + Varints.sizeOf(headerValueLength) + Math.max(0,
                    headerValueLength);
        }
        return size;
    }

    private static int writeHeaders(byte[] target, int position, RecordSlices records, int record) {
        int first = records.headersStart(record);
        int end = records.headersEnd(record);
        int at = Varints.write(target, position, end - first);
        int[] headers = records.headers();
        for (int header = 4 * first; header < 4 * end; header += 4) {
            at = writeBytes(target, at, records.bytes(), headers[header], headers[header + 1]);
            at = writeBytes(target, at, records.bytes(), headers[header + 2], headers[header + 3]);
        }
        return at;
    }

    private static int writeBytes(byte[] target, int position, byte[] source, int start, int length) {
        int at = Varints.write(target, position, length);
        if (length > 0) {
            System.arraycopy(source, start, target, at, length);
            at += length;
        }
        return at;
    }

    private void ensureRoom(int more) {
        if (position + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(position + more, 2 * bytes.length));
        }
    }
}
