package io.millrace.broker.log;

import java.nio.ByteBuffer;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Crc32C;

/** The fixed part of a record batch, message format v2 (KIP-98), as it lies in a buffer or file. */
record BatchHeader(
        long baseOffset,
        int sizeBytes,
        int leaderEpoch,
        byte magic,
        int crc,
        short attributes,
        int lastOffsetDelta,
        long baseTimestamp,
        long maxTimestamp,
        long producerId,
        short producerEpoch,
        int baseSequence,
        int recordCount) {

    /** Base offset and length: what the length field does not count. */
    static final int LENGTH_PREFIX_BYTES = 12;
    static final int SIZE_BYTES = 61;
    static final int MAGIC_OFFSET = 16;

    private static final int LENGTH_OFFSET = 8;
    private static final int LEADER_EPOCH_OFFSET = 12;
    private static final int CRC_OFFSET = 17;
    /** Where the checksummed part begins. */
    static final int ATTRIBUTES_OFFSET = 21;
    private static final int MAX_TIMESTAMP_OFFSET = 35;

    private static final int COMPRESSION_MASK = 0x07;
    private static final int LOG_APPEND_TIME_FLAG = 0x08;
    private static final int TRANSACTIONAL_FLAG = 0x10;
    private static final int CONTROL_FLAG = 0x20;

    static BatchHeader read(ByteBuffer buffer, int position) {
        return new BatchHeader(
                buffer.getLong(position),
                sizeBytesAt(buffer, position),
                buffer.getInt(position + LEADER_EPOCH_OFFSET),
                buffer.get(position + MAGIC_OFFSET),
                buffer.getInt(position + CRC_OFFSET),
                buffer.getShort(position + ATTRIBUTES_OFFSET),
                buffer.getInt(position + 23),
                buffer.getLong(position + 27),
                buffer.getLong(position + MAX_TIMESTAMP_OFFSET),
                buffer.getLong(position + 43),
                buffer.getShort(position + 51),
                buffer.getInt(position + 53),
                buffer.getInt(position + 57));
    }

    /** Size of the whole batch as its length field says; negative or absurd when the bytes are no batch. */
    static int sizeBytesAt(ByteBuffer buffer, int position) {
        return buffer.getInt(position + LENGTH_OFFSET) + LENGTH_PREFIX_BYTES;
    }

    long lastOffset() {
        return baseOffset + lastOffsetDelta;
    }

    long nextOffset() {
        return lastOffset() + 1;
    }

    int lastSequence() {
        return hasProducerId() ? DefaultRecordBatch.incrementSequence(baseSequence, lastOffsetDelta)
                : RecordBatch.NO_SEQUENCE;
    }

    static int incrementSequence(int sequence, int increment) {
        return DefaultRecordBatch.incrementSequence(sequence, increment);
    }

    static int decrementSequence(int sequence, int decrement) {
        return DefaultRecordBatch.decrementSequence(sequence, decrement);
    }

    boolean hasProducerId() {
        return producerId > RecordBatch.NO_PRODUCER_ID;
    }

    int compressionId() {
        return attributes & COMPRESSION_MASK;
    }

    boolean isTransactional() {
        return (attributes & TRANSACTIONAL_FLAG) != 0;
    }

    boolean isControl() {
        return (attributes & CONTROL_FLAG) != 0;
    }

    TimestampType timestampType() {
        return (attributes & LOG_APPEND_TIME_FLAG) != 0 ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME;
    }

    /** Whether the checksum over everything after it holds; the batch must be whole in the buffer. */
    boolean checksumHolds(ByteBuffer buffer, int position) {
        return (int) Crc32C.compute(buffer, position + ATTRIBUTES_OFFSET - buffer.position(), sizeBytes
                - ATTRIBUTES_OFFSET) == crc;
    }

    BatchHeader withBaseOffset(long newBaseOffset, int newLeaderEpoch) {
        return new BatchHeader(newBaseOffset, sizeBytes, newLeaderEpoch, magic, crc, attributes, lastOffsetDelta,
                baseTimestamp, maxTimestamp,
                producerId, producerEpoch, baseSequence, recordCount);
    }

    /** Base offset and leader epoch lie before the checksummed part, so assigning them costs nothing. */
    void writePlacement(ByteBuffer buffer, int position) {
        buffer.putLong(position, baseOffset);
        buffer.putInt(position + LEADER_EPOCH_OFFSET, leaderEpoch);
    }

    /** Changes timestamp type and max timestamp in the buffer, which the checksum covers, and returns the header as it is now. */
    static BatchHeader rewriteTimestamp(ByteBuffer buffer, int position, TimestampType type, long maxTimestamp) {
        short attributes = buffer.getShort(position + ATTRIBUTES_OFFSET);
        int flagged = type == TimestampType.LOG_APPEND_TIME ? attributes | LOG_APPEND_TIME_FLAG
                : attributes & ~LOG_APPEND_TIME_FLAG;
        buffer.putShort(position + ATTRIBUTES_OFFSET, (short) flagged);
        buffer.putLong(position + MAX_TIMESTAMP_OFFSET, maxTimestamp);
        int size = sizeBytesAt(buffer, position);
        long crc = Crc32C.compute(buffer, position + ATTRIBUTES_OFFSET - buffer.position(), size - ATTRIBUTES_OFFSET);
        buffer.putInt(position + CRC_OFFSET, (int) crc);
        return read(buffer, position);
    }

    /** Gives a batch whose records were compressed anew its size, codec and checksum. */
    static void rewriteCompression(ByteBuffer buffer, int position, int sizeBytes, int compressionId) {
        buffer.putInt(position + LENGTH_OFFSET, sizeBytes - LENGTH_PREFIX_BYTES);
        int attributes = buffer.getShort(position + ATTRIBUTES_OFFSET) & ~COMPRESSION_MASK | compressionId;
        buffer.putShort(position + ATTRIBUTES_OFFSET, (short) attributes);
        long crc = Crc32C.compute(buffer, position + ATTRIBUTES_OFFSET - buffer.position(), sizeBytes
                - ATTRIBUTES_OFFSET);
        buffer.putInt(position + CRC_OFFSET, (int) crc);
    }
}
