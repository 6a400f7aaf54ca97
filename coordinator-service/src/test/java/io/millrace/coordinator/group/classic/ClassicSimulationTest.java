package io.millrace.coordinator.group.classic;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.coordinator.testing.Seeds;
import org.junit.jupiter.api.Test;

class ClassicSimulationTest {
    private static final int OFTEN_ENOUGH = 10;

    @Test
    void no_partition_is_given_twice_in_a_generation_and_every_group_settles_whatever_happens() {
        var paths = new ClassicPath.Counts();

        Seeds.runAll(seed -> new ClassicSimulation(seed, paths).run());

        if (Seeds.areMany()) {
            assertThat(paths.all()).allSatisfy((path, taken) -> assertThat(taken).as("times that %s was taken", path)
                    .isGreaterThan(OFTEN_ENOUGH));
        }
    }
}
