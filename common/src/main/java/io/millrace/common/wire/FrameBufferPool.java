package io.millrace.common.wire;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Native buffers for frames, in powers of two, and the account of all memory that frames take. Native, because what arrives
 * from a socket goes on to a file: neither end copies it then.
 */
final class FrameBufferPool {
    private static final int UNIT_BYTES = 1024;
    private static final int SMALLEST_SHIFT = 13;
    private static final int LARGEST_SHIFT = 22;
    /** Size of what answers gather in. */
    static final int SCRATCH_BYTES = 64 * 1024;
    /** The same for a writer that comes when the others have all that may be kept; no more than any connection has to read with. */
    static final int SMALL_SCRATCH_BYTES = 4 * 1024;

    private final Semaphore units;
    /** Of them, what frames may hold that are not given all they need yet. */
    private final Semaphore partialUnits;
    private final int totalUnits;
    private final Semaphore scratches;
    private final long maxPooledBytes;
    private final AtomicLong pooledBytes = new AtomicLong();
    private final List<ArrayDeque<ByteBuffer>> classes = new ArrayList<>();

    /**
     * @param maxBytes all buffers taken at a time
     * @param maxFrameBytes the largest buffer taken
     * @param maxPooledBytes all buffers kept for later; as much again is what writers may gather their answers in
     */
    FrameBufferPool(long maxBytes, int maxFrameBytes, long maxPooledBytes) {
        this.totalUnits = (int) Math.min(Integer.MAX_VALUE, maxBytes / UNIT_BYTES + 1);
        this.units = new Semaphore(totalUnits, true);
        this.partialUnits = new Semaphore(totalUnits - unitsOf(maxFrameBytes));
        this.scratches = new Semaphore((int) Math.min(Integer.MAX_VALUE, maxPooledBytes / SCRATCH_BYTES));
        this.maxPooledBytes = maxPooledBytes;
        for (int shift = SMALLEST_SHIFT; shift <= LARGEST_SHIFT; shift++) {
            classes.add(new ArrayDeque<>());
        }
    }

    /** Waits for memory in the order of the calls. */
    void take(int wantedUnits) throws InterruptedException {
        units.acquire(wantedUnits);
    }

    void giveBack(int takenUnits) {
        units.release(takenUnits);
    }

    /** Whether a frame may take so much and still want more. */
    boolean tryTakePartial(int wantedUnits) {
        return partialUnits.tryAcquire(wantedUnits);
    }

    void giveBackPartial(int takenUnits) {
        partialUnits.release(takenUnits);
    }

    /** Memory that is free. */
    long freeBytes() {
        return (long) units.availablePermits() * UNIT_BYTES;
    }

    /** A buffer of at least so many bytes, limited to them; what it takes is accounted for by the caller. */
    ByteBuffer buffer(int bytes) {
        return bytes > 1 << LARGEST_SHIFT ? ByteBuffer.allocate(bytes) : pooled(bytes);
    }

    /** A buffer for answers: a small one rather than wait, for a writer must never wait for readers or for other writers. */
    ByteBuffer takeScratch() {
        if (!scratches.tryAcquire()) {
            return ByteBuffer.allocate(SMALL_SCRATCH_BYTES);
        }
        try {
            return pooled(SCRATCH_BYTES);
        } catch (OutOfMemoryError e) {
            scratches.release();
            throw e;
        }
    }

    void giveBackScratch(ByteBuffer scratch) {
        if (scratch.isDirect()) {
            keep(scratch);
            scratches.release();
        }
    }

    private ByteBuffer pooled(int bytes) {
        int index = classOf(bytes);
        ArrayDeque<ByteBuffer> free = classes.get(index);
        ByteBuffer buffer;
        synchronized (free) {
            buffer = free.pollLast();
        }
        if (buffer == null) {
            return ByteBuffer.allocateDirect(1 << index + SMALLEST_SHIFT).limit(bytes);
        }
        pooledBytes.addAndGet(-buffer.capacity());
        return buffer.clear().limit(bytes);
    }

    /** Keeps a buffer for the next who needs one. */
    void keep(ByteBuffer buffer) {
        if (!buffer.isDirect()) {
            return;
        }
        if (pooledBytes.addAndGet(buffer.capacity()) > maxPooledBytes) {
            pooledBytes.addAndGet(-buffer.capacity());
            return;
        }
        ArrayDeque<ByteBuffer> free = classes.get(classOf(buffer.capacity()));
        synchronized (free) {
            free.addLast(buffer);
        }
    }

    private static int classOf(int bytes) {
        return Math.max(0, Integer.SIZE - Integer.numberOfLeadingZeros(bytes - 1) - SMALLEST_SHIFT);
    }

    /** What so many bytes count for. */
    int unitsOf(int bytes) {
        return Math.min(totalUnits, bytes / UNIT_BYTES + 1);
    }
}
