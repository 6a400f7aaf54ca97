package io.millrace.coordinator.testing;

import java.util.function.LongConsumer;

/**
 * The seeds of simulations. {@code -Dmillrace.simulation.seed=N} replays one; {@code -Dmillrace.simulation.runs=N} searches longer than the
 * build does.
 */
public final class Seeds {
    private static final int RUNS = Integer.getInteger("millrace.simulation.runs", 2_000);

    private Seeds() {}

    /** Whether there are enough to have seen everything. */
    public static boolean areMany() {
        return Long.getLong("millrace.simulation.seed") == null;
    }

    public static void runAll(LongConsumer simulation) {
        Long onlySeed = Long.getLong("millrace.simulation.seed");
        if (onlySeed != null) {
            run(onlySeed, simulation);
            return;
        }
        for (long seed = 0; seed < RUNS; seed++) {
            run(seed, simulation);
        }
    }

    private static void run(long seed, LongConsumer simulation) {
        try {
            simulation.accept(seed);
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("replay with -Dmillrace.simulation.seed=" + seed + ": " + e.getMessage(), e);
        }
    }
}
