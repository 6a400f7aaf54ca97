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
        assertThat(at(10, 20, 50, 60).longestGap(10, 60)).isEqualTo(new AckTimes.Gap(20, 30));
    }

    @Test
    void a_gap_outside_the_window_does_not_count() {
        AckTimes times = at(10, 100, 110, 120, 300);
        assertThat(times.longestGap(105, 120).lengthNanos()).isEqualTo(10);
    }

    @Test
    void a_gap_that_reaches_into_the_window_counts_whole() {
        assertThat(at(10, 100, 110).longestGap(40, 105).lengthNanos()).isEqualTo(90);
    }

    @Test
    void a_gap_that_the_windows_end_cuts_off_counts_up_to_there() {
        assertThat(at(10, 20).longestGap(15, 70).lengthNanos()).isEqualTo(50);
    }

    @Test
    void a_window_without_any_acknowledgement_is_one_gap() {
        assertThat(at().longestGap(15, 70).lengthNanos()).isEqualTo(55);
    }

    @Test
    void many_acknowledgements_are_kept() {
        AckTimes times = new AckTimes();
        for (int ack = 0; ack < 10_000; ack++) {
            times.add(ack);
        }
        assertThat(times.longestGap(0, 9_999).lengthNanos()).isEqualTo(1);
        assertThat(times.hasAnySince(9_999)).isTrue();
        assertThat(times.hasAnySince(10_000)).isFalse();
    }
}
