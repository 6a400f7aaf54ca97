package io.millrace.broker.partition;

import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * An append with acks=all that waits until the high watermark has passed it. One object per partition of a request; it is its own
 * place in {@link CommitWaits}. Their number is bounded by what the listener lets be in flight.
 */
public abstract class CommitWait {
    final long endOffset;
    final long deadlineNanos;
    @Nullable
    CommitWait before;
    @Nullable
    CommitWait after;

    /**
     * @param endOffset     the offset after the last record appended
     * @param deadlineNanos of {@link System#nanoTime}
     */
    protected CommitWait(long endOffset, long deadlineNanos) {
        this.endOffset = endOffset;
        this.deadlineNanos = deadlineNanos;
    }

    /**
     * Called once, on the thread that ended the wait, which it must not hold up.
     *
     * @param outcome NONE when it is committed; NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS_AFTER_APPEND or REQUEST_TIMED_OUT when nobody knows
     *                whether it will be
     */
    protected abstract void ended(Errors outcome);
}
