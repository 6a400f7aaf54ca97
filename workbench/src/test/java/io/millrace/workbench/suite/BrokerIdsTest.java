package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BrokerIdsTest {
    @Test
    void a_new_suite_counts_from_zero() {
        assertThat(BrokerIds.pick(ids(), 3)).containsExactly(0, 1, 2);
    }

    @Test
    void a_broker_that_was_removed_is_not_started_again() {
        assertThat(BrokerIds.pick(ids(1, 3), 2)).containsExactly(1, 3);
    }

    @Test
    void more_than_have_data_get_new_ids_and_of_more_with_data_the_lowest_are_taken() {
        assertThat(BrokerIds.pick(ids(1), 3)).containsExactly(1, 2, 3);
        assertThat(BrokerIds.pick(ids(1, 2, 5), 2)).containsExactly(1, 2);
    }

    @Test
    void when_the_last_id_is_taken_those_below_are_used_again() {
        assertThat(BrokerIds.next(List.of(3, 15))).isZero();
        assertThat(BrokerIds.next(List.of(0, 1, 15))).isEqualTo(2);
        assertThatThrownBy(() -> BrokerIds.next(IntStream.range(0, 16).boxed().toList())).isInstanceOf(
                LaunchRefusedException.class).hasMessageContaining("at most 16");
    }

    @Test
    void data_of_an_id_that_no_broker_here_can_have_is_refused() {
        assertThatThrownBy(() -> BrokerIds.pick(ids(4711), 1)).isInstanceOf(LaunchRefusedException.class)
                .hasMessageContaining("broker 4711");
    }

    private static SortedSet<Integer> ids(Integer... ids) {
        return new TreeSet<>(List.of(ids));
    }
}
