package io.millrace.coordinator.instance;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What is heard of how a consumer's last answer went out. The next poll, which may be served by another gateway, can wait for it. */
final class LastAnswer {
    private long pollNumber;
    private @Nullable Boolean whole;

    /** The answer of this poll is about to go out. */
    synchronized void expect(long ofPoll) {
        // Told once more, late, it may have been heard of already.
        if (pollNumber != ofPoll) {
            pollNumber = ofPoll;
            whole = null;
        }
    }

    /** Without effect when another is expected. */
    synchronized void tell(long ofPoll, boolean wentOutWhole) {
        if (ofPoll == pollNumber) {
            whole = wentOutWhole;
            notifyAll();
        }
    }

    /** Waits until it was heard of the answer expected. What is not heard of by then has died with its gateway. */
    synchronized boolean isWhole(Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        while (whole == null) {
            long leftMs = Duration.ofNanos(end - System.nanoTime()).toMillis();
            if (leftMs <= 0) {
                return false;
            }
            try {
                wait(leftMs);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return whole;
    }
}
