package io.millrace.broker.log;

import java.util.concurrent.atomic.AtomicLong;

/** The memory that the requests' keys of all partitions of a broker take. A leader takes no further key beyond the limit. */
public final class KeyMemory {
    private final long limitBytes;
    private final AtomicLong usedBytes = new AtomicLong();

    public KeyMemory(long limitBytes) {
        this.limitBytes = limitBytes;
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
