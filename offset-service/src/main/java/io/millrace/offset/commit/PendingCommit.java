package io.millrace.offset.commit;

import java.util.concurrent.CompletableFuture;

/**
 * A commit that waits for its turn.
 *
 * @param deadlineNanos after it nobody waits for the answer; a commit not yet begun by then is dropped
 */
record PendingCommit(CommitRequest request, long deadlineNanos, CompletableFuture<CommitOutcome> outcome) {
    PendingCommit(CommitRequest request, long deadlineNanos) {
        this(request, deadlineNanos, new CompletableFuture<>());
    }

    boolean isExpired(long nowNanos) {
        return nowNanos - deadlineNanos >= 0;
    }
}
