package io.millrace.coordinator.group.classic;

import org.junit.jupiter.api.Test;

/**
 * Replays one seed with {@code -Dmillrace.simulation.seed=N}; {@code -Dmillrace.simulation.runs=N} searches longer than the
 * build does.
 */
class ClassicSimulationTest {
    private static final int RUNS = Integer.getInteger("millrace.simulation.runs", 2_000);

    @Test
    void no_partition_is_given_twice_in_a_generation_and_every_group_settles_whatever_happens() {
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
            new ClassicSimulation(seed).run();
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("replay with -Dmillrace.simulation.seed=" + seed + ": " + e.getMessage(), e);
        }
    }
}
