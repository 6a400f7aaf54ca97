package io.millrace.gateway.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class StreamMemoryTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final AtomicLong nanos = new AtomicLong();
    private final StreamMemory memory = new StreamMemory(1_000, PATIENCE, "the streams", nanos::get);

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private static void assertFull(ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(RefusedException.class, refusal -> assertThat(refusal.code())
                .isEqualTo(ErrorCode.QUEUE_FULL));
    }

    @Test
    void a_stream_has_its_first_bytes_or_is_refused() {
        try (var _ = memory.open(600)) {
            assertFull(() -> memory.open(401));
            assertThat(memory.budget().usedBytes()).isEqualTo(600);
        }
        assertThat(memory.budget().usedBytes()).isZero();
    }

    @Test
    void one_stream_at_a_time_grows_beyond_the_limit_and_the_next_waits_for_it() throws Exception {
        var first = memory.open(500);
        var second = memory.open(500);
        first.reserve(2_000);
        var waits = CompletableFuture.runAsync(() -> reserve(second, 100));
        await().until(() -> memory.waiting.get() == 1);
        assertThat(waits).isNotDone();

        first.release(2_000);

        waits.get();
        assertThat(memory.budget().usedBytes()).isEqualTo(1_100);
        first.close();
        second.close();
        assertThat(memory.budget().usedBytes()).isZero();
        assertThat(memory.beyond.availablePermits()).isOne();
    }

    @Test
    void one_that_waits_too_long_is_refused() {
        var first = memory.open(1_000);
        var second = memory.open(0);
        reserve(first, 10);
        var waits = CompletableFuture.runAsync(() -> reserve(second, 100));
        await().until(() -> memory.waiting.get() == 1);

        pass(PATIENCE);

        assertThatThrownBy(waits::get).hasCauseInstanceOf(RefusedException.class);
        assertThat(memory.waiting).hasValue(0);
        assertThat(memory.budget().usedBytes()).isEqualTo(1_010);
    }

    @Test
    void one_beyond_the_limit_that_does_not_come_to_an_end_is_ended() {
        var share = memory.open(1_000);
        share.checkProgress();
        reserve(share, 10);
        pass(PATIENCE);
        share.checkProgress();
        pass(Duration.ofNanos(1));

        assertFull(share::checkProgress);

        share.close();
        assertThat(memory.beyond.availablePermits()).isOne();
    }

    @Test
    void one_that_was_beyond_the_limit_lets_another_be_once_it_fits() {
        var other = memory.open(500);
        var share = memory.open(500);
        reserve(share, 10);
        assertThat(memory.beyond.availablePermits()).isZero();
        other.close();

        share.checkProgress();

        assertThat(memory.beyond.availablePermits()).isOne();
        pass(PATIENCE.multipliedBy(2));
        assertThatCode(share::checkProgress).doesNotThrowAnyException();
        share.close();
        assertThat(memory.beyond.availablePermits()).isOne();
    }

    @Test
    void one_that_holds_what_it_has_grown_by_for_long_is_ended_only_when_others_wait() {
        var share = memory.open(0);
        reserve(share, 900);
        pass(PATIENCE.multipliedBy(2));
        share.checkProgress();
        var waiting = memory.open(0);
        var beyond = memory.open(100);
        reserve(beyond, 10);
        var waits = CompletableFuture.runAsync(() -> reserve(waiting, 100));
        await().until(() -> memory.waiting.get() == 1);

        assertFull(share::checkProgress);

        share.close();
        waits.join();
        beyond.close();
        waiting.close();
        assertThat(memory.budget().usedBytes()).isZero();
    }

    private static void reserve(StreamShare share, long bytes) {
        try {
            share.reserve(bytes);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
