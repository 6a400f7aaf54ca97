package io.millrace.gateway.events;

import io.millrace.common.record.BatchMemory;
import io.millrace.common.wire.ResponseMemory;
import io.millrace.gateway.memory.MemoryBudget;

/**
 * What one stream holds of a memory that all of its kind share. A leader's answer is counted once its size is known, before it is taken in,
 * so that a stream which waits for records holds nothing; with it as much again is, for what it is rendered into. What is larger than the
 * limit comes through alone.
 *
 * <p>Leaders' answers come on other threads, and may come when they are not wanted any more.
 */
final class StreamShare implements ResponseMemory, BatchMemory, AutoCloseable {
    /** What was fetched, and what it is rendered into. */
    private static final int PARTS = 2;

    private final MemoryBudget budget;
    private long heldBytes;
    /** Of what is held, what has not been used for an answer yet. */
    private long aheadBytes;
    private boolean closed;

    StreamShare(MemoryBudget budget) {
        this.budget = budget;
    }

    /** Reserves memory for answers of so many bytes. Returns false, and reserves nothing, when there is none. */
    synchronized boolean tryReserveAhead(int answerBytes) {
        long bytes = (long) PARTS * answerBytes;
        boolean isReserved = tryTake(bytes);
        aheadBytes += isReserved ? bytes : 0;
        return isReserved;
    }

    @Override
    public synchronized boolean admits(int sizeBytes) {
        long bytes = (long) PARTS * sizeBytes;
        long ahead = Math.min(aheadBytes, bytes);
        if (closed || !tryTake(bytes - ahead)) {
            return false;
        }
        aheadBytes -= ahead;
        return true;
    }

    @Override
    public synchronized boolean tryTake(long bytes) {
        if (!budget.tryReserve(bytes) && !budget.tryReserveAlone(bytes, heldBytes)) {
            return false;
        }
        heldBytes += bytes;
        return true;
    }

    @Override
    public synchronized void giveBack(long bytes) {
        budget.release(bytes);
        heldBytes -= bytes;
    }

    /** It holds so much and no more, which is there already. */
    synchronized void hold(long bytes) {
        budget.take(bytes - heldBytes);
        heldBytes = bytes;
        aheadBytes = 0;
    }

    @Override
    public synchronized void close() {
        closed = true;
        hold(0);
    }
}
