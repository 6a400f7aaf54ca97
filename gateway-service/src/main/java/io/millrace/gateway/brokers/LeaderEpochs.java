package io.millrace.gateway.brokers;

import org.jspecify.annotations.Nullable;

/**
 * The highest leader epoch seen of each of a topic's partitions, and since when the metadata names a lower one. Times are arguments. Any
 * thread may call: what it keeps never goes back but by {@link #isCurrent}'s leave.
 */
final class LeaderEpochs {
    /** Not behind. */
    private static final long NEVER = Long.MIN_VALUE;

    private record Seen(int epoch, long behindSinceNanos) {}

    private final long patienceNanos;
    private volatile @Nullable Seen[] seen = new Seen[0];

    /** @param patienceNanos how long a lower epoch is refused before it is believed */
    LeaderEpochs(long patienceNanos) {
        this.patienceNanos = patienceNanos;
    }

    /** Whether the epoch is the highest seen of the partition, this call's included. */
    boolean isCurrent(int partition, int epoch, long nowNanos) {
        @Nullable
        Seen[] known = seen;
        Seen last = partition < known.length ? known[partition] : null;
        return last != null && last.epoch == epoch && last.behindSinceNanos == NEVER || note(partition, epoch,
                nowNanos);
    }

    private synchronized boolean note(int partition, int epoch, long nowNanos) {
        @Nullable
        Seen[] changed = new Seen[Math.max(seen.length, partition + 1)];
        System.arraycopy(seen, 0, changed, 0, seen.length);
        Seen last = changed[partition];
        boolean isBehind = last != null && epoch < last.epoch;
        if (last != null && isBehind) {
            long since = last.behindSinceNanos == NEVER ? nowNanos : last.behindSinceNanos;
            isBehind = nowNanos - since < patienceNanos;
            changed[partition] = isBehind ? new Seen(last.epoch, since) : new Seen(epoch, NEVER);
        } else {
            changed[partition] = new Seen(epoch, NEVER);
        }
        seen = changed;
        return !isBehind;
    }
}
