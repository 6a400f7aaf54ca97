package io.millrace.broker.partition;

import io.millrace.broker.log.AppendResult;
import io.millrace.broker.log.AppendResult.Appended;
import io.millrace.broker.log.AppendResult.Refused;
import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.log.ReadResult;
import io.millrace.broker.partition.Leadership.Following;
import io.millrace.broker.partition.Leadership.Leading;
import io.millrace.broker.partition.LedReplica.Progress;
import io.millrace.broker.replication.FetchHistory;
import io.millrace.broker.replication.FollowerReplica;
import io.millrace.broker.replication.LeaderReplica;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange;
import io.millrace.common.partition.Outcome;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.StampedLock;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.requests.DeleteRecordsRequest;
import org.jspecify.annotations.Nullable;

/**
 * One replica of a partition: its log, and this broker's part in it. Appends, of producers or from the leader, and changes of that part
 * exclude each other; appends do not exclude one another here.
 */
public final class Partition {
    /** No replica was here before. */
    static final int NEVER_HERE = -1;

    private final Uuid topicId;
    private final String topic;
    private final int index;
    private final PartitionLog log;
    private final PartitionContext context;
    private final Set<GrowthListener> tailReaders = ConcurrentHashMap.newKeySet();
    private final Set<GrowthListener> consumers = ConcurrentHashMap.newKeySet();
    private final Set<Runnable> startListeners = ConcurrentHashMap.newKeySet();
    /** Written to change the part, read to act in it. */
    private final StampedLock part = new StampedLock();
    private volatile Leadership leadership;
    private volatile @Nullable LedReplica led;
    /** The one that was applied last. */
    private volatile @Nullable PartitionImage image;
    /** The newest epoch in which this process led; touched by the thread alone that applies images. */
    private int ledEpoch = -1;
    private final int movedInEpoch;

    /** @param movedInEpoch the leader epoch in which the replica that was here before went to another broker, or {@link #NEVER_HERE} */
    Partition(Uuid topicId, String topic, int index, PartitionLog log, PartitionContext context, int movedInEpoch) {
        this.topicId = topicId;
        this.topic = topic;
        this.index = index;
        this.log = log;
        this.context = context;
        this.movedInEpoch = movedInEpoch;
        this.leadership = new Following(movedInEpoch, PartitionImage.NO_LEADER);
    }

    public Uuid topicId() {
        return topicId;
    }

    public String topic() {
        return topic;
    }

    public int index() {
        return index;
    }

    public PartitionLog log() {
        return log;
    }

    public Leadership leadership() {
        return leadership;
    }

    public boolean isLeader() {
        return leadership instanceof Leading;
    }

    /** The metadata that this broker acts on, null before the first. */
    public @Nullable PartitionImage image() {
        return image;
    }

    /**
     * Takes what an image says; false when its leader epoch is lower than one seen before, by this process, by the log or by one that was here
     * before it, or when this broker is to lead in an epoch of which these have heard from somebody else, in which case nothing changes.
     *
     * @param brokers of the same cluster image
     * @param mayLead whether this broker's registration is the one in the image, and not fenced; a leader that is goes on, for nobody else leads yet
     */
    boolean become(PartitionImage next, Map<Integer, BrokerImage> brokers, boolean mayLead) {
        LedReplica present = led;
        if (next.leaderEpoch() < Math.max(leadership.leaderEpoch(), log.joinedEpoch())) {
            return false;
        }
        if (present != null && next.leader() == context.brokerId() && next.leaderEpoch() == leadership.leaderEpoch()) {
            image = next;
            tell(present.imageChanged(next, brokers, context.nanoClock().getAsLong()));
            startListeners.forEach(Runnable::run);
            signalIsrChange(present);
            return true;
        }
        if (next.leader() == context.brokerId() && mayLead) {
            boolean othersEpoch = leadership instanceof Following(int epoch, int leader) && epoch == next.leaderEpoch()
                    && leader != PartitionImage.NO_LEADER;
            return !othersEpoch && lead(next, brokers);
        } else {
            follow(next.leader() == context.brokerId() ? new Following(next.leaderEpoch(), PartitionImage.NO_LEADER)
                    : new Following(next.leaderEpoch(), next.leader()), next);
        }
        return true;
    }

