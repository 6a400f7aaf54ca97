package io.millrace.gateway.produce;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.concurrent.atomic.AtomicLong;

/** Counts what all streams of lines hold together: their buffers, and the lines that are not reported yet. */
final class LineMemory {
    /** What a stream has from its beginning: a buffer, and as much for lines that are not reported yet. */
    static final int FIRST_BYTES = 64 * 1024;

    private final long limitBytes;
    private final AtomicLong usedBytes = new AtomicLong();

    LineMemory(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    boolean tryReserve(long bytes) {
        if (usedBytes.addAndGet(bytes) > limitBytes) {
            usedBytes.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    void release(long bytes) {
        usedBytes.addAndGet(-bytes);
    }

    long usedBytes() {
        return usedBytes.get();
    }

    RefusedException isFull() {
        return new RefusedException(ErrorCode.QUEUE_FULL, "the streams of lines hold " + limitBytes / 1024
                + " KiB already; try again later");
    }
}
