package io.millrace.workbench.bench;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One line of the table.
 *
 * @param work    what was done, as {@code --only} names it
 * @param unit    of {@code ours} and {@code peer}
 * @param ours    the median of the rounds
 * @param peer    the same of Apache Kafka in the same run; null where it was not asked or has no such thing
 * @param details further figures, by name with unit
 */
record Row(String work, String unit, double ours, @Nullable Double peer, Map<String, Double> details) {
    static Row of(String work, String unit, double ours, Map<String, Double> details) {
        return new Row(work, unit, ours, null, details);
    }

    /** Ours to the peer's; null without a peer. */
    @Nullable
    Double ratio() {
        return peer == null || peer == 0 ? null : ours / peer;
    }
}
