package io.millrace.coordinator.group;

import org.junit.jupiter.api.Test;

/**
 * Replays one seed with {@code -Dmillrace.simulation.seed=N}; {@code -Dmillrace.simulation.runs=N} searches longer than the
 * build does.
 */
class GroupSimulationTest {
    private static final int RUNS = Integer.getInteger("millrace.simulation.runs", 2_000);

    @Test
    void no_partition_has_two_readers_and_every_group_settles_whatever_happens() {
        Long onlySeed = Long.getLong("millrace.simulation.seed");
        if (onlySeed != null) {
            run(onlySeed);
            return;
        }
        for (long seed = 0; seed < RUNS; seed++) {
            run(seed);
        }
    }

    private static void run(long seed) {
        try {
            new GroupSimulation(seed).run();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("replay with -Dmillrace.simulation.seed=" + seed + ": " + e.getMessage(), e);
        }
    }
}
