package io.millrace.broker.log;

import io.millrace.broker.log.ProducerEntry.WrittenBatch;
import io.millrace.common.record.RequestKey;
import java.nio.ByteBuffer;
import java.util.Map;
import org.apache.kafka.common.utils.Crc32C;

/**
 * Kafka's producer snapshot file, version 1. Kafka keeps one batch per producer in it and so forgets four fifths of the window at a restart; here
 * a producer has one entry per batch of its window, oldest first, which Kafka's own reader understands too: its last entry wins. After the
 * producers come the requests' keys, whose timestamp is the time at which they were stored.
 *
 * <pre>
 * version int16 | crc32c uint32 of all that follows | count int32 |
 * count × (producer id int64 | epoch int16 | last sequence int32 | last offset int64 | offset delta int32 | timestamp int64 |
 *          coordinator epoch int32 | first offset of the open transaction int64)
 * </pre>
 */
final class ProducerSnapshot {
    private static final short VERSION = 1;
    private static final int CRC_OFFSET = 2;
    private static final int COUNT_OFFSET = 6;
    private static final int FIRST_ENTRY_OFFSET = 10;
    private static final int ENTRY_BYTES = 46;
    private static final int NO_COORDINATOR_EPOCH = -1;
    private static final long NO_OPEN_TRANSACTION = -1;

    private ProducerSnapshot() {}

    static ByteBuffer encode(ProducerStates states) {
        int count = states.keys().size();
        for (ProducerEntry entry : states.producers().values()) {
            for (WrittenBatch _ : entry.window()) {
                count++;
            }
        }
        ByteBuffer buffer = ByteBuffer.allocate(FIRST_ENTRY_OFFSET + count * ENTRY_BYTES);
        buffer.putShort(VERSION).putInt(0).putInt(0);
        for (Map.Entry<Long, ProducerEntry> producer : states.producers().entrySet()) {
            ProducerEntry entry = producer.getValue();
            for (WrittenBatch batch : entry.window()) {
                put(buffer, producer.getKey(), entry.epoch(), batch);
            }
        }
        states.keys().forEach((producerId, batch) -> put(buffer, producerId, RequestKey.PRODUCER_EPOCH, batch));
        buffer.flip();
        buffer.putInt(COUNT_OFFSET, (buffer.limit() - FIRST_ENTRY_OFFSET) / ENTRY_BYTES);
        buffer.putInt(CRC_OFFSET, (int) Crc32C.compute(buffer, COUNT_OFFSET, buffer.limit() - COUNT_OFFSET));
        return buffer;
    }

    private static void put(ByteBuffer buffer, long producerId, short epoch, WrittenBatch batch) {
        buffer.putLong(producerId).putShort(epoch).putInt(batch.lastSequence()).putLong(batch.lastOffset()).putInt(batch
                .offsetDelta()).putLong(batch.timestampMs()).putInt(NO_COORDINATOR_EPOCH).putLong(NO_OPEN_TRANSACTION);
    }

    /** Fills the states; false, with nothing changed, when the bytes are no whole snapshot. */
    static boolean decodeInto(ProducerStates states, ByteBuffer source, long seenMs) {
        ByteBuffer buffer = source.slice();
        if (buffer.limit() < FIRST_ENTRY_OFFSET || buffer.getShort(0) != VERSION
                || (int) Crc32C.compute(buffer, COUNT_OFFSET, buffer.limit() - COUNT_OFFSET) != buffer.getInt(
                        CRC_OFFSET)
                || buffer.limit() != FIRST_ENTRY_OFFSET + (long) buffer.getInt(COUNT_OFFSET) * ENTRY_BYTES) {
            return false;
        }
        buffer.position(FIRST_ENTRY_OFFSET);
        while (buffer.hasRemaining()) {
            long producerId = buffer.getLong();
            short epoch = buffer.getShort();
            WrittenBatch batch = new WrittenBatch(buffer.getInt(), buffer.getLong(), buffer.getInt(), buffer.getLong());
            buffer.position(buffer.position() + Integer.BYTES + Long.BYTES);
            states.restore(producerId, epoch, batch, seenMs);
        }
        return true;
    }
}
