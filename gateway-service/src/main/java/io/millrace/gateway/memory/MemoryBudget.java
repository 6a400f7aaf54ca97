package io.millrace.gateway.memory;

import java.util.concurrent.atomic.AtomicLong;

/** Counts bytes against a limit. Who reserves stays below it; who takes what is there already may go beyond, and looks before the next. */
public final class MemoryBudget {
    private final long limitBytes;
    private final AtomicLong usedBytes = new AtomicLong();

    public MemoryBudget(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /** Returns false, and counts nothing, when there is not so much left. */
    public boolean tryReserve(long bytes) {
        if (usedBytes.addAndGet(bytes) > limitBytes) {
            usedBytes.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    public void take(long bytes) {
        usedBytes.addAndGet(bytes);
    }

    public void release(long bytes) {
        usedBytes.addAndGet(-bytes);
    }

    public boolean isExceeded() {
        return usedBytes.get() > limitBytes;
    }

    public long usedBytes() {
        return usedBytes.get();
    }

    public long limitBytes() {
        return limitBytes;
    }
}
