package io.millrace.broker.replication.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/**
 * Runs whole clusters from seeds. A seed that fails is in the message; {@code -Dmillrace.simulation.seed=N} runs it alone and tells all that happens,
 * {@code -Dmillrace.simulation.seeds=N} runs more or fewer of them.
 */
class ReplicationSimulationTest {
    private static final int SEEDS = Integer.getInteger("millrace.simulation.seeds", 1_500);

    @Test
    void nothing_acknowledged_is_lost_and_all_replicas_agree_after_any_faults() {
        Long only = Long.getLong("millrace.simulation.seed");
        long[] seeds = only != null ? new long[]{only} : LongStream.rangeClosed(1, SEEDS).toArray();
        long acknowledged = 0;
        long leaderEpochs = 0;
        long removals = 0;
        for (long seed : seeds) {
            Cluster.Summary summary = run(seed, only != null);
            acknowledged += summary.acknowledged();
            leaderEpochs += summary.leaderEpochs();
            removals += summary.removals();
        }
        // Otherwise the faults leave nothing to be tested.
        assertThat(acknowledged).isGreaterThan(50L * seeds.length);
        assertThat(leaderEpochs).isGreaterThan(3L * seeds.length);
        assertThat(removals).isGreaterThan(seeds.length);
    }

    @ParameterizedTest
    @EnumSource(value = Mutant.class, names = "NONE", mode = Mode.EXCLUDE)
    void a_broken_rule_is_found(Mutant mutant) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            try {
                new Cluster(seed, mutant, false).run();
            } catch (Invariant found) {
                return;
            }
        }
        fail("%s is not found with %d seeds", mutant, SEEDS);
    }

    private static Cluster.Summary run(long seed, boolean traced) {
        try {
            return new Cluster(seed, Mutant.NONE, traced).run();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
        }
    }
}
