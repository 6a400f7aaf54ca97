package io.millrace.gateway.events;

import java.util.concurrent.atomic.AtomicLong;

/** What all feeds of a gateway may hold together. Over it each feed keeps no more than its newest entry. */
final class RingBudget {
    private final long limitBytes;
    private final AtomicLong usedBytes = new AtomicLong();

    RingBudget(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    void take(long bytes) {
        usedBytes.addAndGet(bytes);
    }

    void giveBack(long bytes) {
        usedBytes.addAndGet(-bytes);
    }

    boolean isExceeded() {
        return usedBytes.get() > limitBytes;
    }

    long usedBytes() {
        return usedBytes.get();
    }
}