    private boolean lead(PartitionImage next, Map<Integer, BrokerImage> brokers) {
        Progress progress;
        LedReplica begun;
        long stamp = part.writeLock();
        try {
            if (next.leaderEpoch() == movedInEpoch || !log.beginEpoch(next.leaderEpoch()) && next
                    .leaderEpoch() != ledEpoch) {
                // An earlier life of this broker, or another, wrote in it: no two may do so (KIP-101).
                return false;
            }
            ledEpoch = next.leaderEpoch();
            LeaderReplica replica = new LeaderReplica(topicId, context.brokerId(), next, brokers,
                    new LeaderReplica.Limits(log.config().minInsyncReplicas(), context.lagTimeMaxNanos()),
                    new LeaderReplica.LogEnds(log.highWatermark(), log.logEndOffset()), context.nanoClock()
                            .getAsLong());
            LedReplica before = led;
            begun = new LedReplica(log, replica, before == null ? new CommitWaits() : before.handOver());
            progress = begun.begun();
            led = begun;
            image = next;
            leadership = new Leading(next.leaderEpoch());
        } finally {
            part.unlockWrite(stamp);
        }
        tell(progress);
        tellLeadershipChanged();
        signalIsrChange(begun);
        return true;
    }

    private void follow(Following next, @Nullable PartitionImage followed) {
        Progress progress;
        boolean changed;
        long stamp = part.writeLock();
        try {
            LedReplica before = led;
            progress = before == null ? null : before.end();
            led = null;
            image = followed;
            changed = !next.equals(leadership);
            leadership = next;
        } finally {
            part.unlockWrite(stamp);
        }
        tell(progress);
        if (changed) {
            tellLeadershipChanged();
        }
    }

    /** No longer here: nobody can lead it any more. */
    void retire() {
        follow(new Following(Integer.MAX_VALUE, PartitionImage.NO_LEADER), null);
    }

    /** What waits for commits is answered as if leadership had ended, for this broker is about to. */
    void endWaits() {
        LedReplica present = led;
        if (present != null) {
            tell(present.abandonWaits());
        }
    }

    private void tellLeadershipChanged() {
        tailReaders.forEach(GrowthListener::leadershipChanged);
        consumers.forEach(GrowthListener::leadershipChanged);
        startListeners.forEach(Runnable::run);
    }

    private void tell(@Nullable Progress progress) {
        if (progress != null) {
            progress.tell();
            if (progress.bytes() > 0) {
                for (GrowthListener consumer : consumers) {
                    consumer.grew(progress.bytes());
                }
            }
        }
    }

    private void signalIsrChange(LedReplica present) {
        if (present.isrChangeDue()) {
            context.isrChangeDue().run();
        }
    }

    /**
     * Whether this broker may answer for the partition.
     *
     * @param clientEpoch the leader epoch that the client knows, or -1 when it does not say (KIP-320)
     */
    public Errors checkLeader(int clientEpoch) {
        Leadership current = leadership;
        if (!(current instanceof Leading) && clientEpoch <= current.leaderEpoch()) {
            return Errors.NOT_LEADER_OR_FOLLOWER;
        }
        if (clientEpoch == RecordBatch.NO_PARTITION_LEADER_EPOCH || clientEpoch == current.leaderEpoch()) {
            return Errors.NONE;
        }
        return clientEpoch < current.leaderEpoch() ? Errors.FENCED_LEADER_EPOCH : Errors.UNKNOWN_LEADER_EPOCH;
    }

    /**
     * Appends what a producer sent.
     *
     * @param as      this broker's leadership; if it has changed since, nothing is appended
     * @param acksAll whether the producer asks for {@code min.insync.replicas}
     */
    public AppendResult append(Leading as, MemoryRecords records, boolean acksAll, long nowMs) {
        Refused refusal = refusal(as, led, acksAll);
        // Whoever changes the part waits for the writing alone, not until an append was checked or got memory to be compressed anew.
        return refusal != null ? refusal
                : log.appendAsLeader(records, as.leaderEpoch(), nowMs, (sizeBytes, store) -> append(as, acksAll,
                        sizeBytes, store));
    }

