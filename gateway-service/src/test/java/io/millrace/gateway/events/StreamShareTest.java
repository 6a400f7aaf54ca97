package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.memory.MemoryBudget;
import org.junit.jupiter.api.Test;

class StreamShareTest {
    private final MemoryBudget memory = new MemoryBudget(1000);
    private final StreamShare share = new StreamShare(memory);

    @Test
    void an_answer_counts_with_what_it_is_rendered_into_before_it_is_taken_in() {
        memory.take(100);

        assertThat(share.admits(451)).isFalse();
        assertThat(share.admits(450)).isTrue();
        assertThat(memory.usedBytes()).isEqualTo(1000);
        assertThat(share.tryTake(1)).isFalse();
    }

    @Test
    void what_is_larger_than_the_limit_comes_through_alone() {
        assertThat(share.admits(5000)).isTrue();
        assertThat(share.tryTake(7000)).isTrue();
    }

    @Test
    void what_was_reserved_ahead_is_used_first() {
        assertThat(share.tryReserveAhead(400)).isTrue();
        memory.take(100);

        assertThat(share.admits(400)).isTrue();
        assertThat(memory.usedBytes()).isEqualTo(900);
        assertThat(share.admits(100)).isFalse();
    }

    @Test
    void an_answer_that_comes_after_the_end_is_not_taken_in() {
        share.admits(10);

        share.close();

        assertThat(share.admits(10)).isFalse();
        assertThat(memory.usedBytes()).isZero();
    }

    @Test
    void streams_that_are_behind_ask_for_less_while_memory_is_scarce_and_for_nothing_without_it() {
        var catchUp = new EventStream.CatchUp(10, 200, 50, memory);
        try (var much = catchUp.next(); var still = catchUp.next(); var little = catchUp.next()) {
            assertThat(much.fetchBytes()).isEqualTo(200);
            assertThat(still.fetchBytes()).isEqualTo(200);
            assertThat(little.fetchBytes()).isEqualTo(50);
            memory.take(100);
            assertThat(catchUp.next()).isNull();
            memory.release(100);
        }
        assertThat(memory.usedBytes()).isZero();
        try (var again = catchUp.next()) {
            assertThat(again.fetchBytes()).isEqualTo(200);
        }
    }
}
