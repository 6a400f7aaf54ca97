package io.millrace.workbench.torture.plan;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.suite.SuiteSize;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PlanTest {
    private static final SuiteSize SIZE = new SuiteSize(3, 2, 2, 2);
    private static final Duration HOUR = Duration.ofHours(1);

    private static List<Step> plan(long seed) {
        return Plan.of(seed, SIZE, HOUR, true);
    }

    @Test
    void the_same_seed_gives_the_same_plan_and_another_seed_another() {
        assertThat(plan(1)).isEqualTo(plan(1)).isNotEqualTo(plan(2));
    }

    @Test
    void a_longer_plan_begins_as_a_shorter_one() {
        List<Step> minutes = Plan.of(5, SIZE, Duration.ofMinutes(2), true);
        assertThat(plan(5)).startsWith(minutes.toArray(Step[]::new));
    }

    @Test
    void a_long_plan_has_every_kind_of_fault() {
        assertThat(plan(3).stream().<Class<?>>map(step -> step.fault().getClass()).collect(Collectors.toSet()))
                .containsExactlyInAnyOrder(Fault.Kill.class, Fault.Pause.class, Fault.PostgresAway.class,
                        Fault.Cut.class, Fault.Silence.class, Fault.Refuse.class, Fault.Slow.class,
                        Fault.DiskFull.class, Fault.RollingRestart.class, Fault.Move.class);
        assertThat(plan(3).stream().map(step -> step.fault().kind())).contains("kill -9 broker",
                "kill -9 coordinator", "kill -9 gateway", "kill -9 offset", "silence links to postgres");
    }

    @Test
    void without_limits_on_files_no_disk_is_full() {
        assertThat(Plan.of(3, SIZE, HOUR, false)).noneMatch(step -> step.fault() instanceof Fault.DiskFull);
    }

    @Test
    void partitions_move_to_as_many_brokers_as_acks_all_needs_and_end_on_three() {
        assertThat(plan(3).stream().map(Step::fault).filter(Fault.Move.class::isInstance).map(Fault.Move.class::cast))
                .hasSizeGreaterThan(1)
                .allSatisfy(move -> {
                    assertThat(move.replicas()).doesNotHaveDuplicates().hasSizeBetween(2, 3);
                    assertThat(move.afterwards()).containsExactlyInAnyOrder(0, 1, 2);
                });
    }

    @Test
    void steps_last_as_long_as_asked_for() {
        Duration total = plan(9).stream().map(step -> step.rest().plus(step.hold())).reduce(Duration.ZERO,
                Duration::plus);
        assertThat(total).isBetween(HOUR, HOUR.plusSeconds(20));
    }
}
