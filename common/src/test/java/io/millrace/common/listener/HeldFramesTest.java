package io.millrace.common.listener;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HeldFramesTest {
    private final HeldFrames frames = new HeldFrames();

    @Test
    void as_many_are_held_as_there_is_room_for() {
        int half = HeldFrames.MAX_BYTES / 2;
        assertThat(frames.tryTake(half)).isTrue();
        assertThat(frames.tryTake(half)).isTrue();

        assertThat(frames.tryTake(1)).isFalse();
        frames.giveBack(half);

        assertThat(frames.tryTake(half)).isTrue();
        assertThat(frames.tryTake(1)).isFalse();
    }

    @Test
    void one_that_is_larger_than_the_room_is_held_alone() {
        assertThat(frames.tryTake(2 * HeldFrames.MAX_BYTES)).isTrue();
        assertThat(frames.tryTake(1)).isFalse();
        frames.giveBack(2 * HeldFrames.MAX_BYTES);

        assertThat(frames.tryTake(1)).isTrue();
        assertThat(frames.tryTake(2 * HeldFrames.MAX_BYTES)).isFalse();
    }
}
