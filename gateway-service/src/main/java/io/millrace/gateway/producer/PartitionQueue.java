package io.millrace.gateway.producer;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.record.RecordSlices;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * One partition's batches. A batch is gathered while the one before is in flight; at most one is, so that a retry cannot reorder.
 *
 * <pre>
 * gathering --take--> in flight --stored/failed--> done
 *     ^                   |
 *     +------retry--------+   (first in the queue, with the same sequence unless the identity was given up)
 * </pre>
 *
 * <p>The partition has an epoch and a sequence of its own under the gateway's producer id: brokers keep them per partition. Whenever it is
 * not certain which sequence the broker expects next, the epoch is raised and the sequence starts at 0 again (KIP-360), which a broker
 * accepts at any time and which fences whatever was sent before.
 *
 * <p>"Attended" means that a lane, a retry or the flight under way will look after the queue; whoever appends to a queue that is not,
 * dispatches it. A lock guards all of it, since appends come from many requests; nobody waits under it.
 */
final class PartitionQueue {
    private static final long NO_PRODUCER_ID = -1;
    /** Records join a batch until this part of its time is over; while a leader is away, later ones begin another. */
    private static final int JOIN_FRACTION = 8;

    private final Uuid topicId;
    private final String topic;
    private final int partition;
    private final BatchBuffers buffers;
    private final long deliveryTimeoutNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<ProduceBatch> waiting = new ArrayDeque<>();
    private @Nullable ProduceBatch inFlight;
    private boolean attended;
    private @Nullable ErrorCode closedWith;
    private long producerId = NO_PRODUCER_ID;
    private volatile long exhaustedProducerId = NO_PRODUCER_ID;
    private short epoch;
    private int nextSequence;

    PartitionQueue(Uuid topicId, String topic, int partition, BatchBuffers buffers, long deliveryTimeoutNanos) {
        this.topicId = topicId;
        this.topic = topic;
        this.partition = partition;
        this.buffers = buffers;
        this.deliveryTimeoutNanos = deliveryTimeoutNanos;
    }

    Uuid topicId() {
        return topicId;
    }

    String topic() {
        return topic;
    }

    int partition() {
        return partition;
    }

    /** A producer id whose epochs are used up here, so that another is needed; -1 if none is. */
    long exhaustedProducerId() {
        return exhaustedProducerId;
    }

    /**
     * Adds a request's chain of records.
     *
     * @param limitBytes of a batch
     * @param nowNanos   a batch that begins now is given up when the delivery time-out is over
     * @return whether the caller must dispatch the queue
     */
    boolean append(Delivery delivery, RecordSlices records, int firstRecord, long nowMs, int limitBytes,
            long nowNanos) {
        lock.lock();
        try {
            long deadlineNanos = nowNanos + deliveryTimeoutNanos;
            long earliestDeadlineNanos = deadlineNanos - deliveryTimeoutNanos / JOIN_FRACTION;
            ProduceBatch batch = waiting.peekLast();
            for (int record = firstRecord; record != Delivery.NONE; record = delivery.next(record)) {
                if (closedWith != null) {
                    delivery.refuse(record, closedWith);
                    continue;
                }
                if (batch == null || !batch.hasRoom(records.sizeUpperBound(record), limitBytes,
                        earliestDeadlineNanos)) {
                    batch = new ProduceBatch(buffers.take(), deadlineNanos);
                    waiting.addLast(batch);
                }
                batch.append(delivery, records, record, nowMs);
            }
            boolean dispatch = !attended && !waiting.isEmpty();
            attended |= dispatch;
            return dispatch;
        } finally {
            lock.unlock();
        }
    }

    /** The next batch, now in flight and closed under the given or its former identity; null when there is none. */
    @Nullable
    ProduceBatch take(ProducerId identity, long nowNanos) {
        lock.lock();
        try {
            expireWaiting(nowNanos);
            ProduceBatch batch = waiting.pollFirst();
            if (batch == null) {
                attended = false;
                return null;
            }
            inFlight = batch;
            if (!batch.isIdentified()) {
                if (producerId == NO_PRODUCER_ID) {
                    producerId = identity.id();
                    epoch = identity.epoch();
                    nextSequence = 0;
                }
                batch.identify(producerId, epoch, nextSequence);
                nextSequence = plus(nextSequence, batch.count());
            }
            return batch;
        } finally {
            lock.unlock();
        }
    }

    /** The batch in flight is stored. @return whether there is more to send */
    boolean stored(long baseOffset) {
        lock.lock();
        try {
            ProduceBatch batch = land();
            batch.stored(baseOffset, buffers);
            attended = !waiting.isEmpty();
            return attended;
        } finally {
            lock.unlock();
        }
    }

    /** The batch in flight is refused for good and was not stored. @return whether there is more to send */
    boolean refused(ErrorCode error) {
        lock.lock();
        try {
            ProduceBatch batch = land();
            batch.failed(error, buffers);
            raiseEpoch();
            attended = !waiting.isEmpty();
            return attended;
        } finally {
            lock.unlock();
        }
    }

    /** The batch in flight is to be sent again as it is. The queue stays attended: the caller dispatches it again. */
    void retry(boolean uncertain) {
        lock.lock();
        try {
            ProduceBatch batch = land();
            if (uncertain) {
                batch.becomeUncertain();
            }
            waiting.addFirst(batch);
        } finally {
            lock.unlock();
        }
    }

    /** The broker does not know the sequence before the batch in flight: it is sent again under a new epoch. */
    void retryWithNewIdentity() {
        lock.lock();
        try {
            ProduceBatch batch = land();
            batch.forgetIdentity();
            raiseEpoch();
            waiting.addFirst(batch);
        } finally {
            lock.unlock();
        }
    }

    /** Fails what has waited too long. @return whether anything is left; if not, the queue is no longer attended */
    boolean expire(long nowNanos) {
        lock.lock();
        try {
            expireWaiting(nowNanos);
            attended = !waiting.isEmpty();
            return attended;
        } finally {
            lock.unlock();
        }
    }

    /** Fails what waits, and everything that comes: the partition is gone. */
    void close(ErrorCode error) {
        lock.lock();
        try {
            closedWith = error;
            for (ProduceBatch batch = waiting.pollFirst(); batch != null; batch = waiting.pollFirst()) {
                batch.failed(error, buffers);
            }
            attended = inFlight != null;
        } finally {
            lock.unlock();
        }
    }

    private void expireWaiting(long nowNanos) {
        for (ProduceBatch batch = waiting.peekFirst(); batch != null && batch.isExpired(nowNanos); batch = waiting
                .peekFirst()) {
            waiting.removeFirst();
            if (batch.isIdentified()) {
                // Its sequence may or may not be taken.
                raiseEpoch();
            }
            batch.failed(batch.isUncertain() ? ErrorCode.TIMED_OUT : ErrorCode.LEADER_UNAVAILABLE, buffers);
        }
    }

    private ProduceBatch land() {
        ProduceBatch batch = inFlight;
        if (batch == null) {
            throw new IllegalStateException("nothing of " + topic + "-" + partition + " is in flight");
        }
        inFlight = null;
        return batch;
    }

    private void raiseEpoch() {
        if (epoch == Short.MAX_VALUE) {
            exhaustedProducerId = producerId;
            producerId = NO_PRODUCER_ID;
        } else {
            epoch++;
        }
        nextSequence = 0;
    }

    /** Sequences start at 0 again after the greatest int. */
    private static int plus(int sequence, int count) {
        return sequence > Integer.MAX_VALUE - count ? count - (Integer.MAX_VALUE - sequence) - 1 : sequence + count;
    }
}
