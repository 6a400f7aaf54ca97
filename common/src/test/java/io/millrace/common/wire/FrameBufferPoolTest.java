package io.millrace.common.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.Test;

class FrameBufferPoolTest {
    private static final int FRAME_BYTES = 1 << 20;

    @Test
    void a_frame_takes_memory_as_it_arrives_and_gives_all_of_it_back() throws Exception {
        FrameBufferPool pool = new FrameBufferPool(4L * FRAME_BYTES, FRAME_BYTES, FRAME_BYTES);
        long freeBytes = pool.freeBytes();
        try (FrameMemory memory = new FrameMemory(pool, FRAME_BYTES)) {
            ByteBuffer frame = memory.grow();
            assertThat(freeBytes - pool.freeBytes()).isLessThanOrEqualTo(64 * 1024);

            for (int i = 0; i < FRAME_BYTES; i++) {
                if (!frame.hasRemaining()) {
                    frame = memory.grow();
                }
                frame.put((byte) (i * 31 >> 8));
            }

            assertThat(freeBytes - pool.freeBytes()).isGreaterThanOrEqualTo(FRAME_BYTES);
            for (int i = 0; i < FRAME_BYTES; i++) {
                if (frame.get(i) != (byte) (i * 31 >> 8)) {
                    assertThat(frame.get(i)).as("byte %d", i).isEqualTo((byte) (i * 31 >> 8));
                }
            }
        }
        assertThat(pool.freeBytes()).isEqualTo(freeBytes);
    }

    @Test
    void frames_that_all_hold_a_part_and_want_more_get_it_in_turn() throws Exception {
        FrameBufferPool pool = new FrameBufferPool(2L * FRAME_BYTES, FRAME_BYTES, 0);
        long freeBytes = pool.freeBytes();
        int frames = 16;
        CyclicBarrier begun = new CyclicBarrier(8);
        List<Thread> readers = new ArrayList<>();
        for (int i = 0; i < frames; i++) {
            boolean early = i < begun.getParties();
            readers.add(Thread.ofVirtual().start(() -> {
                try (FrameMemory memory = new FrameMemory(pool, FRAME_BYTES)) {
                    ByteBuffer frame = memory.grow();
                    if (early) {
                        begun.await();
                    }
                    while (frame.limit() < FRAME_BYTES) {
                        frame.position(frame.limit());
                        frame = memory.grow();
                    }
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            }));
        }

        for (Thread reader : readers) {
            assertThat(reader.join(Duration.ofSeconds(60))).isTrue();
        }
        assertThat(pool.freeBytes()).isEqualTo(freeBytes);
    }

    @Test
    void writers_beyond_the_bound_gather_in_small_buffers() {
        FrameBufferPool pool = new FrameBufferPool(FRAME_BYTES, FRAME_BYTES, FrameBufferPool.SCRATCH_BYTES);
        ByteBuffer first = pool.takeScratch();

        ByteBuffer second = pool.takeScratch();
        pool.giveBackScratch(second);
        pool.giveBackScratch(first);

        assertThat(first.capacity()).isEqualTo(FrameBufferPool.SCRATCH_BYTES);
        assertThat(second.capacity()).isEqualTo(FrameBufferPool.SMALL_SCRATCH_BYTES);
        assertThat(pool.takeScratch().capacity()).isEqualTo(FrameBufferPool.SCRATCH_BYTES);
    }
}
