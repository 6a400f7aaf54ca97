package io.millrace.workbench.torture.check;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What a history was judged to be.
 *
 * @param counts    by kind, all that were found
 * @param anomalies the first few of each kind
 */
public record Verdict(Map<Anomaly.Kind, Integer> counts, List<Anomaly> anomalies) {
    static final int KEPT_OF_A_KIND = 20;

    public Verdict {
        counts = Map.copyOf(counts);
        anomalies = List.copyOf(anomalies);
    }

    public boolean isClean() {
        return counts.isEmpty();
    }

    /** Counts all and keeps some. */
    static final class Collector {
        private final Map<Anomaly.Kind, Integer> counts = new EnumMap<>(Anomaly.Kind.class);
        private final List<Anomaly> kept = new ArrayList<>();

        void add(Anomaly.Kind kind, String what) {
            if (counts.merge(kind, 1, Integer::sum) <= KEPT_OF_A_KIND) {
                kept.add(new Anomaly(kind, what));
            }
        }

        Verdict verdict() {
            return new Verdict(counts, kept);
        }
    }
}
