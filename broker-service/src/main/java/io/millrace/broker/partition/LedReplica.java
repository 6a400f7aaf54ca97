package io.millrace.broker.partition;

import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.replication.LeaderReplica;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange;
import io.millrace.common.partition.Outcome;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Replication of a partition in one leader epoch at its leader: the decisions are {@link LeaderReplica}'s; here they take effect on the
 * log's high watermark, on appends that wait for it, and on who is to be told. Safe for concurrent use.
 *
 * <p>What each event brings is returned, and its {@link Progress#tell} called by the caller once it holds no lock.
 */
final class LedReplica {
    private final PartitionLog log;
    private final LeaderReplica replica;
    private final CommitWaits waits;
    /** Of records that were appended and are not committed; shared out over them evenly. */
    private long uncommittedBytes;
    private volatile boolean settled;
    private volatile boolean enoughInSync;
    private volatile boolean waited;
    private volatile boolean isrChangeDue;
    private boolean ended;
    private boolean abandoned;

    /**
     * @param bytes     about so many can be read by consumers that could not before; 0 when the high watermark stands where it did
     * @param committed chain of waits that have come to their end
     * @param failed    chain of waits that have not
     */
    record Progress(int bytes, @Nullable CommitWait committed, @Nullable CommitWait failed, Errors failure) {
        /** Ends the waits. */
        void tell() {
            CommitWaits.end(committed, Errors.NONE);
            CommitWaits.end(failed, failure);
        }
    }

    /** @param waits for records that this broker appended in an earlier epoch, which are in its log still */
    LedReplica(PartitionLog log, LeaderReplica replica, CommitWaits waits) {
        this.log = log;
        this.replica = replica;
        this.waits = waits;
    }

    /** Whether the high watermark is where no client has seen a higher one (KIP-207). */
    boolean highWatermarkSettled() {
        return settled;
    }

    boolean enoughInSync() {
        return enoughInSync;
    }

    boolean isrChangeDue() {
        return isrChangeDue;
    }

    /** Takes effect what the replica decided when it was made. */
    synchronized @Nullable Progress begun() {
        return effects();
    }

    synchronized @Nullable Progress appended(int bytes) {
        uncommittedBytes += bytes;
        replica.appended(log.logEndOffset());
        return effects();
    }

    /** As {@link LeaderReplica#mustJoin}, for a follower that would be counted. */
    boolean mustJoin(FollowerFetch fetch) {
        return replica.mustJoin(fetch.offset(), fetch.lastFetchedEpoch()) && isFollower(fetch);
    }

    private synchronized boolean isFollower(FollowerFetch fetch) {
        return replica.isFollower(fetch.replicaId(), fetch.brokerEpoch());
    }

    /**
     * What became of a follower's fetch.
     *
     * @param startMoved whether the follower's log starts elsewhere than it did
     */
    record Counted(LeaderReplica.Fetched fetched, @Nullable Progress progress, boolean startMoved) {}

    /** @param leaderEnd where the log ended just now, before it is read */
    synchronized Counted fetched(FollowerFetch fetch, long leaderEnd, long nowNanos) {
        LeaderReplica.Fetched fetched = replica.fetched(fetch.replicaId(), fetch.brokerEpoch(), fetch.offset(),
                leaderEnd, nowNanos);
        boolean startMoved = fetched == LeaderReplica.Fetched.COUNTED && replica.startsAt(fetch.replicaId(), fetch
                .logStartOffset());
        return new Counted(fetched, effects(), startMoved);
    }

    /** As {@link LeaderReplica#lowWatermark}. */
    synchronized long lowWatermark() {
        return replica.lowWatermark(log.logStartOffset());
    }

    synchronized @Nullable Progress imageChanged(PartitionImage image, Map<Integer, BrokerImage> brokers,
            long nowNanos) {
        replica.imageChanged(image, brokers, nowNanos);
        return effects();
    }

    synchronized @Nullable Progress minInSyncReplicas(int count) {
        replica.minInSyncReplicas(count);
        return effects();
    }

    synchronized @Nullable Progress tick(long nowNanos) {
        replica.tick(nowNanos);
        return effects();
    }

    synchronized @Nullable IsrChange proposeIsrChange(long nowNanos) {
        IsrChange change = ended ? null : replica.proposeIsrChange(nowNanos);
        isrChangeDue = replica.isrChangeDue();
        return change;
    }

    synchronized @Nullable Progress isrChangeAnswered(IsrChange asked, Outcome outcome) {
        replica.isrChangeAnswered(asked, outcome);
        return effects();
    }

    synchronized void isrChangeUnanswered(IsrChange asked) {
        replica.isrChangeUnanswered(asked);
    }

    /** False when it is committed already, or leadership has ended: then the wait is not taken. */
    synchronized boolean await(CommitWait wait) {
        if (ended || abandoned || log.highWatermark() >= wait.endOffset) {
            return false;
        }
        waits.add(wait);
        waited = true;
        return true;
    }

    /** Ends waits that have lasted too long; cheap when there are none. */
    @Nullable
    Progress expire(long nowNanos) {
        if (!waited) {
            return null;
        }
        synchronized (this) {
            if (ended) {
                // The waits may be another's by now, under its lock.
                return null;
            }
            CommitWait expired = waits.takeExpired(nowNanos);
            waited = !waits.isEmpty();
            return expired == null ? null : new Progress(0, null, expired, Errors.REQUEST_TIMED_OUT);
        }
    }

    /** This broker leads no more: nothing is awaited here. Not after {@link #handOver}. */
    synchronized Progress end() {
        ended = true;
        isrChangeDue = false;
        waited = false;
        return new Progress(0, null, waits.takeAll(), Errors.NOT_LEADER_OR_FOLLOWER);
    }

    /** What waits is not waited for any longer, and nothing more will be. */
    synchronized @Nullable Progress abandonWaits() {
        if (ended) {
            return null;
        }
        abandoned = true;
        waited = false;
        return new Progress(0, null, waits.takeAll(), Errors.NOT_LEADER_OR_FOLLOWER);
    }

    /** This broker leads on in another epoch, to whose replica the waits go. */
    synchronized CommitWaits handOver() {
        ended = true;
        isrChangeDue = false;
        waited = false;
        return waits;
    }

    synchronized int inSyncCount() {
        return replica.isr().isr().size();
    }

    synchronized List<LeaderReplica.Follower> followers(long nowNanos) {
        return replica.followers(nowNanos);
    }

    private @Nullable Progress effects() {
        if (ended) {
            return null;
        }
        settled = replica.highWatermarkSettled();
        isrChangeDue = replica.isrChangeDue();
        boolean hadEnough = enoughInSync;
        enoughInSync = replica.enoughInSync();
        long before = log.highWatermark();
        int bytes = 0;
        CommitWait committed = null;
        if (replica.highWatermark() > before) {
            bytes = commitBytes(before, replica.highWatermark());
            log.advanceHighWatermark(replica.highWatermark());
            committed = waits.takeUpTo(replica.highWatermark());
        }
        CommitWait stuck = hadEnough && !enoughInSync ? waits.takeAll() : null;
        waited = !waits.isEmpty();
        return bytes == 0 && stuck == null ? null
                : new Progress(bytes, committed, stuck, Errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    }

    private int commitBytes(long before, long after) {
        long uncommitted = Math.max(1, log.logEndOffset() - before);
        long share = after - before >= uncommitted ? uncommittedBytes
                : (long) ((double) uncommittedBytes / uncommitted * (after - before));
        uncommittedBytes -= share;
        return Math.clamp(share, 1, Integer.MAX_VALUE);
    }
}
