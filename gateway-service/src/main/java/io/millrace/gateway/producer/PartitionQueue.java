package io.millrace.gateway.producer;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.record.RecordSlices;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.gateway.brokers.RetryBackoff;
import io.millrace.gateway.producer.BrokerLane.Flight;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * One partition's batches. A batch is gathered while the one before is in flight; at most one is, so that a retry cannot reorder.
 *
 * <pre>
 * gathering --take--> in flight --stored/failed--> done
 *     ^                   |
 *     +--retry, recall----+   (first in the queue, with the same sequence unless the identity was given up)
 * </pre>
 *
 * <p>The partition has an epoch and a sequence of its own under the gateway's producer id: brokers keep them per partition. Whenever it is
 * not certain which sequence the broker expects next, the epoch is raised and the sequence starts at 0 again (KIP-360), which a broker
 * accepts at any time and which fences whatever was sent before.
 *
 * <p>The queue as a whole is at one place, so that exactly one party looks after it:
 *
 * <pre>
 * NOWHERE --append--> HELD --ready--> READY --take--> FLYING --stored, refused--> READY or NOWHERE
 *                      ^ |              |               |
 *                      | +--rest-->  RESTING            |
 *                      +--wake, moved---+---------------+-- retry, moved (the leader, away from under it)
 * </pre>
 *
 * A batch that was recalled because the partition has another leader goes to that one under the same sequence; what the former leader still
 * answers is not heard. A lock guards all of it, since appends come from many requests; nobody waits under it.
 */
final class PartitionQueue implements BrokerLane.Ready {
    private static final int NO_PARTITION_EPOCH = -1;
    /** Records join a batch until this part of its time is over; while a leader is away, later ones begin another. */
    private static final int JOIN_FRACTION = 8;

    private enum Place {
        /** Nothing waits. */
        NOWHERE,
        /** In the hands of the thread that brings it to a lane or has it rest. */
        HELD,
        /** In the lane of its leader. */
        READY,
        /** A batch of it is in flight. */
        FLYING,
        /** Until a timer or a change of the partition's leadership wakes it. */
        RESTING
    }

    /**
     * When to look after a resting queue.
     *
     * @param number tells this rest from later ones
     */
    record Rest(long number, long delayNanos) {}

    private final Uuid topicId;
    private final String topic;
    private final int partition;
    private final BatchBuffers buffers;
    private final long deliveryTimeoutNanos;
    private final RetryBackoff backoff;
    private final @Nullable Consumer<PartitionQueue> whenDone;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<ProduceBatch> waiting = new ArrayDeque<>();
    private Place place = Place.NOWHERE;
    private @Nullable Flight inFlight;
    /** Whom it is sent to; at rest, whom it was tried with last. */
    private @Nullable BrokerEndpoint leader;
    /** Of the image by which the leader was chosen. */
    private int partitionEpoch = NO_PARTITION_EPOCH;
    /** Under which that leader was chosen to be sent to. */
    private int leaderEpoch;
    private int failures;
    private long rests;
    private @Nullable ErrorCode closedWith;
    private final BatchSequence sequence = new BatchSequence();

    PartitionQueue(Uuid topicId, String topic, int partition, BatchBuffers buffers, long deliveryTimeoutNanos,
            RetryBackoff backoff) {
        this(topicId, topic, partition, buffers, deliveryTimeoutNanos, backoff, null);
    }

    /**
     * For a single batch, which has its identity and so its place in no order.
     *
     * @param whenDone told, under the lock, that nothing is left to do
     */
    static PartitionQueue single(Uuid topicId, String topic, int partition, BatchBuffers buffers, RetryBackoff backoff,
            Consumer<PartitionQueue> whenDone) {
        return new PartitionQueue(topicId, topic, partition, buffers, 0, backoff, whenDone);
    }

    private PartitionQueue(Uuid topicId, String topic, int partition, BatchBuffers buffers, long deliveryTimeoutNanos,
            RetryBackoff backoff, @Nullable Consumer<PartitionQueue> whenDone) {
        this.whenDone = whenDone;
        this.topicId = topicId;
        this.topic = topic;
        this.partition = partition;
        this.buffers = buffers;
        this.deliveryTimeoutNanos = deliveryTimeoutNanos;
        this.backoff = backoff;
    }

    @Override
    public Uuid topicId() {
        return topicId;
    }

    String topic() {
        return topic;
    }

    @Override
    public int partition() {
        return partition;
    }

