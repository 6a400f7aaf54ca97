package io.millrace.gateway.answers;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.BatchMemory;
import io.millrace.common.wire.ResponseMemory;
import io.millrace.gateway.memory.MemoryBudget;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * What one answer holds of the memory of all. A leader's answer is counted once its size is known, before it is taken in: a fetch that waits
 * for records holds nothing. With it as much again is reserved for what it is rendered into, so that those who have fetched can go on. Until
 * an answer has a record it may go beyond the limit if it is alone, so that no record is too large to be read (KIP-74).
 *
 * <p>A part of the memory is left to small answers, so that those are served while large ones, which their clients do not take, hold the rest.
 *
 * <p>Leaders' answers come on other threads, and may come when they are not wanted any more.
 */
public final class AnswerShare implements ResponseMemory, AutoCloseable {
    /** A fetch for less is not worth its way. */
    private static final int LEAST_FETCH_BYTES = 16 * 1024;
    /** So that several who fetch at a time find memory, each for what it fetches and for rendering it. */
    private static final int PARTS_OF_FREE = 4;
    private static final int SMALL_ANSWER_BYTES = 64 * 1024;
    private static final int PARTS_FOR_SMALL = 8;
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final int MAX_DOUBLINGS = 3;

    private final MemoryBudget budget;
    private final long leftToSmallBytes;
    private final AnswersProperties properties;
    private final long openedNanos = System.nanoTime();
    private final BatchMemory batches = new Batches();
    private long fetchedBytes;
    private long unpackedBytes;
    private long renderedBytes;
    private long reservedBytes;
    private int refusals;
    private boolean hasRecord;
    private boolean closed;

    AnswerShare(MemoryBudget budget, AnswersProperties properties) {
        this.budget = budget;
        this.leftToSmallBytes = budget.limitBytes() / PARTS_FOR_SMALL;
        this.properties = properties;
    }

    /** How much to fetch of what is wanted, as things stand. */
    public int fetchBytes(long wantedBytes) {
        return (int) Math.min(wantedBytes, Math.clamp((budget.freeBytes() - leftToSmallBytes) / PARTS_OF_FREE,
                LEAST_FETCH_BYTES, Integer.MAX_VALUE));
    }

    @Override
    public synchronized boolean admits(int sizeBytes) {
        return !closed && hold(fetchedBytes + sizeBytes, unpackedBytes, renderedBytes);
    }

    /** What compressed batches of the leaders' answers are decompressed into. */
    public BatchMemory batches() {
        return batches;
    }

    /** Before so much is rendered into, beyond what there is already. Returns false when there is no memory for it. */
    synchronized boolean tryRender(int bytes) {
        return hold(fetchedBytes, unpackedBytes, renderedBytes + bytes);
    }

    /** So little that it is not worth a refusal. */
    synchronized void render(int bytes) {
        renderedBytes += bytes;
        long needed = neededBytes(fetchedBytes, unpackedBytes, renderedBytes);
        budget.take(needed - reservedBytes);
        reservedBytes = needed;
    }

    synchronized void giveBackRendered(int bytes) {
        hold(fetchedBytes, unpackedBytes, renderedBytes - bytes);
    }

    /** From now on nothing beyond the limit is taken. */
    synchronized void recordRendered() {
        hasRecord = true;
    }

    /** No batch that was decompressed is needed any more. */
    public synchronized void releaseBatches() {
        hold(fetchedBytes, 0, renderedBytes);
    }

    /** What leaders have answered so far is rendered and not needed any more. */
    public synchronized void releaseFetched() {
        hold(0, 0, renderedBytes);
    }

    /** Gives everything back, to begin anew. */
    public synchronized void clear() {
        hold(0, 0, 0);
        hasRecord = false;
        refusals = 0;
    }

    /** Whether there was no memory for something. */
    public synchronized boolean wasRefused() {
        return refusals > 0;
    }

    public RefusedException refusal() {
        return new RefusedException(ErrorCode.QUEUE_FULL, "the " + budget.limitBytes() / 1024
                + " KiB that there are for answers are used by others that their clients have not taken; try again later");
    }

    /** Until when an answer waits for memory that wants to wait for records until then. */
    public long patientUntil(long deadlineNanos) {
        long patient = openedNanos + properties.maxWait().toNanos();
        return patient - deadlineNanos > 0 ? patient : deadlineNanos;
    }

    /** After a refusal, waits a little for others to give back memory, longer each time. Returns false at once when the time is over. */
    public boolean awaitRoom(long deadlineNanos) throws InterruptedException {
        int doublings;
        synchronized (this) {
            doublings = Math.clamp(refusals - 1, 0, MAX_DOUBLINGS);
        }
        long left = deadlineNanos - System.nanoTime();
        if (left <= 0) {
            return false;
        }
        TimeUnit.NANOSECONDS.sleep(Math.min(left, FIRST_PAUSE_NANOS << doublings));
        return true;
    }

    /** @throws IOException that ends the connection, when the client takes too long for its answer */
    void checkPace(long begunNanos) throws IOException {
        long takenNanos = System.nanoTime() - begunNanos;
        if (takenNanos > properties.maxTime().toNanos() || takenNanos > properties.drainLimit().toNanos() && budget
                .isScarce()) {
            throw new SlowClientException(TimeUnit.NANOSECONDS.toMillis(takenNanos));
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        hold(0, 0, 0);
    }

    private static long neededBytes(long fetched, long unpacked, long rendered) {
        return fetched + unpacked + Math.max(fetched, rendered);
    }

    /** Returns false, and changes nothing, when there is not so much. */
    private boolean hold(long fetched, long unpacked, long rendered) {
        long needed = neededBytes(fetched, unpacked, rendered);
        long more = needed - reservedBytes;
        if (more > 0) {
            long leftBytes = needed > SMALL_ANSWER_BYTES ? leftToSmallBytes : 0;
            if (!budget.tryReserve(more, leftBytes) && (hasRecord || !budget.tryReserveAlone(more, reservedBytes))) {
                refusals++;
                return false;
            }
        }
        if (more < 0) {
            budget.release(-more);
        }
        fetchedBytes = fetched;
        unpackedBytes = unpacked;
        renderedBytes = rendered;
        reservedBytes = needed;
        return true;
    }

    private final class Batches implements BatchMemory {
        @Override
        public boolean tryTake(long bytes) {
            synchronized (AnswerShare.this) {
                return hold(fetchedBytes, unpackedBytes + bytes, renderedBytes);
            }
        }

        @Override
        public void giveBack(long bytes) {
            synchronized (AnswerShare.this) {
                hold(fetchedBytes, unpackedBytes - bytes, renderedBytes);
            }
        }
    }
}
