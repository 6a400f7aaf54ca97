package io.millrace.gateway.producer;

/** How long to wait before the next try: twice as long after each failure, up to a limit. */
record RetryBackoff(long initialNanos, long maxNanos) {
    private static final int MAX_DOUBLINGS = 20;

    long nanos(int failures) {
        return Math.min(maxNanos, initialNanos << Math.clamp(failures - 1, 0, MAX_DOUBLINGS));
    }
}
