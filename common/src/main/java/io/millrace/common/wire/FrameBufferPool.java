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

    private final Semaphore units;
    private final int totalUnits;
    private final long maxPooledBytes;
    private final AtomicLong pooledBytes = new AtomicLong();
    private final List<ArrayDeque<ByteBuffer>> classes = new ArrayList<>();

    /**
     * @param maxBytes all buffers taken at a time
     * @param maxPooledBytes all buffers kept for later
     */
    FrameBufferPool(long maxBytes, long maxPooledBytes) {
        this.totalUnits = (int) Math.min(Integer.MAX_VALUE, maxBytes / UNIT_BYTES + 1);
        this.units = new Semaphore(totalUnits, true);
        this.maxPooledBytes = maxPooledBytes;
        for (int shift = SMALLEST_SHIFT; shift <= LARGEST_SHIFT; shift++) {
            classes.add(new ArrayDeque<>());
        }
    }

    /** A buffer of at least so many bytes, limited to them; waits for memory in the order of the calls. */
    ByteBuffer take(int bytes) throws InterruptedException {
        units.acquire(unitsOf(bytes));
        return bytes > 1 << LARGEST_SHIFT ? ByteBuffer.allocate(bytes) : pooled(bytes);
    }

    /**
     * Takes a buffer back.
     *
     * @param bytes what was asked for
     */
    void giveBack(ByteBuffer buffer, int bytes) {
        keep(buffer);
        units.release(unitsOf(bytes));
    }

    /** A buffer for answers. It does not count: a writer must never wait for readers. */
    ByteBuffer takeScratch() {
        return pooled(SCRATCH_BYTES);
    }

    void giveBackScratch(ByteBuffer scratch) {
        keep(scratch);
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

    private void keep(ByteBuffer buffer) {
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

    private int unitsOf(int bytes) {
        return Math.min(totalUnits, bytes / UNIT_BYTES + 1);
    }
}
