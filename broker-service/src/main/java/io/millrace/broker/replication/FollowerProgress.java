package io.millrace.broker.replication;

import io.millrace.common.metadata.BrokerImage;
import org.jspecify.annotations.Nullable;

/** What a leader knows of one other replica. Mutable, owned by {@link LeaderReplica}. */
final class FollowerProgress {
    static final long UNKNOWN_OFFSET = -1;
    private static final long UNKNOWN_EPOCH = -1;

    private final int brokerId;
    /** The highest known registration of the broker; what an older one fetched tells nothing about its log now. */
    private long brokerEpoch = UNKNOWN_EPOCH;
    private boolean mayBeInSync;
    private long logEnd = UNKNOWN_OFFSET;
    private long logStart = UNKNOWN_OFFSET;
    private boolean everCaughtUp;
    private long caughtUpNanos;
    private long lastFetchNanos;
    private long leaderEndAtLastFetch = Long.MAX_VALUE;

    /** Whether the high watermark waits for this replica as a member of the ISR. */
    boolean inMaximalIsr;
    /** Whether it waits for it as one that is about to become a member. */
    boolean awaited;

    FollowerProgress(int brokerId) {
        this.brokerId = brokerId;
    }

    int brokerId() {
        return brokerId;
    }

    long brokerEpoch() {
        return brokerEpoch;
    }

    long logEnd() {
        return logEnd;
    }

    /** Where its log starts; unknown until it fetches. */
    long logStart() {
        return logStart;
    }

    /** True if that is news. */
    boolean startsAt(long offset) {
        boolean news = logStart != offset;
        logStart = offset;
        return news;
    }

    /** A member of the ISR gets the whole lag time to show itself to a new leader. */
    void presumeCaughtUp(long nowNanos) {
        everCaughtUp = true;
        caughtUpNanos = nowNanos;
    }

    void brokerSeen(@Nullable BrokerImage broker) {
        if (broker != null && broker.epoch() > brokerEpoch) {
            registeredAs(broker.epoch());
        }
        mayBeInSync = broker != null && broker.epoch() == brokerEpoch && !broker.fenced() && !broker.leaving()
                && !broker.tailLost();
    }

    /** False when a registration is known that is newer than the one that fetches. */
    boolean fetched(long fetchersEpoch, long offset, long leaderEnd, long nowNanos) {
        if (fetchersEpoch < 0 || fetchersEpoch < brokerEpoch) {
            return false;
        }
        if (fetchersEpoch > brokerEpoch) {
            registeredAs(fetchersEpoch);
        }
        // As in Kafka: who has now what the leader had at its last fetch was caught up then, even if the leader is always a little ahead.
        if (offset >= leaderEnd) {
            caughtUpAt(nowNanos);
        } else if (offset >= leaderEndAtLastFetch) {
            caughtUpAt(lastFetchNanos);
        }
        logEnd = offset;
        lastFetchNanos = nowNanos;
        leaderEndAtLastFetch = leaderEnd;
        return true;
    }

    boolean caughtUp(long leaderEnd, long nowNanos, long lagTimeMaxNanos) {
        return logEnd == leaderEnd || everCaughtUp && nowNanos - caughtUpNanos <= lagTimeMaxNanos;
    }

    /** Whether the metadata would take it as a member of the ISR, as far as is known here. */
    boolean mayBeInSync() {
        return mayBeInSync;
    }

    /** How long ago it had all that the leader had, or -1 when it never did. */
    long nanosBehind(long leaderEnd, long nowNanos) {
        return logEnd == leaderEnd ? 0 : everCaughtUp ? Math.max(0, nowNanos - caughtUpNanos) : -1;
    }

    private void caughtUpAt(long nanos) {
        if (!everCaughtUp || nanos - caughtUpNanos > 0) {
            everCaughtUp = true;
            caughtUpNanos = nanos;
        }
    }

    private void registeredAs(long epoch) {
        brokerEpoch = epoch;
        mayBeInSync = false;
        logEnd = UNKNOWN_OFFSET;
        logStart = UNKNOWN_OFFSET;
        leaderEndAtLastFetch = Long.MAX_VALUE;
    }
}
