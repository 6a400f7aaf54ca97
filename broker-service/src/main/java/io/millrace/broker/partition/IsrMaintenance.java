package io.millrace.broker.partition;

import io.millrace.common.partition.IsrChange;
import io.millrace.common.partition.Outcome;
import io.millrace.common.partition.SeenLeaderEpochs.Seen;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the metadata for the changes of in-sync replicas that this broker's leaders want, many at a time, on one thread. What is not answered is
 * proposed again by the partition when time has passed for it.
 */
final class IsrMaintenance implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(IsrMaintenance.class);

    private static final Duration CLOSE_WAIT = Duration.ofSeconds(1);
    private static final Duration FORGOTTEN_RETRY = Duration.ofSeconds(1);

    private record EpochKey(Uuid topicId, int index) {}

    /** @param inSync how many were in sync when it was asked for */
    private record Asked(Partition partition, IsrChange change, int inSync) {}

    private final int brokerId;
    private final LongSupplier brokerEpoch;
    private final MetadataWrites metadata;
    private final Partitions partitions;
    private final int maxChanges;
    private final Semaphore due;
    /** At most one for each partition here. */
    private final Map<EpochKey, Seen> forgotten = new ConcurrentHashMap<>();
    private final Thread thread = Thread.ofPlatform().name("isr-maintenance").daemon().unstarted(this::run);
    private final LongAdder shrinks = new LongAdder();
    private final LongAdder expands = new LongAdder();
    private volatile boolean closed;
    private boolean answered = true;

    /** @param due gets a permit when a partition has something to ask for */
    IsrMaintenance(int brokerId, LongSupplier brokerEpoch, MetadataWrites metadata, Partitions partitions,
            int maxChanges,
            Semaphore due) {
        this.brokerId = brokerId;
        this.brokerEpoch = brokerEpoch;
        this.metadata = metadata;
        this.partitions = partitions;
        this.maxChanges = maxChanges;
        this.due = due;
    }

    void start() {
        thread.start();
    }

    long shrinks() {
        return shrinks.sum();
    }

    long expands() {
        return expands.sum();
    }

    private void run() {
        try {
            while (!closed) {
                awaitWork();
                tellForgotten();
                for (List<Asked> asked = propose(); !closed && !asked.isEmpty(); asked = propose()) {
                    ask(asked);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What the metadata could not be told is told again soon, for a cluster at rest has no next image. */
    private void awaitWork() throws InterruptedException {
        if (forgotten.isEmpty()) {
            due.acquire();
        } else {
            due.tryAcquire(FORGOTTEN_RETRY.toMillis(), TimeUnit.MILLISECONDS);
        }
        due.drainPermits();
    }

    /** Tells the metadata of epochs that it has forgotten. */
    void forgotten(Seen seen) {
        forgotten.put(new EpochKey(seen.topicId(), seen.index()), seen);
        due.release();
    }

    private void tellForgotten() {
        List<Seen> seen = List.copyOf(forgotten.values());
        if (seen.isEmpty()) {
            return;
        }
        try {
            metadata.leaderEpochs().forgotten(brokerId, brokerEpoch.getAsLong(), seen);
            forgotten.values().removeAll(seen);
        } catch (RuntimeException e) {
            LOG.warn("the metadata cannot be told of {} leader epochs that it has forgotten: {}", seen.size(), e
                    .getMessage());
        }
    }

    private List<Asked> propose() {
        List<Asked> asked = new ArrayList<>();
        long nowNanos = System.nanoTime();
        for (Partition partition : partitions.all()) {
            int inSync = partition.inSyncCount();
            IsrChange change = asked.size() < maxChanges ? partition.proposeIsrChange(nowNanos) : null;
            if (change != null) {
                asked.add(new Asked(partition, change, inSync));
            }
        }
        return asked;
    }

    private void ask(List<Asked> asked) {
        List<Outcome> outcomes = null;
        try {
            outcomes = metadata.isr().alter(brokerId, brokerEpoch.getAsLong(), asked.stream().map(Asked::change)
                    .toList());
            answered = true;
        } catch (RuntimeException e) {
            if (answered) {
                LOG.warn("the in-sync replicas of {} partitions could not be changed; it is tried again: {}", asked
                        .size(), e.getMessage());
            }
            answered = false;
        }
        for (int i = 0; i < asked.size(); i++) {
            Asked each = asked.get(i);
            Outcome outcome = outcomes == null ? null : outcomes.get(i);
            if (outcome instanceof Outcome.Changed(var now)) {
                note(each, now.isr());
            } else if (outcome instanceof Outcome.Refused(var reason, var now)) {
                LOG.debug("{} may not have the in-sync replicas {}: {}, it is {}", each.partition(), each.change()
                        .isr(), reason, now);
            }
            try {
                each.partition().isrChangeEnded(each.change(), outcome);
            } catch (RuntimeException e) {
                // The others have their answers, too.
                LOG.error("the in-sync replicas of {} are not known to it", each.partition(), e);
            }
        }
    }

    private void note(Asked asked, List<Integer> isr) {
        if (isr.size() < asked.inSync()) {
            shrinks.increment();
        } else if (isr.size() > asked.inSync()) {
            expands.increment();
        }
        LOG.info("the in-sync replicas of {} are {} now", asked.partition(), isr);
    }

    /** What is under way is waited for a little: its outcome is of no use here any more. */
    @Override
    public void close() {
        closed = true;
        due.release();
        try {
            if (thread.getState() != Thread.State.NEW) {
                thread.join(CLOSE_WAIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
