package io.millrace.gateway.edge;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the memory of large bodies, and of what is made of them, against one limit, so that many at once cannot use up the heap. */
public final class BodyMemory {
    /** Bodies up to here are not counted. */
    public static final int SMALL_BODY_BYTES = 64 * 1024;

    private final long limitBytes;
    private final AtomicLong usedBytes = new AtomicLong();

    public BodyMemory(long limitBytes) {
        this.limitBytes = limitBytes;
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
        if (heldBytes + bytes > limitBytes) {
            throw new RefusedException(ErrorCode.BODY_TOO_LARGE, "the body takes more than the " + limitBytes / 1024
                    + " KiB that there are for all large bodies");
        }
        if (usedBytes.addAndGet(bytes) > limitBytes) {
            usedBytes.addAndGet(-bytes);
            throw new RefusedException(ErrorCode.QUEUE_FULL, "more than " + limitBytes / 1024
                    + " KiB of large bodies are being read; try again later");
        }
    }

    public void release(long bytes) {
        usedBytes.addAndGet(-bytes);
    }

    public long usedBytes() {
        return usedBytes.get();
    }
}
