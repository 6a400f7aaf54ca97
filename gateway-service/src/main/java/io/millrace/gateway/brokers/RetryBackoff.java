package io.millrace.gateway.brokers;

import java.time.Duration;

/** How long to wait before the next try: twice as long after each failure, up to a limit. */
public record RetryBackoff(long initialNanos, long maxNanos) {
    private static final int MAX_DOUBLINGS = 20;

    public static RetryBackoff of(Duration initial, Duration max) {
        return new RetryBackoff(initial.toNanos(), max.toNanos());
    }

    /** @param failures so far, in a row */
    public long nanos(int failures) {
        long doubled = initialNanos << Math.clamp(failures - 1, 0, MAX_DOUBLINGS);
        return doubled < initialNanos ? maxNanos : Math.min(maxNanos, doubled);
    }
}
