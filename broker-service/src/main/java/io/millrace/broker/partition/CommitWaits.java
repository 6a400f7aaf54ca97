package io.millrace.broker.partition;

import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * What waits for the high watermark of one partition, in the order of the offsets. Its owner excludes concurrent calls, and ends
 * what was taken out afterwards, outside of its lock.
 */
final class CommitWaits {
    private @Nullable CommitWait first;
    private @Nullable CommitWait last;

    boolean isEmpty() {
        return first == null;
    }

    /** Appends come nearly in order, so the place is found from the end. */
    void add(CommitWait wait) {
        CommitWait before = last;
        while (before != null && before.endOffset > wait.endOffset) {
            before = before.before;
        }
        CommitWait after = before == null ? first : before.after;
        wait.before = before;
        wait.after = after;
        if (before == null) {
            first = wait;
        } else {
            before.after = wait;
        }
        if (after == null) {
            last = wait;
        } else {
            after.before = wait;
        }
    }

    /** Takes what a high watermark commits; the rest of the chain hangs on the first. */
    @Nullable
    CommitWait takeUpTo(long highWatermark) {
        CommitWait head = first;
        if (head == null || head.endOffset > highWatermark) {
            return null;
        }
        CommitWait end = head;
        while (end.after != null && end.after.endOffset <= highWatermark) {
            end = end.after;
        }
        first = end.after;
        end.after = null;
        if (first == null) {
            last = null;
        } else {
            first.before = null;
        }
        return head;
    }

    /** Takes what has waited for too long. */
    @Nullable
    CommitWait takeExpired(long nowNanos) {
        CommitWait taken = null;
        CommitWait wait = first;
        while (wait != null) {
            CommitWait next = wait.after;
            if (nowNanos - wait.deadlineNanos >= 0) {
                remove(wait);
                wait.after = taken;
                taken = wait;
            }
            wait = next;
        }
        return taken;
    }

    @Nullable
    CommitWait takeAll() {
        CommitWait all = first;
        first = null;
        last = null;
        return all;
    }

    private void remove(CommitWait wait) {
        if (wait.before == null) {
            first = wait.after;
        } else {
            wait.before.after = wait.after;
        }
        if (wait.after == null) {
            last = wait.before;
        } else {
            wait.after.before = wait.before;
        }
    }

    /** Ends a chain that was taken out. */
    static void end(@Nullable CommitWait chain, Errors outcome) {
        CommitWait wait = chain;
        while (wait != null) {
            CommitWait next = wait.after;
            wait.after = null;
            wait.before = null;
            wait.ended(outcome);
            wait = next;
        }
    }
}
