package io.millrace.broker.log;

import io.millrace.broker.log.ProducerEntry.WrittenBatch;
import io.millrace.common.record.RequestKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * The idempotent producers of one partition. Decides whether a batch is next in its producer's sequence (KIP-98, KIP-360). Owned by the log's
 * writer; not safe for concurrent use.
 */
final class ProducerStates {
    /** Clients try a refused batch again after 100 ms, and at the latest a second after. */
    static final long FIRST_BATCH_PATIENCE_MS = 1_500;
    /** Who was told to try again so long ago, and comes again, is held off anew; far longer than clients wait before they retry. */
    static final long HELD_OFF_MEMORY_MS = 60_000;
    /** Producers held off at a time. While there are so many, others' batches are taken at once, as Kafka does, for to forget one would hold it off for ever. */
    static final int MAX_HELD_OFF = 1_000;

    private final Map<Long, ProducerEntry> producers = new HashMap<>();
    private final RequestKeys keys;
    /** Producers that may have a batch on the way before the one that came, and since when they are told to try again; the eldest first. */
    private final Map<Long, Long> heldOffSinceMs = new LinkedHashMap<>();
    /** Whether every producer that has written here since the log's first offset is known. */
    private boolean complete;

    /** @param complete whether nothing was written yet */
    ProducerStates(KeyLimits keyLimits, boolean complete) {
        this.keys = new RequestKeys(keyLimits);
        this.complete = complete;
    }

    /** Some of what was written was never seen here. */
    void missSome() {
        complete = false;
    }

    int size() {
        return producers.size() + keys.size();
    }

    RequestKeys keys() {
        return keys;
    }

    Map<Long, ProducerEntry> producers() {
        return producers;
    }

    @Nullable
    WrittenBatch findDuplicate(BatchHeader batch) {
        if (RequestKey.isProducerIdOfKey(batch.producerId())) {
            return keys.find(batch);
        }
        ProducerEntry entry = producers.get(batch.producerId());
        return entry == null ? null : entry.find(batch.producerEpoch(), batch.baseSequence(), batch.lastSequence());
    }

    /**
     * Why a leader must refuse a batch, or null when it may be appended. A producer that is not known may begin at any sequence, as in Kafka, for
     * its state may have expired, or gone with deleted records, or its topic was deleted and created again under its name, of which it need not
     * have heard. But where all that was ever written is known it may also have a batch on the way that was refused before, while its leader
     * did not yet know that it leads; to take this one first would lose the order, and in the end the batch. So it is told to try again for
     * a while, by the error that the other had: whoever retries sends the earlier one first.
     */
    AppendResult.@Nullable Refused check(BatchHeader batch, long nowMs) {
        if (RequestKey.isProducerIdOfKey(batch.producerId())) {
            return keys.check(batch, nowMs);
        }
        ProducerEntry entry = producers.get(batch.producerId());
        if (entry == null) {
            return !complete || batch.baseSequence() == 0 || wasHeldOffLongEnough(batch.producerId(), nowMs) ? null
                    : AppendResult.Refused.batch(Errors.NOT_LEADER_OR_FOLLOWER, 0, "producer " + batch.producerId()
                            + " has written nothing yet and begins with sequence " + batch.baseSequence()
                            + ": what comes before it is awaited for " + FIRST_BATCH_PATIENCE_MS + " ms");
        }
        if (batch.producerEpoch() < entry.epoch()) {
            return AppendResult.Refused.batch(Errors.INVALID_PRODUCER_EPOCH, 0, "epoch " + batch.producerEpoch()
                    + " of producer "
                    + batch.producerId() + " is older than the last seen epoch " + entry.epoch());
        }
        if (batch.producerEpoch() > entry.epoch()) {
            return batch.baseSequence() == 0 ? null
                    : AppendResult.Refused.batch(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, 0, "producer " + batch
                            .producerId()
                            + " begins epoch " + batch.producerEpoch() + " with sequence " + batch.baseSequence()
                            + " instead of 0");
        }
        int lastSequence = entry.last().lastSequence();
        boolean next = batch.baseSequence() == lastSequence + 1L || batch.baseSequence() == 0
                && lastSequence == Integer.MAX_VALUE;
        return next ? null
                : AppendResult.Refused.batch(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, 0, "sequence " + batch.baseSequence()
                        + " of producer "
                        + batch.producerId() + " does not follow the last sequence " + lastSequence);
    }

