package io.millrace.gateway.answers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.memory.MemoryBudget;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.util.unit.DataSize;

class AnswerShareTest {
    private static final int LIMIT_BYTES = 1 << 20;
    private final MemoryBudget budget = new MemoryBudget(LIMIT_BYTES);

    private static AnswersProperties properties(DataSize memory) {
        return new AnswersProperties(memory, Duration.ZERO, Duration.ofMinutes(1), Duration.ofMinutes(5));
    }

    private AnswerShare share() {
        return new AnswerShare(budget, properties(DataSize.ofBytes(0)));
    }

    @Test
    void what_is_fetched_is_counted_with_as_much_again_for_rendering_it() {
        var share = share();

        assertThat(share.admits(10_000)).isTrue();
        assertThat(budget.usedBytes()).isEqualTo(20_000);
        assertThat(share.tryRender(9_000)).isTrue();
        assertThat(budget.usedBytes()).isEqualTo(20_000);
        assertThat(share.tryRender(5_000)).isTrue();
        assertThat(share.batches().tryTake(7_000)).isTrue();
        assertThat(budget.usedBytes()).isEqualTo(31_000);
        share.batches().giveBack(1_000);
        share.releaseBatches();
        assertThat(budget.usedBytes()).isEqualTo(24_000);
        share.releaseFetched();
        assertThat(budget.usedBytes()).isEqualTo(14_000);
        share.giveBackRendered(4_000);
        assertThat(budget.usedBytes()).isEqualTo(10_000);
        share.close();
        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void what_there_is_no_memory_for_is_refused_and_counts_nothing() {
        budget.take(LIMIT_BYTES - 10_000);
        var share = share();

        assertThat(share.admits(5_001)).isFalse();
        assertThat(share.wasRefused()).isTrue();
        assertThat(share.admits(5_000)).isTrue();
        assertThat(share.batches().tryTake(1)).isFalse();
        assertThat(share.tryRender(5_001)).isFalse();

        assertThat(budget.usedBytes()).isEqualTo(LIMIT_BYTES);
        assertThat(share.refusal().code()).isEqualTo(ErrorCode.QUEUE_FULL);
    }

    @Test
    void a_part_is_left_to_small_answers() {
        budget.take(LIMIT_BYTES * 7 / 8 - 1_000);
        var large = share();
        var small = share();

        assertThat(large.admits(33 * 1024)).isFalse();
        assertThat(small.admits(32 * 1024)).isTrue();
        assertThat(small.tryRender(32 * 1024 + 1)).isFalse();
    }

    @Test
    void a_first_record_larger_than_the_limit_comes_through_alone_and_nothing_after_it() {
        var alone = share();

        assertThat(alone.admits(2 * LIMIT_BYTES)).isTrue();
        assertThat(share().admits(1)).isFalse();
        alone.recordRendered();
        assertThat(alone.tryRender(2 * LIMIT_BYTES + 1)).isFalse();
        alone.clear();
        budget.take(1);
        assertThat(alone.admits(2 * LIMIT_BYTES)).isFalse();
    }

    @Test
    void less_is_fetched_the_less_memory_there_is() {
        var share = share();

        assertThat(share.fetchBytes(100)).isEqualTo(100);
        assertThat(share.fetchBytes(Integer.MAX_VALUE)).isEqualTo(LIMIT_BYTES * 7 / 32);
        budget.take(LIMIT_BYTES / 2);
        assertThat(share.fetchBytes(Integer.MAX_VALUE)).isEqualTo(LIMIT_BYTES * 3 / 32);
        budget.take(LIMIT_BYTES);
        assertThat(share.fetchBytes(Integer.MAX_VALUE)).isEqualTo(16 * 1024);
    }

    @Test
    void what_comes_after_the_end_is_not_taken_in() {
        var share = share();
        share.close();

        assertThat(share.admits(10)).isFalse();
        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void nothing_is_left_whatever_came_while_it_was_closed() throws Exception {
        var random = new Random(1);
        for (int round = 0; round < 200; round++) {
            var share = share();
            var begin = new CountDownLatch(1);
            var threads = new ArrayList<Thread>();
            for (int i = 0; i < 3; i++) {
                int bytes = random.nextInt(1, LIMIT_BYTES / 3);
                threads.add(Thread.startVirtualThread(() -> {
                    try {
                        begin.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    share.admits(bytes);
                    share.releaseFetched();
                    share.admits(bytes);
                }));
            }
            begin.countDown();
            share.close();
            for (var thread : threads) {
                thread.join();
            }

            assertThat(budget.usedBytes()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 805306368, 100663296", "0, 1000, 1048576", "0, 9223372036854775807, 1073741824",
            "5000000, 805306368, 5000000"})
    void without_a_setting_it_is_an_eighth_of_the_heap_if_that_is_known(long setting, long heap, long expected) {
        assertThat(properties(DataSize.ofBytes(setting)).memoryBytes(heap)).isEqualTo(expected);
    }

    @Test
    void a_limit_that_no_answer_fits_in_is_refused() {
        assertThatThrownBy(() -> properties(DataSize.ofKilobytes(10))).hasMessageContaining("millrace.answers.memory");
        assertThat(share().refusal()).isInstanceOf(RefusedException.class);
    }
}
