package io.millrace.gateway.edge;

import io.millrace.common.error.RefusedException;

/** What one request has of the memory of large bodies, until it gives it back. One thread's own. */
public final class ReservedMemory implements AutoCloseable {
    private final BodyMemory memory;
    private long reservedBytes;

    public ReservedMemory(BodyMemory memory) {
        this.memory = memory;
    }

    /** @throws RefusedException with {@code QUEUE_FULL}, or {@code BODY_TOO_LARGE} if there is never so much */
    public void reserve(long moreBytes) {
        memory.reserve(moreBytes, reservedBytes);
        reservedBytes += moreBytes;
    }

    /** Gives back all of it; more may be reserved afterwards. */
    @Override
    public void close() {
        memory.release(reservedBytes);
        reservedBytes = 0;
    }
}
