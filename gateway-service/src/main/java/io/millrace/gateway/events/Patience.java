package io.millrace.gateway.events;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How long a client waits for events: as long as the stream lives, or until it has some and at most for a while (a long poll). */
final class Patience {
    private final boolean endless;
    private final long deadlineNanos;

    private Patience(boolean endless, long deadlineNanos) {
        this.endless = endless;
        this.deadlineNanos = deadlineNanos;
    }

    /**
     * @param timeoutMs longest wait, null for ever
     * @param longest   more is taken for this
     */
    static Patience of(@Nullable Long timeoutMs, Duration longest) {
        if (timeoutMs == null) {
            return new Patience(true, 0);
        }
        if (timeoutMs < 0) {
            throw new RefusedException(ErrorCode.INVALID_SETTING, "timeout: " + timeoutMs + " is negative");
        }
        var wait = Duration.ofMillis(Math.min(timeoutMs, longest.toMillis()));
        return new Patience(false, System.nanoTime() + wait.toNanos());
    }

    /** @param hasAnswer whether the client has got what it waits for */
    boolean isOver(boolean hasAnswer) {
        return !endless && (hasAnswer || leftNanos() <= 0);
    }

    boolean isEndless() {
        return endless;
    }

    /** How long ago the time was over; negative before. */
    long overdueNanos() {
        return endless ? Long.MIN_VALUE : System.nanoTime() - deadlineNanos;
    }

    long leftNanos() {
        return endless ? Long.MAX_VALUE : Math.max(0, deadlineNanos - System.nanoTime());
    }
}
