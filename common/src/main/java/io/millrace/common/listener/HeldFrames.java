package io.millrace.common.listener;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The frames whose requests wait for others. A frame's own memory is free again once it is parsed, but what it was parsed into, some tens of times as
 * large, stays for as long as its request waits: so there is an account for it, beside the number of those that wait.
 */
public final class HeldFrames {
    /** Of all together, unless there is but one. */
    public static final int MAX_BYTES = 8 << 20;

    private final AtomicLong heldBytes = new AtomicLong();

    /** @return false when there is no room; nothing is to be given back then */
    public boolean tryTake(int frameBytes) {
        long held = heldBytes.addAndGet(frameBytes);
        if (held <= MAX_BYTES || held == frameBytes) {
            return true;
        }
        heldBytes.addAndGet(-frameBytes);
        return false;
    }

    public void giveBack(int frameBytes) {
        heldBytes.addAndGet(-frameBytes);
    }
}