    /** Whether one that is not known need not be told to try again; who must is remembered. */
    private boolean wasHeldOffLongEnough(long producerId, long nowMs) {
        Long sinceMs = heldOffSinceMs.get(producerId);
        if (sinceMs != null && !isForgotten(sinceMs, nowMs)) {
            return nowMs - sinceMs >= FIRST_BATCH_PATIENCE_MS;
        }
        // It is put behind those that were held off meanwhile.
        heldOffSinceMs.remove(producerId);
        if (heldOffSinceMs.size() >= MAX_HELD_OFF) {
            heldOffSinceMs.values().removeIf(eachSinceMs -> isForgotten(eachSinceMs, nowMs));
        }
        if (heldOffSinceMs.size() >= MAX_HELD_OFF) {
            return true;
        }
        heldOffSinceMs.put(producerId, nowMs);
        return false;
    }

    private static boolean isForgotten(long sinceMs, long nowMs) {
        // A clock that went back says nothing of how long ago it was.
        return nowMs < sinceMs || nowMs - sinceMs >= HELD_OFF_MEMORY_MS;
    }

    /** A leader begins anew: what was refused by the one before may be on the way again. */
    void beginLeading() {
        heldOffSinceMs.clear();
    }

    /** Notes a batch that this leader has just appended. */
    void noteAppended(BatchHeader batch, long nowMs) {
        if (RequestKey.isProducerIdOfKey(batch.producerId())) {
            keys.note(batch.producerId(), written(batch), nowMs, nowMs);
        } else {
            note(batch, nowMs);
        }
    }

    /** Notes a batch that is in the log. A batch of an older epoch, which only a log written by others can hold, changes nothing. */
    void note(BatchHeader batch, long seenMs) {
        if (!batch.hasProducerId() || batch.isControl()) {
            return;
        }
        if (RequestKey.isProducerIdOfKey(batch.producerId())) {
            // It may be an old one, read again or copied to a new replica: its base timestamp is when the gateway took the request.
            keys.note(batch.producerId(), written(batch), Math.min(batch.baseTimestamp(), seenMs), seenMs);
            return;
        }
        heldOffSinceMs.remove(batch.producerId());
        ProducerEntry entry = producers.computeIfAbsent(batch.producerId(), _ -> new ProducerEntry(batch
                .producerEpoch()));
        if (batch.producerEpoch() >= entry.epoch()) {
            entry.add(batch.producerEpoch(), written(batch), seenMs);
        }
    }

    private static WrittenBatch written(BatchHeader batch) {
        return new WrittenBatch(batch.lastSequence(), batch.lastOffset(), batch.lastOffsetDelta(), batch
                .maxTimestamp());
    }

    /** Takes a batch out of a snapshot, oldest first. */
    void restore(long producerId, short producerEpoch, WrittenBatch batch, long seenMs) {
        if (RequestKey.isProducerIdOfKey(producerId)) {
            keys.note(producerId, batch, Math.min(batch.timestampMs(), seenMs), seenMs);
            return;
        }
        producers.computeIfAbsent(producerId, _ -> new ProducerEntry(producerEpoch)).add(producerEpoch, batch, seenMs);
    }

    List<ActiveProducer> active() {
        List<ActiveProducer> active = new ArrayList<>(producers.size());
        producers.forEach((id, entry) -> active.add(new ActiveProducer(id, entry.epoch(), entry.last().lastSequence(),
                entry.last().timestampMs())));
        return active;
    }

    /** @return whether there may be more to remove */
    boolean removeExpired(long nowMs, long expirationMs) {
        if (producers.values().removeIf(entry -> nowMs - entry.lastSeenMs() >= expirationMs)) {
            missSome();
        }
        return keys.forgetBefore(nowMs);
    }

    void clear() {
        producers.clear();
        heldOffSinceMs.clear();
        keys.clear();
    }
}
