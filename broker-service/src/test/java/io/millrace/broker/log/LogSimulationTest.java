package io.millrace.broker.log;

import static org.assertj.core.api.Assertions.assertThatCode;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random histories against a model; a seed that fails is in the message and replays alone. */
class LogSimulationTest {
    private static final int SEEDS_PER_RUN = 20;
    private static final int STEPS = 250;

    @ParameterizedTest
    @ValueSource(longs = {1, 1_001, 2_001, 3_001})
    void what_was_flushed_survives_and_every_read_equals_the_model(long firstSeed) {
        for (long seed = firstSeed; seed < firstSeed + SEEDS_PER_RUN; seed++) {
            LogSimulation simulation = new LogSimulation(seed);
            assertThatCode(() -> simulation.run(STEPS)).as("seed %d", seed).doesNotThrowAnyException();
        }
    }
}
