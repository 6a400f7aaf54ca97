package io.millrace.coordinator.listener;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.kafka.common.errors.CoordinatorLoadInProgressException;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroup;
import org.junit.jupiter.api.Test;

class AnswerRoomTest {
    private static final short VERSION = 6;
    private static final long LONG_NANOS = 3_600_000_000_000L;

    private static long inAnHour() {
        return System.nanoTime() + LONG_NANOS;
    }

    private static void assertFull(AnswerRoom room) {
        assertThatThrownBy(room::enter).isInstanceOf(CoordinatorLoadInProgressException.class);
    }

    @Test
    void so_many_groups_enter_and_no_more() {
        var room = new AnswerRoom(2, 1_000, inAnHour());
        room.enter();
        room.enter();
        assertFull(room);
    }

    @Test
    void after_a_large_group_there_is_no_room_for_another() {
        var room = new AnswerRoom(10, 1_000, inAnHour());
        room.enter();
        room.took(new DescribedGroup().setGroupId("x".repeat(500)), VERSION);
        room.enter();
        room.took(new DescribedGroup().setGroupId("x".repeat(500)), VERSION);
        assertFull(room);
    }

    @Test
    void when_the_time_is_up_the_rest_is_to_be_asked_for_again() {
        assertFull(new AnswerRoom(10, 1_000, System.nanoTime() - 1));
    }
}
