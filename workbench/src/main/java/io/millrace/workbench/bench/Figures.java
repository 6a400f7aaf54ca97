package io.millrace.workbench.bench;

import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * What one round of a work gave.
 *
 * @param value   the work's main figure
 * @param details further figures, by name with unit
 */
public record Figures(double value, Map<String, Double> details) {
    /** The round in the middle; of an even number the lower one. */
    static Figures median(List<Figures> rounds) {
        return rounds.stream().sorted(Comparator.comparingDouble(Figures::value)).toList()
                .get((rounds.size() - 1) / 2);
    }
}
