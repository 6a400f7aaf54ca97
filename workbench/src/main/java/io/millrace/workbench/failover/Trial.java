package io.millrace.workbench.failover;

import io.millrace.workbench.failover.AckTimes.Gap;
import io.millrace.workbench.failover.Outcome.Figure;
import io.millrace.workbench.suite.Progress;
import io.millrace.workbench.torture.check.Anomaly;
import io.millrace.workbench.torture.check.Checker;
import io.millrace.workbench.torture.check.Verdict;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One scenario on one cluster under load: the same fault some times over, and then the verdict on all that was written. */
public final class Trial {
    /** Between two faults, so that each meets a cluster that has found its rest. */
    private static final Duration STEADY = Duration.ofSeconds(2);
    /** A fault shows within this time, and what has recovered stays so. */
    private static final Duration SETTLE = Duration.ofSeconds(3);
    private static final Duration SHORT_SETTLE = Duration.ofSeconds(1);
    private static final Duration RECOVERY_TIMEOUT = Duration.ofSeconds(180);
    private static final Duration POSTGRES_AWAY = Duration.ofSeconds(30);

    private final Cluster cluster;
    private final Scenario scenario;
    private final Topic topic;
    private final Load load;
    private final Progress progress;
    private final Map<String, List<Double>> figures = new LinkedHashMap<>();

    private Trial(Cluster cluster, Scenario scenario, Topic topic, Load load, Progress progress) {
        this.cluster = cluster;
        this.scenario = scenario;
        this.topic = topic;
        this.load = load;
        this.progress = progress;
    }

    /** Something that is done to the cluster. */
    @FunctionalInterface
    private interface Deed {
        void run() throws IOException, InterruptedException;
    }

    /** @param recordsPerSecond by each door, over HTTP and over Kafka's protocol */
    public static Outcome run(Cluster cluster, Scenario scenario, int rounds, int recordsPerSecond, Progress progress)
            throws IOException, InterruptedException {
        Topic topic = Topic.create(cluster, "failover-" + scenario.label(), Cluster.BROKERS);
        try (Load load = Load.start(cluster, topic, recordsPerSecond)) {
            Trial trial = new Trial(cluster, scenario, topic, load, progress);
            for (int round = 1; round <= rounds; round++) {
                progress.say(cluster.name() + ": " + scenario.label() + ", round " + round + " of " + rounds);
                trial.round();
            }
            load.finish();
            return trial.outcome();
        } finally {
            topic.delete();
        }
    }

    private void round() throws IOException, InterruptedException {
        topic.awaitAllInSync();
        load.awaitFlowing(STEADY, RECOVERY_TIMEOUT);
        switch (scenario) {
            case KILL -> {
                int victim = topic.leader(0);
                try {
                    measure("without the leader", SETTLE, () -> cluster.kill(victim));
                } finally {
                    measure("at its return", SETTLE, () -> back(() -> cluster.start(victim)));
                }
            }
            case PAUSE -> {
                int victim = topic.leader(0);
                try {
                    measure("without the leader", SETTLE, () -> cluster.pause(victim));
                } finally {
                    measure("at its return", SETTLE, () -> back(() -> cluster.resume(victim)));
                }
            }
            case ROLLING -> {
                for (int broker = 0; broker < Cluster.BROKERS; broker++) {
                    int restarted = broker;
                    measure("each restart", SHORT_SETTLE, () -> {
                        cluster.stop(restarted);
                        back(() -> cluster.start(restarted));
                    });
                }
            }
            case POSTGRES -> {
                if (!(cluster instanceof SuiteCluster suite)) {
                    throw new IllegalArgumentException(cluster.name() + " has no PostgreSQL");
                }
                try {
                    measure("without PostgreSQL", Duration.ZERO, () -> {
                        suite.stopPostgres();
                        TimeUnit.NANOSECONDS.sleep(POSTGRES_AWAY.toNanos());
                    });
                } finally {
                    measure("at its return", SETTLE, suite::startPostgres);
                }
            }
            case ELECTION, REST -> throw new IllegalArgumentException(scenario + " is not measured under load");
        }
    }

    private void back(Deed deed) throws IOException, InterruptedException {
        deed.run();
        topic.awaitAllInSync();
    }

    private void measure(String name, Duration settle, Deed deed) throws IOException, InterruptedException {
        long fromNanos = System.nanoTime();
        deed.run();
        load.awaitFlowing(settle, RECOVERY_TIMEOUT);
        long toNanos = System.nanoTime();
        for (Door door : load.doors()) {
            figures.computeIfAbsent(door.label() + ", " + name, ignored -> new ArrayList<>())
                    .add(longestGapMs(name, door, fromNanos, toNanos));
        }
    }

    /** Tells when it was, if it is too long, so that it can be found in the logs. */
    private double longestGapMs(String name, Door door, long fromNanos, long toNanos) {
        Gap gap = load.journal().longestGap(door, fromNanos, toNanos);
        double gapMs = gap.lengthNanos() / 1e6;
        if (target(name) instanceof Double target && gapMs > target) {
            Instant began = Instant.now().minusNanos(System.nanoTime() - gap.beginNanos());
            progress.say(String.format(Locale.ROOT, "  %s, %s: %.0f ms without an acknowledgement from %s on", door
                    .label(), name, gapMs, began.truncatedTo(ChronoUnit.MILLIS)));
        }
        return gapMs;
    }

    private @Nullable Double target(String name) {
        Duration target = scenario.target();
        return target == null || name.endsWith("return") ? null : (double) target.toMillis();
    }

    private Outcome outcome() {
        Verdict verdict = Checker.judge(load.journal().history());
        Map<Anomaly.Kind, Integer> counts = new EnumMap<>(Anomaly.Kind.class);
        counts.putAll(verdict.counts());
        Map<String, Integer> anomalies = new TreeMap<>();
        counts.forEach((kind, count) -> anomalies.put(kind.toString(), count));
        verdict.anomalies().stream().limit(10).forEach(anomaly -> System.err.println(anomaly));
        List<Figure> times = new ArrayList<>();
        figures.forEach((name, rounds) -> times.add(Figure.of(name, "ms", rounds, target(name))));
        Journal journal = load.journal();
        return new Outcome(scenario.label(), cluster.name(), times, journal.acknowledged(), journal.failedWrites(),
                journal.failedReads(), journal.failures(), anomalies, null);
    }
}
