package io.millrace.broker.log;

import java.util.ArrayDeque;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.apache.kafka.common.utils.BufferSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Buffers for checking compressed batches, and for compressing them anew, shared by all partitions and lent to one thread at a time. Keeps at most {@link #MAX_IDLE} sets; when
 * more threads than that decompress at once, theirs are made anew and dropped afterwards.
 */
public final class DecompressionBuffers {
    static final int MAX_IDLE = 16;

    /** One thread's set. */
    static final class Lent {
        final BufferSupplier supplier = BufferSupplier.create();
        final byte[] window = new byte[RecordScan.WINDOW_BYTES];
    }

    /** Appends that are compressed anew at once; each may need as much memory as {@link Recompression#MAX_APPEND_BYTES}, and others wait. */
    static final int MAX_RECOMPRESSIONS = 4;

    private final Semaphore recompressions = new Semaphore(MAX_RECOMPRESSIONS);
    private final ArrayDeque<Lent> idle = new ArrayDeque<>(MAX_IDLE);

    /** Runs what compresses an append anew and stores it, when its turn has come. */
    <T> T recompressing(Function<Lent, T> work) {
        recompressions.acquireUninterruptibly();
        Lent lent = borrow();
        try {
            return work.apply(lent);
        } finally {
            giveBack(lent);
            recompressions.release();
        }
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