    private AppendResult append(Leading as, boolean acksAll, int sizeBytes, Supplier<AppendResult> store) {
        AppendResult result;
        Progress progress = null;
        long stamp = part.readLock();
        try {
            LedReplica present = led;
            Refused refusal = refusal(as, present, acksAll);
            if (present == null || refusal != null) {
                return refusal == null ? notLeading(as) : refusal;
            }
            result = store.get();
            if (result instanceof Appended) {
                progress = present.appended(sizeBytes);
            }
        } finally {
            part.unlockRead(stamp);
        }
        if (result instanceof Appended) {
            for (GrowthListener reader : tailReaders) {
                reader.grew(sizeBytes);
            }
            tell(progress);
        }
        return result;
    }

    private @Nullable Refused refusal(Leading as, @Nullable LedReplica present, boolean acksAll) {
        if (present == null || !as.equals(leadership)) {
            return notLeading(as);
        }
        return acksAll && !present.enoughInSync() ? new Refused(Errors.NOT_ENOUGH_REPLICAS, this + " has " + present
                .inSyncCount() + " replicas in sync, and min.insync.replicas is " + log.config().minInsyncReplicas(),
                -1, -1) : null;
    }

    private Refused notLeading(Leading as) {
        return new Refused(Errors.NOT_LEADER_OR_FOLLOWER, "this broker does not lead " + this + " in epoch " + as
                .leaderEpoch(), -1, -1);
    }

    /**
     * Whether all replicas in sync have what was appended before an offset. Once leadership has ended nobody can tell here: the high watermark may
     * have passed the offset with what another leader appended there.
     *
     * @param as the leadership in which it was appended
     */
    public boolean isCommitted(Leading as, long endOffset) {
        // In this order: the high watermark was this leader's if its leadership is found to last after that.
        return log.highWatermark() >= endOffset && as.equals(leadership);
    }

    /**
     * Lets an append wait until it is committed; it may be ended before this returns.
     *
     * @param as the leadership in which it was appended
     */
    public void awaitCommit(Leading as, CommitWait wait) {
        LedReplica present = led;
        if (present == null || !as.equals(leadership)) {
            wait.ended(Errors.NOT_LEADER_OR_FOLLOWER);
        } else if (!present.await(wait)) {
            wait.ended(isCommitted(as, wait.endOffset) ? Errors.NONE : Errors.NOT_LEADER_OR_FOLLOWER);
        }
    }

    /** What consumers may read up to, exclusively. */
    public long highWatermark() {
        return log.highWatermark();
    }

    /** False while a leader is so new that clients may have seen a higher one than it knows (KIP-207). */
    public boolean highWatermarkKnown() {
        LedReplica present = led;
        return present != null && present.highWatermarkSettled();
    }

    /**
     * Reads what a follower asks for, and takes note of where it is.
     *
     * @param isNews false when the same request is read again: it says no more about the follower than it did
     */
    public FollowerRead readAsFollower(FollowerFetch fetch, boolean isNews, long nowNanos) {
        Progress progress = null;
        boolean startMoved = false;
        long stamp = part.readLock();
        LedReplica present = led;
        try {
            // A position of an unknown epoch may be that of a log which has been cut since.
            Errors refusal = fetch.leaderEpoch() == RecordBatch.NO_PARTITION_LEADER_EPOCH ? Errors.FENCED_LEADER_EPOCH
                    : checkLeader(fetch.leaderEpoch());
            if (refusal != Errors.NONE || present == null) {
                return new FollowerRead.Refused(refusal == Errors.NONE ? Errors.NOT_LEADER_OR_FOLLOWER : refusal);
            }
            FetchHistory history = FetchHistory.of(log, fetch.offset(), fetch.lastFetchedEpoch());
            if (history instanceof FetchHistory.Diverging(int epoch, long endOffset)) {
                return new FollowerRead.Diverging(epoch, endOffset, log.highWatermark(), log.logStartOffset());
            }
            if (history instanceof FetchHistory.OutOfRange) {
                return new FollowerRead.Refused(Errors.OFFSET_OUT_OF_RANGE);
            }
            if (present.mustJoin(fetch)) {
                return new FollowerRead.Diverging(fetch.leaderEpoch(), fetch.offset(), log.highWatermark(), log
                        .logStartOffset());
            }
            if (isNews) {
                LedReplica.Counted counted = present.fetched(fetch, log.logEndOffset(), nowNanos);
                switch (counted.fetched()) {
                    case NOT_A_REPLICA -> {
                        return new FollowerRead.Refused(Errors.UNKNOWN_TOPIC_OR_PARTITION);
                    }
                    case STALE_BROKER_EPOCH -> {
                        return new FollowerRead.Refused(Errors.STALE_BROKER_EPOCH);
                    }
                    case COUNTED -> {
                        progress = counted.progress();
                        startMoved = counted.startMoved();
                    }
                }
            }
            return switch (log.read(fetch.offset(), fetch.maxBytes(), fetch.wholeFirst(), Long.MAX_VALUE)) {
                case ReadResult.Data(var records, long logStart, long _) -> new FollowerRead.Data(records, log
                        .highWatermark(), logStart);
                case ReadResult.OutOfRange _ -> new FollowerRead.Refused(Errors.OFFSET_OUT_OF_RANGE);
            };
        } finally {
            part.unlockRead(stamp);
            tell(progress);
            if (startMoved) {
                startListeners.forEach(Runnable::run);
            }
            if (present != null && isNews) {
                signalIsrChange(present);
            }
        }
    }

