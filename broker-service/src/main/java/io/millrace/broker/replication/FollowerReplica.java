package io.millrace.broker.replication;

import io.millrace.broker.log.EpochEndOffset;
import io.millrace.broker.log.PartitionLog;

/**
 * A partition in one leader epoch, as a follower sees it: whom it fetches from, and what it does with the answers. Its log is only ever cut by
 * leader epoch, never at its own high watermark, which may be behind what is committed (KIP-101).
 */
public record FollowerReplica(int leader, int leaderEpoch) {

    /** What to do with the log when the leader says that the fetch offset is out of its range. */
    public sealed interface OutOfRange {
        /** {@link PartitionLog#truncateFullyAndStartAt}: the leader no longer has what comes next. */
        record StartAnewAt(long offset) implements OutOfRange {}

        /** {@link PartitionLog#truncateTo}: the leader has less than this log. */
        record CutTo(long offset) implements OutOfRange {}

        /** Nothing: the offset is in range after all, so that the next fetch tells. */
        record FetchAgain() implements OutOfRange {}
    }

    /**
     * Whether an answer is one to what this log would ask now. Another that comes late, or twice, or from a leader before, is dropped.
     *
     * @param askedEpoch            the leader epoch under which was asked
     * @param askedOffset           where the fetch was to begin
     * @param askedLastFetchedEpoch what it stated; the log may have come to the same end with other records since
     */
    public boolean awaits(PartitionLog log, int askedEpoch, long askedOffset, int askedLastFetchedEpoch) {
        return askedEpoch == leaderEpoch && askedOffset == log.logEndOffset()
                && askedLastFetchedEpoch == lastFetchedEpoch(log);
    }

    /**
     * The leader epoch that a fetch states so that the leader can compare histories: of the log's last record; or the leader's own, of which
     * there may be no record, once the log has joined it.
     */
    public int lastFetchedEpoch(PartitionLog log) {
        return log.joinedEpoch() == leaderEpoch ? leaderEpoch : log.latestLeaderEpoch();
    }

    /**
     * Whether a diverging answer says nothing but that the log has all with which the leader's epoch began. That is to be written down, by
     * {@link PartitionLog#joinEpoch}, and told by the next fetch: before, the leader commits nothing on account of this replica.
     */
    public boolean joins(long askedOffset, int epoch, long endOffset) {
        return epoch == leaderEpoch && endOffset == askedOffset;
    }

    /**
     * Where to cut the log when the leader says that histories diverge. The next fetch compares again, so that epochs of which the leader knows
     * nothing go one after the other (KIP-279).
     *
     * @param epoch     the leader's greatest epoch up to this log's last one
     * @param endOffset where it ends at the leader
     */
    public static long cutAfterDivergence(PartitionLog log, int epoch, long endOffset) {
        EpochEndOffset own = log.endOffsetForEpoch(epoch);
        if (own.endOffset() < 0) {
            return Math.min(endOffset, log.logEndOffset());
        }
        // Of an epoch that this log lacks it keeps what came before: those records are of an older epoch, which the next fetch compares.
        long cut = own.leaderEpoch() == epoch ? Math.min(own.endOffset(), endOffset) : own.endOffset();
        return Math.min(cut, log.logEndOffset());
    }

    /** As {@link OutOfRange}, from the leader's log start and log end. */
    public static OutOfRange outOfRange(PartitionLog log, long leaderLogStart, long leaderLogEnd) {
        if (leaderLogStart > log.logEndOffset()) {
            return new OutOfRange.StartAnewAt(leaderLogStart);
        }
        if (leaderLogEnd < log.logEndOffset()) {
            return new OutOfRange.CutTo(leaderLogEnd);
        }
        return new OutOfRange.FetchAgain();
    }

    /** The high watermark of a follower that has applied an answer: never beyond its own log. */
    public static long highWatermark(PartitionLog log, long leaderHighWatermark) {
        return Math.min(leaderHighWatermark, log.logEndOffset());
    }
}
