package io.millrace.coordinator.group;

import io.millrace.coordinator.testing.Seeds;
import org.junit.jupiter.api.Test;

class GroupSimulationTest {
    @Test
    void no_partition_has_two_readers_and_every_group_settles_whatever_happens() {
        Seeds.runAll(seed -> new GroupSimulation(seed).run());
    }
}
