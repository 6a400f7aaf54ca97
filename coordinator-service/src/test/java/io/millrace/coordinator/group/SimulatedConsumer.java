package io.millrace.coordinator.group;

import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A consumer as the protocol wants it: what it believes it may read is all that the checker trusts. */
final class SimulatedConsumer {
    static final int SESSION_TIMEOUT_MS = 10_000;
    static final int REBALANCE_TIMEOUT_MS = 20_000;
    private static final int LONGEST_DRAIN_MS = 3_000;

    final String memberId;
    private final SplittableRandom random;
    private Subscription subscription;
    private boolean subscriptionChanged;
    private long epoch;
    private SortedSet<PartitionId> assigned = new TreeSet<>();
    /** Partitions it was told to give up and is still busy with, with the time until when. */
    private final TreeMap<PartitionId, Long> draining = new TreeMap<>();
    private long believesUntilMs;
    boolean gone;
    /** Rises with each request: an answer to an abandoned one is not read. */
    int request;
    long sentAtMs;
    long pausedUntilMs;

    SimulatedConsumer(String memberId, Subscription subscription, SplittableRandom random) {
        this.memberId = memberId;
        this.subscription = subscription;
        this.random = random;
    }

    GroupEvent nextRequest(long nowMs) {
        request++;
        sentAtMs = nowMs;
        forgetWhatIsOver(nowMs);
        if (epoch == Member.JOIN_EPOCH) {
            subscriptionChanged = false;
            return new GroupEvent.Join(memberId, new MemberProfile("client", "host", subscription, null,
                    SESSION_TIMEOUT_MS, REBALANCE_TIMEOUT_MS));
        }
        var owned = new TreeSet<>(assigned);
        owned.addAll(draining.keySet());
        return new GroupEvent.Heartbeat(memberId, epoch, PartitionId.sorted(owned),
                subscriptionChanged ? subscription : null);
    }

    void answered(GroupReply reply, long nowMs) {
        switch (reply) {
            case GroupReply.Granted(long memberEpoch, var granted) -> {
                if (memberEpoch < epoch) {
                    throw new AssertionError(memberId + "'s epoch fell from " + epoch + " to " + memberEpoch);
                }
                forgetWhatIsOver(nowMs);
                boolean believes = nowMs < believesUntilMs;
                for (PartitionId partition : assigned) {
                    if (believes && !granted.contains(partition)) {
                        draining.put(partition, nowMs + random.nextInt(LONGEST_DRAIN_MS));
                    }
                }
                draining.keySet().removeAll(granted);
                epoch = memberEpoch;
                assigned = new TreeSet<>(granted);
                believesUntilMs = sentAtMs + SESSION_TIMEOUT_MS;
                subscriptionChanged = false;
            }
            case GroupReply.Refused _ -> {
                dropEverything();
                epoch = Member.JOIN_EPOCH;
            }
            case GroupReply.Done() -> {}
        }
    }

    void dropEverything() {
        assigned.clear();
        draining.clear();
    }

    void subscribe(Subscription changed) {
        subscription = changed;
        subscriptionChanged = true;
    }

    boolean reads(PartitionId partition, long nowMs) {
        if (nowMs >= believesUntilMs) {
            return false;
        }
        @Nullable
        Long drainedAtMs = draining.get(partition);
        return assigned.contains(partition) || drainedAtMs != null && nowMs < drainedAtMs;
    }

    SortedSet<PartitionId> assigned() {
        return assigned;
    }

    private void forgetWhatIsOver(long nowMs) {
        draining.values().removeIf(drainedAtMs -> nowMs >= drainedAtMs);
        if (nowMs >= believesUntilMs) {
            dropEverything();
        }
    }
}
