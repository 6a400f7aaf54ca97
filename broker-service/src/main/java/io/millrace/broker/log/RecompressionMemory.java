package io.millrace.broker.log;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
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

    private record Waiting(int kibibytes, CompletableFuture<@Nullable Share> answer) {}

    private final int kibibytes;
    private final Duration longestWait;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private int freeKibibytes;

    RecompressionMemory(int mebibytes, Duration longestWait) {
        this.kibibytes = mebibytes * KIBIBYTES_IN_MEBIBYTE;
        this.longestWait = longestWait;
        this.freeKibibytes = kibibytes;
    }

    /**
     * Waits for memory.
     *
     * @param maxBytes more than there is counts as all there is
     * @return null if there was none in time
     */
    @Nullable
    Share take(int maxBytes) {
        int wanted = Math.max(1, Math.min(kibibytes(maxBytes), kibibytes));
        Waiting turn = new Waiting(wanted, new CompletableFuture<>());
        synchronized (this) {
            waiting.addLast(turn);
            serve();
        }
        if (!turn.answer.isDone()) {
            turn.answer.completeOnTimeout(null, longestWait.toNanos(), TimeUnit.NANOSECONDS);
        }
        Share share = turn.answer.join();
        if (share == null) {
            giveUp(turn);
        }
        return share;
    }

    private synchronized void giveUp(Waiting turn) {
        waiting.remove(turn);
        serve();
    }

    private synchronized void release(int released) {
        freeKibibytes += released;
        serve();
    }

    private void serve() {
        Waiting next = waiting.peekFirst();
        while (next != null && next.kibibytes <= freeKibibytes) {
            waiting.removeFirst();
            // Not where its time is up already.
            if (next.answer.complete(new Share(next.kibibytes))) {
                freeKibibytes -= next.kibibytes;
            }
            next = waiting.peekFirst();
        }
    }

    synchronized int freeKibibytes() {
        return freeKibibytes;
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
            release(beyond);
        }

        @Override
        public void close() {
            release(held);
            held = 0;
        }
    }
}