    /** A producer id whose epochs are used up here, so that another is needed; -1 if none is. */
    long exhaustedProducerId() {
        return sequence.exhaustedProducerId();
    }

    /** Whether it carries one batch of a request under a key. */
    boolean isSingle() {
        return whenDone != null;
    }

    /** Takes the batch of a single queue, which the caller must dispatch. */
    void carry(ProduceBatch batch) {
        lock.lock();
        try {
            waiting.addLast(batch);
            place = Place.HELD;
        } finally {
            lock.unlock();
        }
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
            boolean dispatch = place == Place.NOWHERE && !waiting.isEmpty();
            if (dispatch) {
                place = Place.HELD;
            }
            return dispatch;
        } finally {
            lock.unlock();
        }
    }

    /** Puts a held queue into its leader's lane. @return false when nothing waits any more */
    boolean ready(BrokerEndpoint chosen, int chosenLeaderEpoch, int chosenAtEpoch) {
        lock.lock();
        try {
            leader = chosen;
            leaderEpoch = chosenLeaderEpoch;
            partitionEpoch = chosenAtEpoch;
            return readyOrDone();
        } finally {
            lock.unlock();
        }
    }

    /** Takes a ready queue that cannot be sent out of the lane. @return false when it has left the lane before */
    boolean hold(BrokerEndpoint from) {
        lock.lock();
        try {
            if (!isReadyFor(from)) {
                return false;
            }
            failures++;
            place = Place.HELD;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The next batch, now in flight and closed under the given or its former identity; null when there is none for this leader. */
    @Nullable
    Flight take(ProducerId identity, BrokerEndpoint to, long nowNanos) {
        lock.lock();
        try {
            if (!isReadyFor(to)) {
                return null;
            }
            expireWaiting(nowNanos);
            ProduceBatch batch = waiting.peekFirst();
            if (batch == null) {
                done();
                return null;
            }
            if (!batch.isIdentified()) {
                sequence.identify(batch, identity);
            }
            var flight = new Flight(this, batch, batch.records(), leaderEpoch);
            waiting.removeFirst();
            inFlight = flight;
            place = Place.FLYING;
            return flight;
        } finally {
            lock.unlock();
        }
    }

    private boolean isReadyFor(BrokerEndpoint lane) {
        return place == Place.READY && lane.equals(leader);
    }

    /** The flight's batch is stored. @return whether there is more to send, in the same lane */
    boolean stored(Flight flight, long baseOffset) {
        lock.lock();
        try {
            if (!lands(flight)) {
                return false;
            }
            flight.batch().stored(baseOffset, buffers);
            return goOn();
        } finally {
            lock.unlock();
        }
    }

    /** The flight's batch is refused for good and was not stored by this try. @return whether there is more to send, in the same lane */
    boolean refused(Flight flight, ErrorCode error) {
        lock.lock();
        try {
            if (!lands(flight)) {
                return false;
            }
            fail(flight.batch(), error);
            sequence.raiseEpoch();
            return goOn();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The flight's batch is to be sent again as it is.
     *
     * @return whether the queue is held now, by the caller; false when the batch was recalled before
     */
    boolean retry(Flight flight, boolean uncertain) {
        lock.lock();
        try {
            if (!lands(flight)) {
                return false;
            }
            if (uncertain) {
                flight.batch().becomeUncertain();
            }
            waiting.addFirst(flight.batch());
            failures++;
            place = Place.HELD;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The leader does not know the sequence before the flight's batch, nor the batch: it is to be sent again under a new epoch.
     *
     * @return whether the queue is held now, by the caller; false when the batch was recalled before
     */
    boolean retryWithNewIdentity(Flight flight) {
        lock.lock();
        try {
            if (!lands(flight)) {
                return false;
            }
            flight.batch().forgetIdentity();
            sequence.raiseEpoch();
            waiting.addFirst(flight.batch());
            failures++;
            place = Place.HELD;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Has a held queue rest that found no way to the given leader, or no leader. @return null when nothing waits any more */
    @Nullable
    Rest rest(@Nullable BrokerEndpoint tried, int triedAtEpoch, long nowNanos) {
        lock.lock();
        try {
            leader = tried;
            partitionEpoch = triedAtEpoch;
            failures++;
            return rest(nowNanos);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Has a queue rest with which something went wrong that nobody can foresee, so that it is certain to be looked after again.
     *
     * @return null when nothing waits any more, or there is an answer to come
     */
    @Nullable
    Rest restAfterFault(long nowNanos) {
        lock.lock();
        try {
            if (place == Place.NOWHERE || place == Place.FLYING) {
                return null;
            }
            failures++;
            return rest(nowNanos);
        } finally {
            lock.unlock();
        }
    }

    /** Has a held queue rest whose leader did not take the batch. @return null when nothing waits any more */
    @Nullable
    Rest rest(long nowNanos) {
        lock.lock();
        try {
            expireWaiting(nowNanos);
            ProduceBatch first = waiting.peekFirst();
            if (first == null) {
                done();
                return null;
            }
            place = Place.RESTING;
            rests++;
            return new Rest(rests, Math.min(backoff.nanos(failures), first.leftNanos(nowNanos)));
        } finally {
            lock.unlock();
        }
    }

    /** The rest's time is over. @return whether the queue is held now, by the caller; false when it was woken before */
    boolean wake(Rest rest) {
        lock.lock();
        try {
            if (place != Place.RESTING || rests != rest.number()) {
                return false;
            }
            place = Place.HELD;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Who leads the partition now. What is on its way to another, or rests for another's sake, is to be sent there: a batch in flight is
     * recalled, and may have been stored. Without a leader it is left in flight, for nobody else can take it.
     *
     * @return whether the queue is held now, by the caller
     */
    boolean moved(@Nullable BrokerEndpoint newLeader, int newPartitionEpoch) {
        lock.lock();
        try {
            boolean sameLeader = Objects.equals(leader, newLeader);
            boolean claimed = switch (place) {
                case NOWHERE, HELD -> false;
                // Another in-sync replica may be all that the leader lacked.
                case RESTING -> !sameLeader || partitionEpoch != newPartitionEpoch;
                case READY -> !sameLeader;
                case FLYING -> !sameLeader && newLeader != null;
            };
            if (claimed) {
                recall();
                failures = 0;
                place = Place.HELD;
            }
            return claimed;
        } finally {
            lock.unlock();
        }
    }

    private void recall() {
        Flight flight = inFlight;
        if (flight != null) {
            inFlight = null;
            flight.batch().becomeUncertain();
            waiting.addFirst(flight.batch());
        }
    }

    /** Fails what waits, and everything that comes: the partition is gone. */
    void close(ErrorCode error) {
        lock.lock();
        try {
            closedWith = error;
            failWaiting(error);
            if (place == Place.READY || place == Place.RESTING) {
                done();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Fails what waits in a queue that rests: it is not tried any more. */
    void giveUpResting() {
        lock.lock();
        try {
            if (place == Place.RESTING) {
                if (waiting.getFirst().isIdentified()) {
                    sequence.raiseEpoch();
                }
                failWaiting(ErrorCode.UNAVAILABLE);
                done();
            }
        } finally {
            lock.unlock();
        }
    }

    private void failWaiting(ErrorCode error) {
        for (ProduceBatch batch = waiting.pollFirst(); batch != null; batch = waiting.pollFirst()) {
            fail(batch, error);
        }
    }

    /** What an earlier try may have stored is not told to be refused, unless nobody can read it any more. */
    private void fail(ProduceBatch batch, ErrorCode error) {
        boolean isCertain = !batch.isUncertain() || error == ErrorCode.UNKNOWN_TOPIC || error == ErrorCode.KEY_REUSED;
        batch.failed(isCertain ? error : ErrorCode.TIMED_OUT, buffers);
    }

    private void expireWaiting(long nowNanos) {
        for (ProduceBatch batch = waiting.peekFirst(); batch != null && batch.isExpired(nowNanos); batch = waiting
                .peekFirst()) {
            waiting.removeFirst();
            if (batch.isIdentified()) {
                // Its sequence may or may not be taken.
                sequence.raiseEpoch();
            }
            fail(batch, ErrorCode.LEADER_UNAVAILABLE);
        }
    }

    /** False when the flight's batch was recalled. */
    private boolean lands(Flight flight) {
        if (inFlight != flight) {
            return false;
        }
        inFlight = null;
        return true;
    }

    private boolean goOn() {
        failures = 0;
        return readyOrDone();
    }

    private boolean readyOrDone() {
        if (waiting.isEmpty()) {
            done();
            return false;
        }
        place = Place.READY;
        return true;
    }

    private void done() {
        place = Place.NOWHERE;
        if (whenDone != null) {
            whenDone.accept(this);
        }
    }
}
