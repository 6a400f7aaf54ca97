package io.millrace.workbench.failover;

import io.millrace.workbench.suite.EndOnSignal;
import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.SuiteSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./millrace failover}. */
@Command(name = "failover", description = "Kills, hangs and restarts brokers under load, in a suite of its own beside your data, and prints how long nothing was acknowledged and whether "
        + "anything was lost; takes some minutes.", mixinStandardHelpOptions = true)
public final class FailoverCommand implements Callable<Integer> {
    private static final int FLAWLESS = 0;
    private static final int FLAWED = 1;
    private static final int TARGET_MISSED = 2;
    private static final int MAX_ROUNDS = 20;

    @Option(names = "--peer", description = "Do the same to three brokers of Apache Kafka afterwards.")
    private boolean peer;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "3", description = "How often each fault comes (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--only", paramLabel = "SCENARIO", split = ",", description = "Only these: kill, pause, rolling-restart, postgres-away, elect-1000, postgres-at-rest.")
    private List<String> only = List.of();

    @Option(names = "--json", paramLabel = "FILE", description = "Write the figures there too (default: failover.json under workbench/target).")
    private @Nullable Path json;

    /** When the figures were taken, and what they are. */
    record Report(String takenAt, int processors, List<Outcome> outcomes) {}

    @Override
    public Integer call() throws Exception {
        return EndOnSignal.run(this::measure);
    }

    private Integer measure() throws IOException, InterruptedException {
        if (rounds < 1 || rounds > MAX_ROUNDS) {
            throw new LaunchRefusedException("--rounds " + rounds + " is not between 1 and " + MAX_ROUNDS);
        }
        Path home = SuiteSettings.projectRoot();
        List<Outcome> outcomes = Failover.run(home, scenarios(), rounds, peer, System.err::println,
                FailoverCommand::print);
        Path written = json != null ? json : home.resolve("workbench/target/failover.json");
        Files.write(written, JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build()
                .writeValueAsBytes(new Report(Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                        Runtime.getRuntime().availableProcessors(), outcomes)));
        System.out.println("figures: " + written);
        List<Outcome> ours = outcomes.stream().filter(outcome -> outcome.cluster().equals(SuiteCluster.NAME)).toList();
        if (!ours.stream().allMatch(Outcome::isFlawless)) {
            return FLAWED;
        }
        return ours.stream().allMatch(Outcome::meetsTargets) ? FLAWLESS : TARGET_MISSED;
    }

    private Set<Scenario> scenarios() {
        if (only.isEmpty()) {
            return EnumSet.allOf(Scenario.class);
        }
        return only.stream()
                .map(label -> Scenario.named(label).orElseThrow(() -> new LaunchRefusedException(
                        "--only " + label + " is not one of " + String.join(", ", Scenario.labels()))))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Scenario.class)));
    }

    private static void print(Outcome outcome) {
        System.out.printf("%n%s, %s%n", outcome.scenario(), outcome.cluster());
        if (outcome.failure() != null) {
            System.out.println("  failed: " + outcome.failure().lines().findFirst().orElse(""));
            return;
        }
        for (Outcome.Figure figure : outcome.figures()) {
            Double target = figure.targetAtMost();
            String judged = target == null ? ""
                    : String.format(Locale.ROOT, "  (at most %,.0f: %s)", target, figure.worst() <= target ? "met"
                            : "missed");
            System.out.printf(Locale.ROOT, "  %-36s median %,9.1f %s, worst %,9.1f %s%s%n", figure.name(), figure
                    .median(),
                    figure.unit(), figure.worst(), figure.unit(), judged);
        }
        if (outcome.acknowledged() > 0) {
            System.out.printf(Locale.ROOT, "  %,d acknowledged; failed: %d writes, %d reads %s; %s%n", outcome
                    .acknowledged(), outcome.failedWrites(), outcome.failedReads(),
                    outcome.failures().isEmpty() ? "" : outcome.failures(),
                    outcome.anomalies().isEmpty() ? "nothing lost, doubled or out of order"
                            : "ANOMALIES " + outcome.anomalies());
        }
    }
}
