package io.millrace.gateway.events;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What all group streams hold together of records that their clients have yet to take. A stream takes what it has read already, so that all
 * who read at a time may go beyond the limit by one fetch each; therefore fetches are small once half is used.
 */
final class GroupMemory {
    private final long limitBytes;
    private final AtomicLong usedBytes = new AtomicLong();

    GroupMemory(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    void take(long bytes) {
        usedBytes.addAndGet(bytes);
    }

    void giveBack(long bytes) {
        usedBytes.addAndGet(-bytes);
    }

    boolean isFull() {
        return usedBytes.get() >= limitBytes;
    }

    boolean isScarce() {
        return usedBytes.get() >= limitBytes / 2;
    }

    long usedBytes() {
        return usedBytes.get();
    }

    long limitBytes() {
        return limitBytes;
    }
}
