package io.millrace.broker.replication.fetch;

/** Lets so many bytes pass in a second, one second's worth at once. What is taken beyond it is owed. Shared by all fetchers of a broker. */
final class TokenBucket {
    private static final long SECOND_NANOS = 1_000_000_000L;

    private long bytesPerSecond;
    private double bytes;
    private long filledNanos;

    /** @param bytesPerSecond 0 is without limit */
    TokenBucket(long bytesPerSecond, long nowNanos) {
        this.bytesPerSecond = bytesPerSecond;
        this.bytes = bytesPerSecond;
        this.filledNanos = nowNanos;
    }

    /** Another limit from now on; what is owed is still owed. */
    synchronized void limitTo(long newBytesPerSecond, long nowNanos) {
        if (newBytesPerSecond != bytesPerSecond) {
            boolean wasLimited = bytesPerSecond != 0;
            available(nowNanos);
            bytesPerSecond = newBytesPerSecond;
            bytes = wasLimited ? Math.min(bytes, bytesPerSecond) : bytesPerSecond;
            filledNanos = nowNanos;
        }
    }

    /** What may pass now; not positive while more is owed. */
    synchronized long available(long nowNanos) {
        if (bytesPerSecond == 0) {
            return Long.MAX_VALUE;
        }
        long passedNanos = Math.max(0, nowNanos - filledNanos);
        filledNanos += passedNanos;
        bytes = Math.min(bytesPerSecond, bytes + (double) bytesPerSecond * passedNanos / SECOND_NANOS);
        return (long) bytes;
    }

    /** How long until something may pass again. */
    synchronized long nanosUntilAvailable(long nowNanos) {
        return available(nowNanos) >= 1 ? 0 : (long) ((1 - bytes) * SECOND_NANOS / bytesPerSecond) + 1;
    }

    synchronized void take(long taken) {
        if (bytesPerSecond > 0) {
            bytes -= taken;
        }
    }
}
