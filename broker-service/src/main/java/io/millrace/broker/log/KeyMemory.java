package io.millrace.broker.log;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The memory that the requests' keys of all partitions of a broker take, and how they are scattered in it. A leader takes no further key
 * beyond the limit.
 */
public final class KeyMemory {
    private final long limitBytes;
    private final long seed;
    private final AtomicLong usedBytes = new AtomicLong();

    /** @param seed random, and known to nobody: clients that speak Kafka's protocol choose the ids of their keys */
    public KeyMemory(long limitBytes, long seed) {
        this.limitBytes = limitBytes;
        this.seed = seed;
    }

    /** An id's hash: murmur3's finalizer over a secret multiple, so that nobody can choose ids that all meet. */
    int hash(long producerId) {
        long mixed = (producerId ^ seed) * (seed | 1);
        mixed = (mixed ^ mixed >>> 33) * 0xff51afd7ed558ccdL;
        mixed = (mixed ^ mixed >>> 33) * 0xc4ceb9fe1a85ec53L;
        return (int) (mixed ^ mixed >>> 33);
    }

    public long usedBytes() {
        return usedBytes.get();
    }

    boolean isFull() {
        return usedBytes.get() >= limitBytes;
    }

    void add(long bytes) {
        usedBytes.addAndGet(bytes);
    }
}