    /**
     * Deletes the records before an offset, for readers at once.
     *
     * @param as     this broker's leadership
     * @param offset or -1 for all that is committed
     */
    public Deletion deleteRecords(Leading as, long offset) {
        long target;
        long stamp = part.readLock();
        try {
            if (led == null || !as.equals(leadership)) {
                return new Deletion.Refused(Errors.NOT_LEADER_OR_FOLLOWER);
            }
            if (log.config().compact() && !log.config().delete()) {
                return new Deletion.Refused(Errors.POLICY_VIOLATION);
            }
            target = offset == DeleteRecordsRequest.HIGH_WATERMARK ? log.highWatermark() : offset;
            if (target < 0 || !log.deleteRecordsBefore(target)) {
                return new Deletion.Refused(Errors.OFFSET_OUT_OF_RANGE);
            }
        } finally {
            part.unlockRead(stamp);
        }
        tailReaders.forEach(GrowthListener::startMoved);
        return new Deletion.Low(target);
    }

    /** Before which offset no replica that runs has anything, as far as they have said; refused once this leadership has ended. */
    public Deletion lowWatermark(Leading as) {
        LedReplica present = led;
        return present == null || !as.equals(leadership) ? new Deletion.Refused(Errors.NOT_LEADER_OR_FOLLOWER)
                : new Deletion.Low(present.lowWatermark());
    }

    /** Runs whenever the low watermark may have changed, or leadership; must return at once. */
    public void addStartListener(Runnable listener) {
        startListeners.add(listener);
    }

    public void removeStartListener(Runnable listener) {
        startListeners.remove(listener);
    }

    /**
     * Appends what the leader answered to a fetch.
     *
     * @param as          this broker's part when it asked; NOT_LEADER_OR_FOLLOWER if it has changed since, or the log has
     * @param fetchOffset what it asked for
     * @return NONE, or why nothing of it is in the log
     */
    public Errors appendAsFollower(Following as, long fetchOffset, MemoryRecords records, long leaderHighWatermark,
            long leaderLogStart, long nowMs) {
        long stamp = part.readLock();
        try {
            if (!as.equals(leadership) || fetchOffset != log.logEndOffset()) {
                return Errors.NOT_LEADER_OR_FOLLOWER;
            }
            if (records.sizeInBytes() > 0 && log.appendAsFollower(records, as.leaderEpoch(),
                    nowMs) instanceof Refused refused) {
                return refused.error();
            }
            log.advanceHighWatermark(FollowerReplica.highWatermark(log, leaderHighWatermark));
            long logStart = Math.min(leaderLogStart, log.highWatermark());
            if (logStart > log.logStartOffset()) {
                log.deleteRecordsBefore(logStart);
            }
            return Errors.NONE;
        } finally {
            part.unlockRead(stamp);
        }
    }

    /** Writes down that the log has all with which the leader's epoch began. False as {@link #appendAsFollower}. */
    public boolean joinEpoch(Following as, long fetchOffset) {
        return changeLog(as, fetchOffset, () -> log.joinEpoch(as.leaderEpoch()));
    }

