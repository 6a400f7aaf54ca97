package io.millrace.workbench.failover;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AckTimesTest {
    private static AckTimes at(long... nanos) {
        AckTimes times = new AckTimes();
        for (long each : nanos) {
            times.add(each);
        }
        return times;
    }

    @Test
    void the_longest_gap_lies_between_two_acknowledgements() {
        assertThat(at(10, 20, 50, 60).longestGapNanos(10, 60)).isEqualTo(30);
    }

    @Test
    void a_gap_outside_the_window_does_not_count() {
        AckTimes times = at(10, 100, 110, 120, 300);
        assertThat(times.longestGapNanos(105, 120)).isEqualTo(10);
    }

    @Test
    void a_gap_that_reaches_into_the_window_counts_whole() {
        assertThat(at(10, 100, 110).longestGapNanos(40, 105)).isEqualTo(90);
    }

    @Test
    void a_gap_that_the_windows_end_cuts_off_counts_up_to_there() {
        assertThat(at(10, 20).longestGapNanos(15, 70)).isEqualTo(50);
    }

    @Test
    void a_window_without_any_acknowledgement_is_one_gap() {
        assertThat(at().longestGapNanos(15, 70)).isEqualTo(55);
    }

    @Test
    void many_acknowledgements_are_kept() {
        AckTimes times = new AckTimes();
        for (int ack = 0; ack < 10_000; ack++) {
            times.add(ack);
        }
        assertThat(times.longestGapNanos(0, 9_999)).isEqualTo(1);
        assertThat(times.hasAnySince(9_999)).isTrue();
        assertThat(times.hasAnySince(10_000)).isFalse();
    }
}
