package io.millrace.coordinator.instance;

import java.time.Duration;

/** When a consumer's confirmed offsets are committed: at intervals, and ever more rarely while that fails. */
final class CommitSchedule {
    private final long intervalMs;
    private final long maxBackoffMs;
    private long notBeforeMs;
    private long backoffMs;

    CommitSchedule(Duration interval, Duration maxBackoff, long nowMs) {
        this.intervalMs = interval.toMillis();
        this.maxBackoffMs = Math.max(intervalMs, maxBackoff.toMillis());
        this.backoffMs = intervalMs;
        this.notBeforeMs = nowMs + intervalMs;
    }

    synchronized boolean isDue(long nowMs) {
        return nowMs - notBeforeMs >= 0;
    }

    synchronized boolean isFailing() {
        return backoffMs > intervalMs;
    }

    synchronized void succeeded(long nowMs) {
        backoffMs = intervalMs;
        notBeforeMs = nowMs + intervalMs;
    }

    synchronized void failed(long nowMs) {
        backoffMs = Math.min(maxBackoffMs, 2 * backoffMs);
        notBeforeMs = nowMs + backoffMs;
    }
}
