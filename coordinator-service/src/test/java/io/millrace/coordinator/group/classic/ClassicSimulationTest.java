package io.millrace.coordinator.group.classic;

import io.millrace.coordinator.testing.Seeds;
import org.junit.jupiter.api.Test;

class ClassicSimulationTest {
    @Test
    void no_partition_is_given_twice_in_a_generation_and_every_group_settles_whatever_happens() {
        Seeds.runAll(seed -> new ClassicSimulation(seed).run());
    }
}
