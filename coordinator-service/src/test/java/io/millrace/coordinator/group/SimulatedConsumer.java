package io.millrace.coordinator.group;

import io.millrace.coordinator.group.classic.ClassicFault;
import io.millrace.coordinator.group.classic.ClassicProfile;
import java.util.List;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A consumer as its protocol wants it: what it believes it may read is all that the checker trusts. One of the classic protocol joins
 * with what it holds, is told its epoch, and asks for its assignment by that.
 */
final class SimulatedConsumer {
    enum Dialect {
        MODERN, EAGER, COOPERATIVE
    }

    /** What one of the classic protocol asks beside joining. */
    enum Asks {
        NOTHING, ASSIGNMENT, WHETHER_TO_JOIN
    }

    static final int SESSION_TIMEOUT_MS = 10_000;
    static final int REBALANCE_TIMEOUT_MS = 20_000;
    private static final int LONGEST_DRAIN_MS = 3_000;

    final String memberId;
    private final SplittableRandom random;
    private final Dialect dialect;
    private Asks asks = Asks.NOTHING;
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

    SimulatedConsumer(String memberId, Dialect dialect, Subscription subscription, SplittableRandom random) {
        this.memberId = memberId;
        this.dialect = dialect;
        this.subscription = subscription;
        this.random = random;
    }

    /** Beside the event that it would have next. */
    Asks asks() {
        return asks;
    }

    long epoch() {
        return epoch;
    }

    GroupEvent nextRequest(long nowMs) {
        request++;
        sentAtMs = nowMs;
        forgetWhatIsOver(nowMs);
        if (dialect != Dialect.MODERN) {
            return joinInClassic();
        }
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

    /** Only sent where it asks for nothing else. */
    private GroupEvent joinInClassic() {
        if (subscriptionChanged) {
            asks = Asks.NOTHING;
        }
        if (asks == Asks.NOTHING) {
            subscriptionChanged = false;
            if (dialect == Dialect.EAGER) {
                dropEverything();
            }
        }
        var held = new TreeSet<>(assigned);
        held.addAll(draining.keySet());
        var classic = new ClassicProfile(null, "client", "host", SESSION_TIMEOUT_MS, REBALANCE_TIMEOUT_MS, "consumer",
                List.of());
        return new GroupEvent.Join(memberId, ClassicMembers.profile(classic, subscription), PartitionId.sorted(held),
                null);
    }

    /** @param granted what it may read; null where that was not asked */
    void answered(@Nullable ClassicFault fault, @Nullable SortedSet<PartitionId> granted, long nowMs) {
        if (fault == null || fault == ClassicFault.REBALANCE_IN_PROGRESS) {
            boolean dropped = nowMs >= believesUntilMs && granted == null;
            forgetWhatIsOver(nowMs);
            if (granted != null) {
                take(granted, nowMs);
            }
            believesUntilMs = sentAtMs + SESSION_TIMEOUT_MS;
            // Having lost something, a cooperative consumer joins again to say so.
            asks = fault == null && draining.isEmpty() && !dropped ? Asks.WHETHER_TO_JOIN : Asks.NOTHING;
        } else {
            dropEverything();
            epoch = Member.JOIN_EPOCH;
            asks = Asks.NOTHING;
        }
    }

    private void take(SortedSet<PartitionId> granted, long nowMs) {
        boolean believes = nowMs < believesUntilMs;
        for (PartitionId partition : assigned) {
            if (believes && !granted.contains(partition)) {
                draining.put(partition, nowMs + random.nextInt(LONGEST_DRAIN_MS));
            }
        }
        draining.keySet().removeAll(granted);
        assigned = new TreeSet<>(granted);
    }

    void answered(GroupReply reply, long nowMs) {
        switch (reply) {
            case GroupReply.Granted(long memberEpoch, _) when dialect != Dialect.MODERN -> {
                forgetWhatIsOver(nowMs);
                if (memberEpoch < epoch) {
                    throw new AssertionError(memberId + "'s generation fell from " + epoch + " to " + memberEpoch);
                }
                epoch = memberEpoch;
                believesUntilMs = sentAtMs + SESSION_TIMEOUT_MS;
                asks = Asks.ASSIGNMENT;
            }
            case GroupReply.Granted(long memberEpoch, var granted) -> {
                if (memberEpoch < epoch) {
                    throw new AssertionError(memberId + "'s epoch fell from " + epoch + " to " + memberEpoch);
                }
                forgetWhatIsOver(nowMs);
                take(granted, nowMs);
                epoch = memberEpoch;
                believesUntilMs = sentAtMs + SESSION_TIMEOUT_MS;
                subscriptionChanged = false;
            }
            case GroupReply.Refused _ -> {
                dropEverything();
                epoch = Member.JOIN_EPOCH;
                asks = Asks.NOTHING;
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
            asks = Asks.NOTHING;
        }
    }
}
