package io.millrace.workbench.bench;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One line of the table.
 *
 * @param work    what was done, as {@code --only} names it
 * @param unit    of {@code ours} and {@code peer}
 * @param ours    the median of the rounds; null where the work failed
 * @param peer    the same of Apache Kafka in the same run; null where it was not asked or has no such thing
 * @param details further figures, by name with unit
 * @param failure why there are no figures; null where there are
 */
record Row(
        String work,
        String unit,
        @Nullable Double ours,
        @Nullable Double peer,
        Map<String, Double> details,
        @Nullable String failure) {
    static Row of(String work, String unit, double ours, Map<String, Double> details) {
        return new Row(work, unit, ours, null, details, null);
    }

    static Row of(String work, String unit, double ours, @Nullable Double peer, Map<String, Double> details) {
        return new Row(work, unit, ours, peer, details, null);
    }

    static Row failed(String work, Exception why) {
        String message = why.getMessage();
        return new Row(work, "-", null, null, Map.of(), message == null ? why.toString() : message);
    }

    boolean hasFailed() {
        return failure != null;
    }

    /** Ours to the peer's; null without a peer. */
    @Nullable
    Double ratio() {
        return ours == null || peer == null || peer == 0 ? null : ours / peer;
    }
}
