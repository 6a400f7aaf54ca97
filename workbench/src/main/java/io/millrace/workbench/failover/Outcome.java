package io.millrace.workbench.failover;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one scenario did to one cluster.
 *
 * @param scenario     as {@code --only} names it
 * @param figures      the measured times and rates
 * @param acknowledged records that were acknowledged
 * @param failedWrites that their clients were told of
 * @param failedReads  that their clients were told of
 * @param failures     how often each kind came
 * @param anomalies    by kind, what a log must not do: lost, doubled, reordered …
 * @param failure      why there are no figures; null where there are
 */
public record Outcome(
        String scenario,
        String cluster,
        List<Figure> figures,
        int acknowledged,
        int failedWrites,
        int failedReads,
        Map<String, Integer> failures,
        Map<String, Integer> anomalies,
        @Nullable String failure) {
    /**
     * A figure of which every round gave one value.
     *
     * @param targetAtMost for the worst of ours; null where there is none
     */
    public record Figure(
            String name,
            String unit,
            double median,
            double worst,
            @Nullable Double targetAtMost,
            List<Double> rounds) {
        static Figure of(String name, String unit, List<Double> rounds, @Nullable Double targetAtMost) {
            List<Double> sorted = rounds.stream().sorted().toList();
            return new Figure(name, unit, sorted.get((sorted.size() - 1) / 2), sorted.getLast(), targetAtMost, rounds);
        }
    }

    static Outcome ofFigures(Scenario scenario, Cluster cluster, List<Figure> figures) {
        return new Outcome(scenario.label(), cluster.name(), figures, 0, 0, 0, Map.of(), Map.of(), null);
    }

    static Outcome failed(Scenario scenario, Cluster cluster, Exception why) {
        return new Outcome(scenario.label(), cluster.name(), List.of(), 0, 0, 0, Map.of(), Map.of(),
                why.getCause() == null ? why.toString() : why + ": " + why.getCause());
    }

    public boolean meetsTargets() {
        return figures.stream().allMatch(it -> it.targetAtMost() == null || it.worst() <= it.targetAtMost());
    }

    /** Whether nothing was lost, doubled or out of order, no client saw an error, and the scenario ran to its end. */
    public boolean isFlawless() {
        return failure == null && anomalies.isEmpty() && failedWrites == 0 && failedReads == 0;
    }
}
