package io.millrace.workbench.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The same work on our brokers and on the peer's: they take turns, round by round, so that whatever else the machine does meets both. The
 * median counts.
 */
record Turns(int rounds, KafkaLoad ours, @Nullable KafkaLoad theirs) {
    /** A load on one set of brokers. */
    @FunctionalInterface
    interface Round {
        Figures run(KafkaLoad load) throws IOException, InterruptedException;
    }

    /** Prepares something on one set of brokers. */
    @FunctionalInterface
    interface Preparation {
        void run(KafkaLoad load) throws IOException, InterruptedException;
    }

    Row measure(Work work, String unit, Preparation preparation, Round round)
            throws IOException, InterruptedException {
        each(preparation);
        List<Figures> our = new ArrayList<>();
        List<Figures> their = new ArrayList<>();
        for (int number = 0; number < rounds; number++) {
            our.add(round.run(ours));
            if (theirs != null) {
                their.add(round.run(theirs));
            }
        }
        Figures median = Figures.median(our);
        return Row.of(work.label(), unit, median.value(), their.isEmpty() ? null : Figures.median(their).value(),
                median.details());
    }

    void each(Preparation preparation) throws IOException, InterruptedException {
        preparation.run(ours);
        if (theirs != null) {
            preparation.run(theirs);
        }
    }
}
