package io.millrace.broker.replication;

import io.millrace.broker.replication.IsrState.Attempt;
import io.millrace.broker.replication.IsrState.Committed;
import io.millrace.broker.replication.IsrState.Pending;
import io.millrace.broker.replication.IsrState.PendingExpand;
import io.millrace.broker.replication.IsrState.PendingShrink;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange;
import io.millrace.common.partition.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * A partition in one leader epoch, as its leader sees it: how far the followers are, who is in sync, and what is committed.
 *
 * <p>The high watermark is the least log end of all replicas that may be in the ISR ({@link IsrState}). It only rises, and only while the
 * committed ISR has {@code min.insync.replicas} members (KIP-966), so that whoever may be elected has everything before it.
 *
 * <p>Not safe for concurrent use: the partition's lock guards it. {@link #appended}, {@link #fetched} and {@link #highWatermark} are called for
 * each request; they allocate nothing and look at each replica once. After every event the owner compares {@link #highWatermark} with what it was
 * and asks {@link #isrChangeDue} whether to call {@link #proposeIsrChange} soon.
 *
 * <p>The owner makes one only for an image in which this broker's registration is the present one and not fenced, after
 * {@link io.millrace.broker.log.PartitionLog#beginEpoch}, and passes it images of this leader epoch only; a new epoch takes a new one.
 */
public final class LeaderReplica {
    private final Uuid topicId;
    private final int index;
    private final int leaderId;
    private final int leaderEpoch;
    private final long epochStart;
    private final long lagTimeMaxNanos;
    private int minInSyncReplicas;
    private IsrState isr;
    private FollowerProgress[] followers = {};
    private List<Integer> adding = List.of();
    private long logEnd;
    private long highWatermark;
    private int replicationFactor;
    private boolean isrChangeDue;
    /** A change was refused or unanswered: the next attempt waits for the next tick, not for the next fetch. */
    private boolean paused;

    /** @param lagTimeMaxNanos who was not caught up for longer leaves the ISR ({@code replica.lag.time.max.ms}) */
    public record Limits(int minInSyncReplicas, long lagTimeMaxNanos) {}

    /** What the leader's log holds when it begins to lead. */
    public record LogEnds(long highWatermark, long logEnd) {}

    /** Whether a follower's fetch counts. */
    public enum Fetched {
        /** Its progress is noted. */
        COUNTED,
        /** The broker has no replica of this partition: UNKNOWN_TOPIC_OR_PARTITION, as Kafka answers. */
        NOT_A_REPLICA,
        /** The broker registered anew since: STALE_BROKER_EPOCH; nothing may be read under the old registration. */
        STALE_BROKER_EPOCH
    }

    /**
     * One other replica, for metrics and the admin's view.
     *
     * @param logEnd      -1 while it has not fetched from this leader
     * @param nanosBehind since it last had all that the leader had; 0 if it has now, -1 if it never had
     */
    public record Follower(int brokerId, long logEnd, boolean inSync, long nanosBehind) {}

    /**
     * @param image   names {@code leaderId} as the leader
     * @param brokers of the same cluster image
     */
    public LeaderReplica(Uuid topicId, int leaderId, PartitionImage image, Map<Integer, BrokerImage> brokers,
            Limits limits, LogEnds ends, long nowNanos) {
        this.topicId = topicId;
        this.index = image.index();
        this.leaderId = leaderId;
        this.leaderEpoch = image.leaderEpoch();
        this.epochStart = ends.logEnd();
        this.lagTimeMaxNanos = limits.lagTimeMaxNanos();
        this.minInSyncReplicas = limits.minInSyncReplicas();
        this.isr = Committed.of(image);
        this.logEnd = ends.logEnd();
        this.highWatermark = ends.highWatermark();
        placeReplicas(image, brokers);
        for (FollowerProgress follower : followers) {
            if (follower.inMaximalIsr) {
                follower.presumeCaughtUp(nowNanos);
            }
        }
        advance();
    }

    public int leaderEpoch() {
        return leaderEpoch;
    }

    /** Everything before it is committed: on all replicas that may be in the ISR. */
    public long highWatermark() {
        return highWatermark;
    }

    /**
     * Whether the high watermark has reached what this leader began with. Before that it may lie below what clients of the leader before have
     * seen, and they are told OFFSET_NOT_AVAILABLE (KIP-207).
     */
    public boolean highWatermarkSettled() {
        return highWatermark >= epochStart;
    }

    /** Whether acks=all may be taken: NOT_ENOUGH_REPLICAS otherwise. */
    public boolean enoughInSync() {
        return isr.isr().size() >= effectiveMinInSyncReplicas();
    }

    public IsrState isr() {
        return isr;
    }

    /**
     * Whether a follower that has all with which this epoch began has yet to write that down (docs/spec, R19). It is answered this epoch, and its
     * own offset as where that ends, and its position is not counted: else what is committed in an epoch without a record might be cut by
     * a replica with a record of a lower epoch that nobody committed, should PostgreSQL lose who was in sync.
     */
    public boolean mustJoin(long offset, int lastFetchedEpoch) {
        return offset >= epochStart && lastFetchedEpoch != leaderEpoch;
    }

    public List<Follower> followers(long nowNanos) {
        return Arrays.stream(followers).map(follower -> new Follower(follower.brokerId(), follower.logEnd(), isr
                .isr().contains(follower.brokerId()), follower.nanosBehind(logEnd, nowNanos))).toList();
    }

    /** Whether {@link #fetched} would count this broker's fetch. */
    public boolean isFollower(int brokerId, long brokerEpoch) {
        FollowerProgress follower = follower(brokerId);
        return follower != null && brokerEpoch >= 0 && brokerEpoch >= follower.brokerEpoch();
    }

    /** The leader's log ends here now. */
    public void appended(long newLogEnd) {
        logEnd = Math.max(logEnd, newLogEnd);
        advance();
    }

    /**
     * A follower asks for what begins at an offset, so it has everything before. Only for a fetch with this leader epoch whose history was found
     * to be the leader's by {@link FetchHistory}.
     *
     * @param brokerEpoch of the follower, as its request says
     * @param leaderEnd   the leader's log end when the fetch was read
     */
    public Fetched fetched(int brokerId, long brokerEpoch, long offset, long leaderEnd, long nowNanos) {
        FollowerProgress follower = follower(brokerId);
        if (follower == null) {
            return Fetched.NOT_A_REPLICA;
        }
        if (!follower.fetched(brokerEpoch, offset, leaderEnd, nowNanos)) {
            return Fetched.STALE_BROKER_EPOCH;
        }
        logEnd = Math.max(logEnd, leaderEnd);
        if (!follower.inMaximalIsr) {
            // Or a busy leader would always be a little ahead of those that could join.
            follower.awaited = mayJoin(follower, nowNanos);
        }
        advance();
        if (!paused && !follower.inMaximalIsr && isr instanceof Committed && mayJoin(follower,
                nowNanos)) {
            isrChangeDue = true;
        }
        return Fetched.COUNTED;
    }

    /** The log of a follower whose fetch was counted starts here. True if that is news. */
    public boolean startsAt(int brokerId, long logStart) {
        FollowerProgress follower = follower(brokerId);
        return follower != null && follower.startsAt(logStart);
    }

    /**
     * Before which offset no replica has anything that may be in sync (KIP-107); -1 while one of these has not said. Not waited for are brokers
     * that are fenced or about to end, and those that may have lost the end of their log: they hear of it as they catch up.
     *
     * @param ownStart of the leader's log
     */
    public long lowWatermark(long ownStart) {
        long low = ownStart;
        for (FollowerProgress follower : followers) {
            if (follower.mayBeInSync()) {
                low = Math.min(low, follower.logStart());
            }
        }
        return low;
    }

    /** Time has passed: looks who fell behind. To be called a few times in the lag time. */
    public void tick(long nowNanos) {
        paused = false;
        for (FollowerProgress follower : followers) {
            follower.awaited = !follower.inMaximalIsr && mayJoin(follower, nowNanos);
        }
        isrChangeDue = switch (isr) {
            case Committed committed -> !laggards(committed, nowNanos).isEmpty() || !joiners(nowNanos)
                    .isEmpty();
            case Pending pending -> !pending.attempt().inFlight();
        };
        advance();
    }

    /** A cluster image has come in which this broker leads in this epoch; also when only brokers have changed. */
    public void imageChanged(PartitionImage image, Map<Integer, BrokerImage> brokers, long nowNanos) {
        if (image.leaderEpoch() != leaderEpoch || image.leader() != leaderId) {
            throw new IllegalArgumentException(image + " is not of leader " + leaderId + " in epoch " + leaderEpoch);
        }
        if (image.partitionEpoch() > isr.partitionEpoch()) {
            isr = Committed.of(image);
        }
        if (image.partitionEpoch() >= isr.partitionEpoch()) {
            placeReplicas(image, brokers);
        } else {
            brokersSeen(brokers);
        }
        tick(nowNanos);
    }

    /** The topic's {@code min.insync.replicas} was altered. */
    public void minInSyncReplicas(int altered) {
        minInSyncReplicas = altered;
        advance();
    }

    /** Whether {@link #proposeIsrChange} has something to ask for; cheap. */
    public boolean isrChangeDue() {
        return isrChangeDue;
    }

    /**
     * The change of the ISR to ask the metadata for now, or null. From here on it counts as possibly taken. The owner asks, and then calls
     * {@link #isrChangeAnswered} or {@link #isrChangeUnanswered} exactly once; until then there is no other.
     */
    public @Nullable IsrChange proposeIsrChange(long nowNanos) {
        isrChangeDue = false;
        switch (isr) {
            case Committed committed -> propose(committed, nowNanos);
            case Pending pending when pending.attempt().inFlight() -> {
                return null;
            }
            case Pending pending -> isr = pending.with(pending.attempt().again());
        }
        return isr instanceof Pending pending ? pending.change() : null;
    }

    /** The metadata has answered a change that {@link #proposeIsrChange} gave. */
    public void isrChangeAnswered(IsrChange asked, Outcome outcome) {
        PartitionImage now = switch (outcome) {
            case Outcome.Changed(PartitionImage row) -> row;
            case Outcome.Refused(var _, PartitionImage row) -> row;
        };
        if (now != null && now.leaderEpoch() == leaderEpoch && now.partitionEpoch() > isr.partitionEpoch()) {
            isr = Committed.of(now);
            // The change may have ended a reassignment: how many must be in sync is counted as the metadata counts it.
            placeReplicas(now);
        } else if (isr instanceof Pending pending && pending.change() == asked) {
            isr = afterAnswer(pending, outcome, now);
            paused = true;
        }
        countMembers();
        advance();
    }

    /** Nobody knows whether the metadata took the change: it stays pending, and is asked for again. */
    public void isrChangeUnanswered(IsrChange asked) {
        if (isr instanceof Pending pending && pending.change() == asked) {
            isr = pending.with(pending.attempt().endedWithoutAnswer());
            paused = true;
        }
    }

    /** When the row has not moved on from where the change would have been made. */
    private IsrState afterAnswer(Pending pending, Outcome outcome, @Nullable PartitionImage now) {
        boolean sameEpoch = now != null && now.leaderEpoch() == leaderEpoch;
        if (sameEpoch && now.partitionEpoch() < pending.partitionEpoch()) {
            // The metadata went back to an older state: this is the ISR from which the next leader is elected.
            return Committed.of(now);
        }
        boolean refusedForGood = outcome instanceof Outcome.Refused(Outcome.Reason reason, var _)
                && reason == Outcome.Reason.INELIGIBLE_REPLICA && sameEpoch;
        if (!refusedForGood) {
            // Another leads, or this broker is no longer who it was: the image will tell, and until then nothing is known to have failed.
            return pending.with(pending.attempt().ended());
        }
        if (pending instanceof PendingExpand expand && expand.attempt().unanswered()) {
            List<IsrChange.Member> members = pending.isr().stream().map(this::member).toList();
            return expand.settledBy(change(pending.partitionEpoch(), members));
        }
        // A shrink that may still be taken harms nothing: those that would leave go on being counted.
        return new Committed(pending.isr(), pending.partitionEpoch());
    }

    private void propose(Committed committed, long nowNanos) {
        List<Integer> laggards = laggards(committed, nowNanos);
        if (!laggards.isEmpty()) {
            List<IsrChange.Member> staying = committed.isr().stream().filter(id -> !laggards.contains(id))
                    .map(this::member).toList();
            isr = new PendingShrink(committed.isr(), committed.partitionEpoch(), change(committed.partitionEpoch(),
                    staying), Attempt.FIRST);
            return;
        }
        List<Integer> joiners = joiners(nowNanos);
        if (!joiners.isEmpty()) {
            List<IsrChange.Member> members = new ArrayList<>(committed.isr().stream().map(this::member).toList());
            joiners.forEach(id -> members.add(member(id)));
            isr = new PendingExpand(committed.isr(), committed.partitionEpoch(), joiners, change(committed
                    .partitionEpoch(), members), Attempt.FIRST);
            countMembers();
        }
    }

    private IsrChange change(int partitionEpoch, List<IsrChange.Member> members) {
        return new IsrChange(topicId, index, leaderEpoch, partitionEpoch, members);
    }

    private IsrChange.Member member(int brokerId) {
        FollowerProgress follower = follower(brokerId);
        return new IsrChange.Member(brokerId, follower == null || follower.logEnd() == FollowerProgress.UNKNOWN_OFFSET
                ? IsrChange.UNKNOWN_EPOCH
                : follower.brokerEpoch());
    }

    private List<Integer> laggards(Committed committed, long nowNanos) {
        List<Integer> laggards = new ArrayList<>(0);
        for (FollowerProgress follower : followers) {
            if (committed.isr().contains(follower.brokerId()) && !follower.caughtUp(logEnd, nowNanos,
                    lagTimeMaxNanos)) {
                laggards.add(follower.brokerId());
            }
        }
        return laggards;
    }

    private List<Integer> joiners(long nowNanos) {
        List<Integer> joiners = new ArrayList<>(0);
        for (FollowerProgress follower : followers) {
            if (!follower.inMaximalIsr && mayJoin(follower, nowNanos)) {
                joiners.add(follower.brokerId());
            }
        }
        return joiners;
    }

    /** The start of the epoch counts too: the high watermark of a new leader may be behind what was committed before (KIP-101). */
    private boolean mayJoin(FollowerProgress follower, long nowNanos) {
        // Not one that would leave again at once: where too few are in sync the high watermark stands still, and a dead replica may have reached it.
        return follower.mayBeInSync() && follower.logEnd() >= highWatermark && follower.logEnd() >= epochStart
                && follower.caughtUp(logEnd, nowNanos, lagTimeMaxNanos);
    }

    private void placeReplicas(PartitionImage image, Map<Integer, BrokerImage> brokers) {
        placeReplicas(image);
        brokersSeen(brokers);
    }

    private void brokersSeen(Map<Integer, BrokerImage> brokers) {
        for (FollowerProgress follower : followers) {
            follower.brokerSeen(brokers.get(follower.brokerId()));
        }
    }

    private void placeReplicas(PartitionImage image) {
        List<FollowerProgress> placed = new ArrayList<>(image.replicas().size());
        for (int brokerId : image.replicas()) {
            if (brokerId != leaderId) {
                // One that is added now and was not before has left in between, unseen: its log is another.
                boolean isNew = image.adding().contains(brokerId) && !adding.contains(brokerId);
                FollowerProgress known = isNew ? null : follower(brokerId);
                placed.add(known != null ? known : new FollowerProgress(brokerId));
            }
        }
        followers = placed.toArray(FollowerProgress[]::new);
        adding = image.adding();
        replicationFactor = image.replicas().size() - image.adding().size();
        countMembers();
    }

    private void countMembers() {
        for (FollowerProgress follower : followers) {
            follower.inMaximalIsr = isr.mayContain(follower.brokerId());
        }
    }

    private @Nullable FollowerProgress follower(int brokerId) {
        for (FollowerProgress follower : followers) {
            if (follower.brokerId() == brokerId) {
                return follower;
            }
        }
        return null;
    }

    private int effectiveMinInSyncReplicas() {
        return Math.min(minInSyncReplicas, replicationFactor);
    }

    private void advance() {
        if (!enoughInSync()) {
            return;
        }
        long committed = logEnd;
        for (FollowerProgress follower : followers) {
            if (follower.inMaximalIsr || follower.awaited) {
                committed = Math.min(committed, follower.logEnd());
            }
        }
        if (committed >= epochStart) {
            highWatermark = Math.max(highWatermark, committed);
        }
    }
}
