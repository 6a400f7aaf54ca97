package io.millrace.workbench.failover;

import io.millrace.workbench.bench.BenchSuite;
import io.millrace.workbench.peer.KafkaPeer;
import io.millrace.workbench.suite.Progress;
import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** One run: all scenarios on a suite of its own with three brokers, and then, when its processes are gone, on Apache Kafka's three. */
final class Failover {
    private static final int RECORDS_PER_SECOND = 1_000;

    private final Set<Scenario> scenarios;
    private final int rounds;
    private final Progress progress;
    private final Consumer<Outcome> done;
    private final List<Outcome> outcomes = new ArrayList<>();

    private Failover(Set<Scenario> scenarios, int rounds, Progress progress, Consumer<Outcome> done) {
        this.scenarios = scenarios;
        this.rounds = rounds;
        this.progress = progress;
        this.done = done;
    }

    /** @param done gets each outcome as soon as there is one */
    static List<Outcome> run(
            Path home,
            Set<Scenario> scenarios,
            int rounds,
            boolean withPeer,
            Progress progress,
            Consumer<Outcome> done) throws IOException, InterruptedException {
        Failover failover = new Failover(scenarios, rounds, progress, done);
        BenchSuite place = BenchSuite.of(home, Cluster.BROKERS);
        try {
            place.prepare(progress);
            try (Suite suite = place.start()) {
                failover.allOn(new SuiteCluster(suite));
            }
            if (withPeer && scenarios.stream().anyMatch(Scenario::isAlsoOfPeer)) {
                progress.say("starting Apache Kafka");
                try (KafkaPeer peer = KafkaPeer.startCluster(place.directory().resolve("kafka"), Cluster.BROKERS)) {
                    failover.allOn(new PeerCluster(peer));
                }
            }
            return failover.outcomes;
        } finally {
            place.delete();
        }
    }

    private void allOn(Cluster cluster) throws InterruptedException {
        for (Scenario scenario : scenarios) {
            if (cluster instanceof SuiteCluster || scenario.isAlsoOfPeer()) {
                Outcome outcome = runOrReport(cluster, scenario);
                outcomes.add(outcome);
                done.accept(outcome);
            }
        }
    }

    /** One scenario that fails does not take the figures of the others with it. */
    private Outcome runOrReport(Cluster cluster, Scenario scenario) throws InterruptedException {
        try {
            return switch (scenario) {
                case KILL, PAUSE, ROLLING, POSTGRES -> Trial.run(cluster, scenario, rounds,
                        RECORDS_PER_SECOND, progress);
                case ELECTION -> Election.run(cluster, rounds, progress);
                case REST -> PostgresAtRest.run((SuiteCluster) cluster, progress);
            };
        } catch (IOException | RuntimeException e) {
            progress.say(cluster.name() + ": " + scenario.label() + " failed: " + e);
            return Outcome.failed(scenario, cluster, e);
        }
    }
}
