package io.millrace.workbench.failover;

import io.millrace.workbench.failover.Outcome.Figure;
import io.millrace.workbench.suite.Progress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** How long, from a broker's death, until the other brokers know another leader of every partition. */
final class Election {
    private static final int PARTITIONS = 1_000;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final Duration CHECK_INTERVAL = Duration.ofMillis(10);

    private Election() {}

    static Outcome run(Cluster cluster, int rounds, Progress progress) throws IOException, InterruptedException {
        Topic topic = Topic.create(cluster, "failover-election", PARTITIONS);
        List<Double> times = new ArrayList<>();
        try {
            for (int round = 1; round <= rounds; round++) {
                progress.say(cluster.name() + ": " + Scenario.ELECTION.label() + ", round " + round + " of " + rounds);
                int victim = topic.leader(0);
                times.add(elected(cluster, topic, victim));
                cluster.start(victim);
                topic.awaitAllInSync();
            }
        } finally {
            topic.delete();
        }
        Duration target = Scenario.ELECTION.target();
        return Outcome.ofFigures(Scenario.ELECTION, cluster, List.of(Figure.of("all led by others, known to all", "ms",
                times, target == null ? null : (double) target.toMillis())));
    }

    private static double elected(Cluster cluster, Topic topic, int victim) throws IOException, InterruptedException {
        List<InetSocketAddress> survivors = IntStream.range(0, Cluster.BROKERS).filter(broker -> broker != victim)
                .mapToObj(cluster::listener).toList();
        long killedNanos = System.nanoTime();
        cluster.kill(victim);
        for (InetSocketAddress survivor : survivors) {
            while (MetadataProbe.ledByOthers(survivor, topic.name(), victim) < PARTITIONS) {
                if (System.nanoTime() - killedNanos > TIMEOUT.toNanos()) {
                    throw new IOException("not every partition has another leader within " + TIMEOUT.toSeconds()
                            + " s");
                }
                TimeUnit.NANOSECONDS.sleep(CHECK_INTERVAL.toNanos());
            }
        }
        return (System.nanoTime() - killedNanos) / 1e6;
    }
}
