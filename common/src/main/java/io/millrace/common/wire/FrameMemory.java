package io.millrace.common.wire;

import java.nio.ByteBuffer;

/**
 * The buffer of one frame, which grows as the frame arrives: what a peer announces costs nothing, only what it sends.
 *
 * <p>Who holds a part of a frame and waits for more could wait for another that does the same. Therefore all such parts together
 * leave room for the largest frame; beyond that, a frame takes at once all that it still needs. One that has all it needs never
 * waits again, so whoever waits gets its turn.
 */
final class FrameMemory implements AutoCloseable {
    static final int FIRST_STEP_BYTES = 32 * 1024;
    /** A frame has at most so many times as much memory as it has bytes, beyond the first step. */
    private static final int GROWTH = 4;

    private final FrameBufferPool pool;
    private final int frameBytes;
    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private int takenUnits;
    private int partialUnits;

    FrameMemory(FrameBufferPool pool, int frameBytes) {
        this.pool = pool;
        this.frameBytes = frameBytes;
    }

    /** The frame so far, with room for more at the end; waits for memory in the order of the calls. */
    ByteBuffer grow() throws InterruptedException {
        int sizeBytes = (int) Math.min(frameBytes, Math.max(FIRST_STEP_BYTES, (long) GROWTH * buffer.limit()));
        int stepUnits = pool.unitsOf(sizeBytes) - takenUnits;
        if (sizeBytes < frameBytes && pool.tryTakePartial(stepUnits)) {
            partialUnits += stepUnits;
        } else {
            sizeBytes = frameBytes;
            stepUnits = pool.unitsOf(frameBytes) - takenUnits;
        }
        pool.take(stepUnits);
        takenUnits += stepUnits;
        if (sizeBytes == frameBytes) {
            givePartialBack();
        }
        ByteBuffer grown = pool.buffer(sizeBytes);
        grown.put(buffer.flip());
        pool.keep(buffer);
        buffer = grown;
        return grown;
    }

    private void givePartialBack() {
        pool.giveBackPartial(partialUnits);
        partialUnits = 0;
    }

    @Override
    public void close() {
        pool.keep(buffer);
        givePartialBack();
        pool.giveBack(takenUnits);
    }
}
