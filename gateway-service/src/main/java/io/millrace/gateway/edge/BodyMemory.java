package io.millrace.gateway.edge;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.memory.CountedMemory;
import io.millrace.gateway.memory.MemoryBudget;

/** Counts the memory of large bodies, and of what is made of them, against one limit, so that many at once cannot use up the heap. */
public final class BodyMemory implements CountedMemory {
    /** Bodies up to here are not counted. */
    public static final int SMALL_BODY_BYTES = 64 * 1024;

    private final MemoryBudget budget;

    public BodyMemory(long limitBytes) {
        this.budget = new MemoryBudget(limitBytes);
    }

    @Override
    public String kind() {
        return "bodies";
    }

    @Override
    public MemoryBudget budget() {
        return budget;
    }

    /** @throws RefusedException with {@code QUEUE_FULL}, or {@code BODY_TOO_LARGE} if there is never so much */
    public void reserve(long bytes) {
        reserve(bytes, 0);
    }

    /**
     * @param heldBytes that are reserved for the same body already
     * @throws RefusedException with {@code QUEUE_FULL}, or {@code BODY_TOO_LARGE} if there is never so much
     */
    public void reserve(long bytes, long heldBytes) {
        if (heldBytes + bytes > budget.limitBytes()) {
            throw new RefusedException(ErrorCode.BODY_TOO_LARGE, "the body takes more than the " + budget.limitBytes()
                    / 1024
                    + " KiB that there are for all large bodies");
        }
        if (!budget.tryReserve(bytes)) {
            throw new RefusedException(ErrorCode.QUEUE_FULL, "more than " + budget.limitBytes() / 1024
                    + " KiB of large bodies are being read; try again later");
        }
    }

    public void release(long bytes) {
        budget.release(bytes);
    }

    public long usedBytes() {
        return budget.usedBytes();
    }
}