    /** Cuts the log back to where it may be the leader's, as the leader's answer to the fetch at an offset says. False as {@link #appendAsFollower}. */
    public boolean cutDiverging(Following as, long fetchOffset, int leadersEpoch, long leadersEnd, long nowMs) {
        return changeLog(as, fetchOffset, () -> log.truncateTo(FollowerReplica.cutAfterDivergence(log, leadersEpoch,
                leadersEnd), nowMs));
    }

    /** Makes the log one that the leader can go on with, after the leader said that it is out of its range. False as {@link #appendAsFollower}. */
    public boolean comeIntoRange(Following as, long fetchOffset, long leaderLogStart, long leaderLogEnd, long nowMs) {
        return changeLog(as, fetchOffset, () -> {
            switch (FollowerReplica.outOfRange(log, leaderLogStart, leaderLogEnd)) {
                case FollowerReplica.OutOfRange.StartAnewAt(long offset) -> log.truncateFullyAndStartAt(offset, nowMs);
                case FollowerReplica.OutOfRange.CutTo(long offset) -> log.truncateTo(offset, nowMs);
                case FollowerReplica.OutOfRange.FetchAgain() -> {}
            }
        });
    }

    private boolean changeLog(Following as, long fetchOffset, Runnable change) {
        long stamp = part.readLock();
        try {
            if (!as.equals(leadership) || fetchOffset != log.logEndOffset()) {
                return false;
            }
            long recoveryPoint = log.recoveryPoint();
            long logStart = log.logStartOffset();
            change.run();
            // A start that is written down as higher would hide, after a crash, what is appended below it from now on.
            if (log.recoveryPoint() < recoveryPoint || log.logStartOffset() < logStart) {
                context.offsetsWentBack().run();
            }
            return true;
        } finally {
            part.unlockRead(stamp);
        }
    }

    /** Lets time pass for a leader. */
    void tick(long nowNanos) {
        LedReplica present = led;
        if (present != null) {
            tell(present.tick(nowNanos));
            signalIsrChange(present);
        }
    }

    /** Ends what has waited too long to be committed. */
    void expireWaits(long nowNanos) {
        LedReplica present = led;
        if (present != null) {
            tell(present.expire(nowNanos));
        }
    }

    /** The topic's settings have changed. */
    void configChanged() {
        LedReplica present = led;
        if (present != null) {
            tell(present.minInSyncReplicas(log.config().minInsyncReplicas()));
        }
    }

    @Nullable
    IsrChange proposeIsrChange(long nowNanos) {
        LedReplica present = led;
        return present == null || !present.isrChangeDue() ? null : present.proposeIsrChange(nowNanos);
    }

    /** @param outcome null when none came */
    void isrChangeEnded(IsrChange asked, @Nullable Outcome outcome) {
        LedReplica present = led;
        if (present == null || leadership.leaderEpoch() != asked.leaderEpoch()) {
            return;
        }
        if (outcome == null) {
            present.isrChangeUnanswered(asked);
        } else {
            tell(present.isrChangeAnswered(asked, outcome));
            signalIsrChange(present);
        }
    }

    /** Replicas known to be in sync, 0 where this broker does not lead. */
    int inSyncCount() {
        LedReplica present = led;
        return present == null ? 0 : present.inSyncCount();
    }

    /** How the other replicas are, as their leader sees them; empty where this broker does not lead. */
    public List<LeaderReplica.Follower> followers(long nowNanos) {
        LedReplica present = led;
        return present == null ? List.of() : present.followers(nowNanos);
    }

    /** Whether it is led here with fewer replicas in sync than it has. */
    public boolean isUnderReplicated() {
        LedReplica present = led;
        PartitionImage known = image;
        return present != null && known != null && present.inSyncCount() < known.replicas().size();
    }

    /** Whether it is led here with fewer replicas in sync than acks=all asks for. */
    public boolean isUnderMinIsr() {
        LedReplica present = led;
        return present != null && !present.enoughInSync();
    }

    public void addListener(GrowthListener listener, ReadLimit limit) {
        listeners(limit).add(listener);
    }

    public void removeListener(GrowthListener listener, ReadLimit limit) {
        listeners(limit).remove(listener);
    }

    private Set<GrowthListener> listeners(ReadLimit limit) {
        return switch (limit) {
            case HIGH_WATERMARK -> consumers;
            case LOG_END -> tailReaders;
        };
    }

    @Override
    public String toString() {
        return topic + "-" + index;
    }
}
