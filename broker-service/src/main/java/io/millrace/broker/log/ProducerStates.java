package io.millrace.broker.log;

import io.millrace.broker.log.ProducerEntry.WrittenBatch;
import io.millrace.common.record.RequestKey;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * The idempotent producers of one partition. Decides whether a batch is next in its producer's sequence (KIP-98, KIP-360). Owned by the log's
 * writer; not safe for concurrent use.
 */
final class ProducerStates {
    private final Map<Long, ProducerEntry> producers = new HashMap<>();
    private final RequestKeys keys;
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
     * Why a leader must refuse a batch, or null when it may be appended. A producer that is not known may begin at any sequence if its state
     * may have expired or gone with deleted records. Else it has a batch on the way that was refused before, while its leader did not yet know that
     * it leads; to take this one first would lose the order, and in the end the batch.
     */
    AppendResult.@Nullable Refused check(BatchHeader batch, long nowMs) {
        if (RequestKey.isProducerIdOfKey(batch.producerId())) {
            return keys.check(batch, nowMs);
        }
        ProducerEntry entry = producers.get(batch.producerId());
        if (entry == null) {
            return !complete || batch.baseSequence() == 0 ? null
                    : AppendResult.Refused.batch(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER, 0, "producer " + batch
                            .producerId()
                            + " has written nothing yet and begins with sequence " + batch.baseSequence()
                            + " instead of 0");
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

    /** @return whether there may be more to remove */
    boolean removeExpired(long nowMs, long expirationMs) {
        if (producers.values().removeIf(entry -> nowMs - entry.lastSeenMs() >= expirationMs)) {
            missSome();
        }
        return keys.forgetBefore(nowMs);
    }

    void clear() {
        producers.clear();
        keys.clear();
    }
}
