package io.millrace.broker.log;

import io.millrace.broker.log.ProducerEntry.WrittenBatch;
import io.millrace.common.record.RequestKey;
import java.util.function.BiConsumer;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * The requests' keys of one partition, each with the one batch that was stored under it. There may be a thousand times as many of them as of
 * ordinary idempotent producers, so they lie in arrays: a ring in the order of the log, and a table of open addressing that finds a
 * producer id's place in it. Both grow and shrink by halves, up to the limit; a key takes 40 to 80 bytes. Owned by the log's writer; not
 * safe for concurrent use.
 *
 * <p>A leader refuses keys beyond the limits. So when a log is read again after a crash, whose older batches carry keys too, those of the
 * retention are among the newest, and it is safe to drop the oldest.
 */
final class RequestKeys {
    /** Bytes of a place in the ring, with its two in the table. */
    private static final int PLACE_BYTES = 3 * Long.BYTES + 2 * Integer.BYTES + 2 * Integer.BYTES;
    private static final int LEAST_CAPACITY = 16;
    private static final int MOST_DROPS = 10_000;
    private static final int NOT_FOUND = -1;
    /** In the ring: the same key was stored again later. */
    private static final long REPLACED = -1;

    private final KeyLimits limits;
    private long[] producerIds = new long[0];
    private long[] lastOffsets = new long[0];
    private long[] storedMs = new long[0];
    private int[] baseSequences = new int[0];
    private int[] offsetDeltas = new int[0];
    /** Places in the ring plus one; 0 is free. */
    private int[] table = new int[0];
    private int head;
    private int size;

    RequestKeys(KeyLimits limits) {
        this.limits = limits;
    }

    /** Keys known, those that were stored twice counted twice. */
    int size() {
        return size;
    }

    int capacityBytes() {
        return producerIds.length * PLACE_BYTES;
    }

    @Nullable
    WrittenBatch find(BatchHeader batch) {
        int place = placeOf(batch.producerId());
        return place == NOT_FOUND || baseSequences[place] != batch.baseSequence()
                || offsetDeltas[place] != batch.lastOffsetDelta() ? null : written(place);
    }

    /** Why a leader must refuse a batch that is not the one it knows, or null when it may be appended. */
    AppendResult.@Nullable Refused check(BatchHeader batch, long nowMs) {
        forgetBefore(nowMs);
        if (batch.producerEpoch() != RequestKey.PRODUCER_EPOCH) {
            return AppendResult.Refused.batch(Errors.INVALID_PRODUCER_EPOCH, 0,
                    "the producer id belongs to a request's key, whose epoch is " + RequestKey.PRODUCER_EPOCH);
        }
        int place = placeOf(batch.producerId());
        if (place != NOT_FOUND && !isOver(place, nowMs)) {
            return AppendResult.Refused.batch(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, 0,
                    "another batch was stored under this request's key");
        }
        if (size >= limits.maxPerPartition() || size == producerIds.length && limits.memory().isFull()) {
            return AppendResult.Refused.batch(Errors.THROTTLING_QUOTA_EXCEEDED, 0, "the partition remembers " + size
                    + " requests' keys; it takes no more until the oldest are " + limits.retentionMs()
                    + " ms old, or other partitions of the broker need less memory for theirs");
        }
        return null;
    }

    /** Notes a batch that is in the log, unless its key need not be known any more. */
    void note(long producerId, WrittenBatch batch, long batchStoredMs, long nowMs) {
        if (nowMs - batchStoredMs >= limits.retentionMs()) {
            return;
        }
        int earlier = placeOf(producerId);
        if (earlier != NOT_FOUND) {
            removeFromTable(producerId);
            producerIds[earlier] = REPLACED;
        }
        if (size >= limits.maxPerPartition()) {
            dropOldest();
        }
        if (size == producerIds.length) {
            resize(Math.max(LEAST_CAPACITY, 2 * size));
        }
        int place = head + size & producerIds.length - 1;
        producerIds[place] = producerId;
        lastOffsets[place] = batch.lastOffset();
        storedMs[place] = batchStoredMs;
        baseSequences[place] = batch.firstSequence();
        offsetDeltas[place] = batch.offsetDelta();
        size++;
        addToTable(place);
    }

