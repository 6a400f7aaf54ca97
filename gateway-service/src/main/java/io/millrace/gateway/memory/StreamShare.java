package io.millrace.gateway.memory;

import io.millrace.common.error.RefusedException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** What one stream holds of the memory of all. One thread's own. */
public final class StreamShare implements AutoCloseable {
    private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final StreamMemory memory;
    private final MemoryBudget budget;
    private final long firstBytes;
    private long grownBytes;
    private long grownSinceNanos;
    private boolean isBeyond;

    StreamShare(StreamMemory memory, long firstBytes) {
        this.memory = memory;
        this.budget = memory.budget();
        this.firstBytes = firstBytes;
    }

    /** Waits until there is memory for so much more than at the beginning. @throws RefusedException if there is none for too long */
    public void reserve(long moreBytes) throws InterruptedException {
        if (tryReserve(moreBytes)) {
            return;
        }
        long deadline = memory.nanoTime() + memory.patienceNanos();
        memory.waiting.incrementAndGet();
        try {
            while (!tryReserve(moreBytes)) {
                if (isBeyond || memory.beyond.tryAcquire()) {
                    isBeyond = true;
                    budget.take(moreBytes);
                    grow(moreBytes);
                    return;
                }
                if (memory.nanoTime() - deadline >= 0) {
                    throw memory.full();
                }
                LockSupport.parkNanos(this, CHECK_NANOS);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
        } finally {
            memory.waiting.decrementAndGet();
        }
    }

    /** The same without waiting. Returns false, and counts nothing, when there is not so much. */
    public boolean tryReserve(long moreBytes) {
        if (!budget.tryReserve(moreBytes)) {
            return false;
        }
        grow(moreBytes);
        return true;
    }

    private void grow(long moreBytes) {
        if (grownBytes == 0) {
            grownSinceNanos = memory.nanoTime();
        }
        grownBytes += moreBytes;
    }

    /** So much of that is not needed any more. */
    public void release(long bytes) {
        budget.release(bytes);
        grownBytes -= bytes;
        leaveBeyondWhenFits(grownBytes == 0);
    }

    /**
     * To be called whenever something of the body has come.
     *
     * @throws RefusedException if it takes the stream too long to come to the end of what it has grown for, while others wait
     */
    public void checkProgress() {
        if (grownBytes == 0) {
            return;
        }
        leaveBeyondWhenFits(false);
        if ((isBeyond || memory.waiting.get() > 0) && memory.nanoTime() - grownSinceNanos > memory.patienceNanos()) {
            throw memory.heldTooLong();
        }
    }

    /** Others have given back what this one is beyond the limit by. */
    private void leaveBeyondWhenFits(boolean holdsNothing) {
        if (isBeyond && (holdsNothing || !budget.isExceeded())) {
            isBeyond = false;
            memory.beyond.release();
        }
    }

    @Override
    public void close() {
        release(grownBytes);
        budget.release(firstBytes);
    }
}
