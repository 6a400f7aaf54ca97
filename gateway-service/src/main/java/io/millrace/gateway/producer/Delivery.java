package io.millrace.gateway.producer;

import io.millrace.common.error.ErrorCode;
import io.millrace.gateway.memory.MemoryBudget;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of one request's records: for each its partition and its offset or why it was not stored. One thread may wait for all of
 * them; those who complete parts of it write to places that nobody else writes to.
 */
public final class Delivery {
    /** In place of an offset: stored, but the broker no longer knows where. */
    public static final long UNKNOWN_OFFSET = -1;
    static final int NONE = -1;

    private final int count;
    private final int[] partitions;
    private final long[] offsets;
    /** The request's next record of the same partition, or {@link #NONE}; null for a single record. */
    private final int @Nullable [] next;
    private final ErrorCode @Nullable [] errors;
    /** Records without a result, and one more until all have been handed to their partitions. */
    private final AtomicInteger open;
    private final MemoryBudget budget;
    private final long reservedBytes;
    private final RefusedRecords refused;
    private final @Nullable LossListener losses;
    private volatile @Nullable Thread waiter;

    /** @param losses told of records that are refused after they were taken, from any thread and under locks; it must not wait */
    Delivery(int count, MemoryBudget budget, long reservedBytes, RefusedRecords refused,
            @Nullable LossListener losses) {
        this.count = count;
        this.partitions = new int[count];
        this.offsets = new long[count];
        this.next = count > 1 ? new int[count] : null;
        this.errors = new ErrorCode[count];
        this.open = new AtomicInteger(count + 1);
        this.budget = budget;
        this.reservedBytes = reservedBytes;
        this.losses = losses;
        this.refused = refused;
    }

    /** Records of the request. */
    public int count() {
        return count;
    }

    public int partition(int record) {
        return partitions[record];
    }

    /** {@link #UNKNOWN_OFFSET} if it was stored at a place that is not known. Meaningful once done, without an error. */
    public long offset(int record) {
        return offsets[record];
    }

    /** Null if it was stored. What has no result yet may or may not be stored: {@code TIMED_OUT}. */
    public @Nullable ErrorCode error(int record) {
        // Read before the error: errors are written before the count falls, so at 0 none is missed and no failed record taken for stored.
        boolean isOpen = open.get() != 0;
        ErrorCode error = errors[record];
        return error == null && isOpen ? ErrorCode.TIMED_OUT : error;
    }

    /** Why it was not stored, as far as is known; null also while it has no result yet. */
    public @Nullable ErrorCode knownError(int record) {
        return errors[record];
    }

    /** Records without a result yet, before all were handed over. */
    int openRecords() {
        return open.get() - 1;
    }

    public boolean isDone() {
        return open.get() == 0;
    }

    /**
     * Waits for every record's result.
     *
     * @return whether all have one
     */
    public boolean await(Duration timeout) throws InterruptedException {
        if (open.get() == 0) {
            return true;
        }
        long deadline = System.nanoTime() + timeout.toNanos();
        waiter = Thread.currentThread();
        try {
            while (open.get() != 0) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                LockSupport.parkNanos(this, left);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
            return true;
        } finally {
            waiter = null;
        }
    }

    void route(int record, int partition) {
        partitions[record] = partition;
        if (next != null) {
            next[record] = NONE;
        }
    }

    void link(int record, int following) {
        if (next != null) {
            next[record] = following;
        }
    }

    int next(int record) {
        return next == null ? NONE : next[record];
    }

    void refuse(int record, ErrorCode error) {
        errors[record] = error;
        refused.add(error, 1);
        finish(1);
    }

    /** No record will be handed over. */
    void abandon() {
        budget.release(reservedBytes);
    }

    /** All records have been handed over. */
    void handedOver() {
        finish(1);
    }

    /** The chain's records lie one after the other from the given offset on. */
    void stored(int firstRecord, int length, long firstOffset) {
        int record = firstRecord;
        for (int i = 0; i < length; i++) {
            offsets[record] = firstOffset == UNKNOWN_OFFSET ? UNKNOWN_OFFSET : firstOffset + i;
            record = next(record);
        }
        finish(length);
    }

    void failed(int firstRecord, int length, ErrorCode error) {
        int record = firstRecord;
        for (int i = 0; i < length; i++) {
            errors[record] = error;
            record = next(record);
        }
        try {
            if (losses != null) {
                losses.lost(partitions[firstRecord], length, error);
            }
        } finally {
            refused.add(error, length);
            finish(length);
        }
    }

    /** Hears of what nobody may be waiting for any more. */
    @FunctionalInterface
    public interface LossListener {
        void lost(int partition, int records, ErrorCode error);
    }

    private void finish(int records) {
        if (open.addAndGet(-records) == 0) {
            budget.release(reservedBytes);
            LockSupport.unpark(waiter);
        }
    }
}