    /**
     * Forgets what was stored longer ago than keys are known, so much of it at a time that an append need not wait.
     *
     * @return whether there may be more
     */
    boolean forgetBefore(long nowMs) {
        int dropped = 0;
        while (dropped < MOST_DROPS && size > 0 && (isOver(head, nowMs) || producerIds[head] == REPLACED)) {
            dropOldest();
            dropped++;
        }
        if (producerIds.length > LEAST_CAPACITY && size < producerIds.length / 4) {
            resize(Math.max(LEAST_CAPACITY, Integer.highestOneBit(size) * 2));
        }
        return dropped == MOST_DROPS;
    }

    private boolean isOver(int place, long nowMs) {
        return nowMs - storedMs[place] >= limits.retentionMs();
    }

    /** Each key with its batch, in the order of the log; the batch's timestamp is the time at which it was stored. */
    void forEach(BiConsumer<Long, WrittenBatch> action) {
        for (int i = 0; i < size; i++) {
            int place = head + i & producerIds.length - 1;
            if (producerIds[place] != REPLACED) {
                action.accept(producerIds[place], written(place));
            }
        }
    }

    /** Forgets all, and gives the memory back. */
    void clear() {
        head = 0;
        size = 0;
        resize(0);
    }

    private WrittenBatch written(int place) {
        int lastSequence = BatchHeader.incrementSequence(baseSequences[place], offsetDeltas[place]);
        return new WrittenBatch(lastSequence, lastOffsets[place], offsetDeltas[place], storedMs[place]);
    }

    private void dropOldest() {
        if (producerIds[head] != REPLACED) {
            removeFromTable(producerIds[head]);
        }
        head = head + 1 & producerIds.length - 1;
        size--;
    }

    private void resize(int capacity) {
        limits.memory().add((long) (capacity - producerIds.length) * PLACE_BYTES);
        long[] ids = new long[capacity];
        long[] offsets = new long[capacity];
        long[] times = new long[capacity];
        int[] sequences = new int[capacity];
        int[] deltas = new int[capacity];
        for (int i = 0; i < size; i++) {
            int place = head + i & producerIds.length - 1;
            ids[i] = producerIds[place];
            offsets[i] = lastOffsets[place];
            times[i] = storedMs[place];
            sequences[i] = baseSequences[place];
            deltas[i] = offsetDeltas[place];
        }
        producerIds = ids;
        lastOffsets = offsets;
        storedMs = times;
        baseSequences = sequences;
        offsetDeltas = deltas;
        table = new int[2 * capacity];
        head = 0;
        for (int place = 0; place < size; place++) {
            if (ids[place] != REPLACED) {
                addToTable(place);
            }
        }
    }

    private int placeOf(long producerId) {
        int slot = slotOf(producerId);
        return slot == NOT_FOUND ? NOT_FOUND : table[slot] - 1;
    }

    private int slotOf(long producerId) {
        if (table.length == 0) {
            return NOT_FOUND;
        }
        int slot = firstSlot(producerId);
        while (table[slot] != 0) {
            if (producerIds[table[slot] - 1] == producerId) {
                return slot;
            }
            slot = slot + 1 & table.length - 1;
        }
        return NOT_FOUND;
    }

    private void addToTable(int place) {
        int slot = firstSlot(producerIds[place]);
        while (table[slot] != 0) {
            slot = slot + 1 & table.length - 1;
        }
        table[slot] = place + 1;
    }

    /** Moves up what follows, so that no search ends too early (Knuth, 6.4, algorithm R). */
    private void removeFromTable(long producerId) {
        int free = slotOf(producerId);
        int mask = table.length - 1;
        for (int slot = free + 1 & mask; table[slot] != 0; slot = slot + 1 & mask) {
            int first = firstSlot(producerIds[table[slot] - 1]);
            if ((slot - first & mask) >= (slot - free & mask)) {
                table[free] = table[slot];
                free = slot;
            }
        }
        table[free] = 0;
    }

    private int firstSlot(long producerId) {
        return limits.memory().hash(producerId) & table.length - 1;
    }
}
