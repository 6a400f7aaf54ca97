package io.millrace.workbench.torture;

import io.millrace.workbench.torture.check.Anomaly;
import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.History;
import io.millrace.workbench.torture.check.Verdict;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What came of a run.
 *
 * @param acknowledged writes
 * @param unknown      attempts to write of which the outcome is not known
 * @param reads        records read, by all readers together
 * @param anomalies    by kind, how many
 * @param examples     the first of each kind
 * @param broken       promises broken beyond that, as a process that died by itself
 * @param refusals     errors that clients were given, and how often; none of them is forbidden
 * @param faults       that were survived
 */
record Report(
        boolean isClean,
        long acknowledged,
        long unknown,
        long reads,
        Map<Anomaly.Kind, Integer> anomalies,
        List<Anomaly> examples,
        List<String> broken,
        Map<String, Integer> refusals,
        List<Row> faults) {
    /**
     * One kind of fault.
     *
     * @param longestGapMs the longest time that a partition went without an acknowledged write of a Kafka producer
     */
    record Row(String fault, int times, long longestGapMs) {}

    static Report of(
            History history,
            Verdict verdict,
            List<String> broken,
            Map<String, Integer> refusals,
            List<Row> faults) {
        List<Event> events = history.events();
        return new Report(verdict.isClean() && broken.isEmpty(),
                events.stream().filter(Event.Acknowledged.class::isInstance).count(),
                events.stream().filter(Event.Unknown.class::isInstance).count(),
                events.stream().filter(Event.Read.class::isInstance).count(),
                verdict.counts(), verdict.anomalies(), broken, refusals, faults);
    }

    /** For a person. */
    String text() {
        StringBuilder text = new StringBuilder();
        line(text, "");
        line(text, "%-34s %5s  %s", "fault", "times", "longest time without an acknowledged write");
        faults.forEach(row -> line(text, "%-34s %5d  %,d ms", row.fault(), row.times(), row.longestGapMs()));
        line(text, "");
        line(text, "%,d writes acknowledged, %,d attempts of unknown outcome, %,d records read", acknowledged, unknown,
                reads);
        refusals.forEach((what, times) -> line(text, "  %s: %,d times", what, times));
        broken.forEach(what -> line(text, "BROKEN  %s", what));
        new TreeMap<>(anomalies).forEach((kind, count) -> {
            line(text, "%s  %,d times", kind, count);
            examples.stream().filter(example -> example.kind() == kind)
                    .forEach(example -> line(text, "    %s", example.what()));
        });
        line(text, "%s", isClean ? "no anomaly" : "ANOMALIES FOUND");
        return text.toString();
    }

    private static void line(StringBuilder text, String format, Object... arguments) {
        text.append(String.format(Locale.ROOT, format, arguments)).append('\n');
    }
}
