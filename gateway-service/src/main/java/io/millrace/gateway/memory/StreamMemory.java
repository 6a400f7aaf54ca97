package io.millrace.gateway.memory;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * Counts what streams hold whose bodies may be of any length. Each has a little from its beginning, and more while it needs it; one that needs
 * more waits for it, rather than end in the middle of its body.
 */
public final class StreamMemory {
    private final MemoryBudget budget;
    private final Duration patience;
    private final String holders;
    private final LongSupplier nanoClock;
    /**
     * Of the stream that may grow though the memory is full: so there is always one that gets its line, and gives back what it has, where
     * all wait for each other.
     */
    final Semaphore beyond = new Semaphore(1);
    final AtomicInteger waiting = new AtomicInteger();

    /**
     * @param patience how long a stream waits for memory, and how long it may hold what it has grown by while others wait
     * @param holders  of the memory, as they are told
     */
    public StreamMemory(long limitBytes, Duration patience, String holders) {
        this(limitBytes, patience, holders, System::nanoTime);
    }

    StreamMemory(long limitBytes, Duration patience, String holders, LongSupplier nanoClock) {
        this.budget = new MemoryBudget(limitBytes);
        this.patience = patience;
        this.holders = holders;
        this.nanoClock = nanoClock;
    }

    public MemoryBudget budget() {
        return budget;
    }

    /**
     * @param firstBytes what the stream has from its beginning
     * @throws RefusedException with {@code QUEUE_FULL} when there is not so much
     */
    public StreamShare open(long firstBytes) {
        if (!budget.tryReserve(firstBytes)) {
            throw full();
        }
        return new StreamShare(this, firstBytes);
    }

    long nanoTime() {
        return nanoClock.getAsLong();
    }

    long patienceNanos() {
        return patience.toNanos();
    }

    RefusedException full() {
        return new RefusedException(ErrorCode.QUEUE_FULL, holders + " hold " + budget.limitBytes() / 1024
                + " KiB already; try again later");
    }

    RefusedException heldTooLong() {
        return new RefusedException(ErrorCode.QUEUE_FULL, "what was begun did not come to its end in " + patience
                .toMillis()
                + " ms, and others wait for the memory that it takes; send what is not reported again later");
    }
}
