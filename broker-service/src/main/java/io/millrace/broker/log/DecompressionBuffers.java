package io.millrace.broker.log;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.Semaphore;
import org.apache.kafka.common.utils.BufferSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Buffers for checking compressed batches, and for compressing them anew, shared by all partitions and lent to one thread at a time. Keeps at most {@link #MAX_IDLE} sets; when
 * more threads than that decompress at once, theirs are made anew and dropped afterwards.
 */
public final class DecompressionBuffers {
    static final int MAX_IDLE = 16;
    /** Batches that unpack to much are unpacked so many at a time; others of them wait, small ones do not. */
    static final int MAX_LARGE = 4;

    /** One thread's set. */
    static final class Lent {
        final BufferSupplier supplier = BufferSupplier.create();
        final byte[] window = new byte[RecordScan.WINDOW_BYTES];
    }

    private final RecompressionMemory recompression;
    private final Runnable othersTurn;
    private final Semaphore large = new Semaphore(MAX_LARGE, true);
    private final ArrayDeque<Lent> idle = new ArrayDeque<>(MAX_IDLE);

    public DecompressionBuffers() {
        this(() -> {});
    }

    /** @param othersTurn called now and then by whoever unpacks much, so that others who want its processor get it */
    public DecompressionBuffers(Runnable othersTurn) {
        this(RecompressionMemory.DEFAULT_MEBIBYTES, RecompressionMemory.DEFAULT_LONGEST_WAIT, othersTurn);
    }

    /**
     * With limits of its own.
     *
     * @param recompressionMebibytes of all appends that are compressed anew and not written yet
     * @param longestWait            an append that finds no memory for so long is refused
     */
    public DecompressionBuffers(int recompressionMebibytes, Duration longestWait) {
        this(recompressionMebibytes, longestWait, () -> {});
    }

    private DecompressionBuffers(int recompressionMebibytes, Duration longestWait, Runnable othersTurn) {
        this.recompression = new RecompressionMemory(recompressionMebibytes, longestWait);
        this.othersTurn = othersTurn;
    }

    Semaphore large() {
        return large;
    }

    Runnable othersTurn() {
        return othersTurn;
    }

    RecompressionMemory recompression() {
        return recompression;
    }

    synchronized Lent borrow() {
        @Nullable
        Lent lent = idle.pollLast();
        return lent != null ? lent : new Lent();
    }

    synchronized void giveBack(Lent lent) {
        if (idle.size() < MAX_IDLE) {
            idle.addLast(lent);
        } else {
            lent.supplier.close();
        }
    }
}
