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

    /**
     * The same, but whoever holds all that is used may go beyond: what is larger than the limit comes through alone.
     *
     * @param heldBytes what the caller holds already
     */
    public boolean tryReserveOrAlone(long bytes, long heldBytes) {
        while (true) {
            long used = usedBytes.get();
            if (used + bytes > limitBytes && used > heldBytes) {
                return false;
            }
            if (usedBytes.compareAndSet(used, used + bytes)) {
                return true;
            }
        }
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
