package io.millrace.gateway.produce;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the memory of large bodies against a limit, so that many at once cannot use up the heap. */
final class BodyMemory {
    private final long limitBytes;
    private final AtomicLong usedBytes = new AtomicLong();

    BodyMemory(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /** @throws RefusedException with {@code QUEUE_FULL} */
    void reserve(long bytes) {
        if (usedBytes.addAndGet(bytes) > limitBytes) {
            usedBytes.addAndGet(-bytes);
            throw new RefusedException(ErrorCode.QUEUE_FULL, "more than " + limitBytes / 1024
                    + " KiB of large bodies are being read; try again later");
        }
    }

    void release(long bytes) {
        usedBytes.addAndGet(-bytes);
    }

    long usedBytes() {
        return usedBytes.get();
    }
}
