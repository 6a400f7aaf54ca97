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
        return tryReserve(bytes, 0);
    }

    /** @param leftBytes that must be left for others: see {@link #tryReserve(long)} */
    public boolean tryReserve(long bytes, long leftBytes) {
        if (usedBytes.addAndGet(bytes) > limitBytes - leftBytes) {
            usedBytes.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    /**
     * Returns false, and counts nothing, unless the caller holds all that is used: what is larger than the limit comes through alone.
     *
     * @param heldBytes what the caller holds already
     */
    public boolean tryReserveAlone(long bytes, long heldBytes) {
        return usedBytes.compareAndSet(heldBytes, heldBytes + bytes);
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

    /** Whether so much is used that others may soon find none. */
    public boolean isScarce() {
        return usedBytes.get() >= limitBytes / 2;
    }

    /** What is left; 0 when the limit is exceeded. */
    public long freeBytes() {
        return Math.max(0, limitBytes - usedBytes.get());
    }

    public long usedBytes() {
        return usedBytes.get();
    }

    public long limitBytes() {
        return limitBytes;
    }
}
