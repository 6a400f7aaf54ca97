package io.millrace.gateway.producer;

import io.millrace.common.record.RecordBatchWriter;

/**
 * The epoch and the sequence of one partition under the gateway's producer id, in the order in which its batches are sent (KIP-98). Guarded by
 * its queue's lock but for {@link #exhaustedProducerId}.
 */
final class BatchSequence {
    private long producerId = RecordBatchWriter.NO_PRODUCER_ID;
    private volatile long exhaustedProducerId = RecordBatchWriter.NO_PRODUCER_ID;
    private short epoch;
    private int next;

    /** A producer id whose epochs are used up here, so that another is needed; -1 if none is. */
    long exhaustedProducerId() {
        return exhaustedProducerId;
    }

    /** Gives a batch its place. @param identity taken where there is none yet */
    void identify(ProduceBatch batch, ProducerId identity) {
        if (producerId == RecordBatchWriter.NO_PRODUCER_ID) {
            producerId = identity.id();
            epoch = identity.epoch();
            next = 0;
        }
        batch.identify(producerId, epoch, next);
        next = plus(next, batch.count());
    }

    /** It is not certain which sequence the broker expects next (KIP-360). */
    void raiseEpoch() {
        if (epoch == Short.MAX_VALUE) {
            exhaustedProducerId = producerId;
            producerId = RecordBatchWriter.NO_PRODUCER_ID;
        } else {
            epoch++;
        }
        next = 0;
    }

    /** Sequences start at 0 again after the greatest int. */
    private static int plus(int sequence, int count) {
        return sequence > Integer.MAX_VALUE - count ? count - (Integer.MAX_VALUE - sequence) - 1 : sequence + count;
    }
}
