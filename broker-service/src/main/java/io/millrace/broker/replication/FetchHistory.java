package io.millrace.broker.replication;

import io.millrace.broker.log.EpochEndOffset;
import io.millrace.broker.log.PartitionLog;

/** Whether what a reader has before its fetch offset is what the leader has (KIP-320, KIP-595). */
public sealed interface FetchHistory {
    /** The leader epoch of the reader's last record when it has none. */
    int NO_EPOCH = -1;

    /** It is a prefix of the leader's log. */
    record Same() implements FetchHistory {
        static final Same SAME = new Same();
    }

    /** It is not. The reader is told the leader's greatest epoch up to its own last one, and where that ends here. */
    record Diverging(int epoch, long endOffset) implements FetchHistory {}

    /** The leader knows nothing of it: OFFSET_OUT_OF_RANGE. */
    record OutOfRange() implements FetchHistory {
        static final OutOfRange OUT_OF_RANGE = new OutOfRange();
    }

    /**
     * Compares a reader's history with the leader's log.
     *
     * @param lastFetchedEpoch the leader epoch of the record before the offset, or {@link #NO_EPOCH}, as in fetch requests from version 12 on
     */
    static FetchHistory of(PartitionLog leader, long fetchOffset, int lastFetchedEpoch) {
        if (fetchOffset < leader.logStartOffset()) {
            return OutOfRange.OUT_OF_RANGE;
        }
        if (lastFetchedEpoch == NO_EPOCH || lastFetchedEpoch == leader.latestLeaderEpoch()
                && fetchOffset <= leader.logEndOffset()) {
            return fetchOffset <= leader.logEndOffset() ? Same.SAME : OutOfRange.OUT_OF_RANGE;
        }
        EpochEndOffset end = leader.endOffsetForEpoch(lastFetchedEpoch);
        if (end.endOffset() < 0) {
            return OutOfRange.OUT_OF_RANGE;
        }
        return end.leaderEpoch() < lastFetchedEpoch || end.endOffset() < fetchOffset
                ? new Diverging(end.leaderEpoch(), end.endOffset())
                : Same.SAME;
    }
}
