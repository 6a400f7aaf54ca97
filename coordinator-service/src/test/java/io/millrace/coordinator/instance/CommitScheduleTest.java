package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class CommitScheduleTest {
    private final CommitSchedule schedule = new CommitSchedule(Duration.ofSeconds(5), Duration.ofSeconds(15), 0);

    @Test
    void a_commit_is_due_at_intervals() {
        assertThat(schedule.isDue(4_999)).isFalse();
        assertThat(schedule.isDue(5_000)).isTrue();

        schedule.succeeded(6_000);

        assertThat(schedule.isDue(10_999)).isFalse();
        assertThat(schedule.isDue(11_000)).isTrue();
    }

    @Test
    void while_commits_fail_they_are_tried_ever_more_rarely_up_to_the_limit_and_then_at_intervals_again() {
        schedule.failed(5_000);
        assertThat(schedule.isDue(14_999)).isFalse();
        assertThat(schedule.isDue(15_000)).isTrue();
        schedule.failed(15_000);
        assertThat(schedule.isDue(29_999)).isFalse();
        assertThat(schedule.isDue(30_000)).isTrue();

        schedule.succeeded(30_000);

        assertThat(schedule.isDue(35_000)).isTrue();
    }
}
