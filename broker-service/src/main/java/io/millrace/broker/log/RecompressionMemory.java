package io.millrace.broker.log;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The memory for appends that are compressed anew, of all partitions together. An append takes as much as it may need beforehand, and keeps what it
 * turned out to need until it is written. Those who find none get it in the order in which they asked: whoever asks for much would otherwise
 * wait for ever behind those who ask for little.
 */
final class RecompressionMemory {
    /** Four appends at once, each as large as may be, beside those that wait to be written. */
    static final int DEFAULT_MEBIBYTES = 5 * (Recompression.MAX_APPEND_BYTES >> 20);
    /** Afterwards the append is refused; its producer sends it again. */
    static final Duration DEFAULT_LONGEST_WAIT = Duration.ofSeconds(5);
    private static final int KIBIBYTES_IN_MEBIBYTE = 1 << 10;
    private static final int BYTES_IN_KIBIBYTE = 1 << 10;

    private final int kibibytes;
    private final Duration longestWait;
    private final Semaphore free;

    RecompressionMemory(int mebibytes, Duration longestWait) {
        this.kibibytes = mebibytes * KIBIBYTES_IN_MEBIBYTE;
        this.longestWait = longestWait;
        this.free = new Semaphore(kibibytes, true);
    }

    /**
     * Waits for memory.
     *
     * @param maxBytes more than there is counts as all there is
     * @return null if there was none in time, or the thread is to end
     */
    @Nullable
    Share take(int maxBytes) {
        int wanted = Math.max(1, Math.min(kibibytes(maxBytes), kibibytes));
        try {
            return free.tryAcquire(wanted, longestWait.toNanos(), TimeUnit.NANOSECONDS) ? new Share(wanted) : null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    int freeKibibytes() {
        return free.availablePermits();
    }

    private static int kibibytes(int bytes) {
        return bytes / BYTES_IN_KIBIBYTE + 1;
    }

    /** What one append has. */
    final class Share implements AutoCloseable {
        private int held;

        private Share(int held) {
            this.held = held;
        }

        /** Gives back what is beyond this. */
        void shrinkTo(int bytes) {
            int beyond = Math.max(0, held - kibibytes(bytes));
            held -= beyond;
            free.release(beyond);
        }

        @Override
        public void close() {
            free.release(held);
            held = 0;
        }
    }
}
