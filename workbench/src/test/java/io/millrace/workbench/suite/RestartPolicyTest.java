package io.millrace.workbench.suite;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class RestartPolicyTest {
    private final RestartPolicy policy = new RestartPolicy(4, Duration.ofSeconds(60), Duration.ofSeconds(3));

    @Test
    void the_first_death_is_followed_by_a_restart_at_once() {
        assertThat(policy.delay(List.of(1_000L), 1_000)).isEqualTo(Duration.ZERO);
    }

    @Test
    void the_wait_doubles_up_to_its_limit() {
        RestartPolicy patient = new RestartPolicy(10, Duration.ofSeconds(60), Duration.ofSeconds(3));
        assertThat(patient.delay(List.of(1L, 2L), 2)).isEqualTo(Duration.ofSeconds(1));
        assertThat(patient.delay(List.of(1L, 2L, 3L), 3)).isEqualTo(Duration.ofSeconds(2));
        assertThat(patient.delay(List.of(1L, 2L, 3L, 4L), 4)).isEqualTo(Duration.ofSeconds(3));
    }

    @Test
    void what_keeps_dying_is_left_down() {
        assertThat(policy.delay(List.of(1L, 2L, 3L, 4L), 4)).isNull();
    }

    @Test
    void deaths_of_long_ago_do_not_count() {
        assertThat(policy.delay(List.of(1L, 2L, 3L, 100_000L), 100_000)).isEqualTo(Duration.ZERO);
    }
}
