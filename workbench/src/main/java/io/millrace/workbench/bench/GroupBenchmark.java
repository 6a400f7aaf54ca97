package io.millrace.workbench.bench;

import io.millrace.workbench.groups.Change;
import io.millrace.workbench.groups.ConsumerGroup;
import io.millrace.workbench.groups.Sharing;
import io.millrace.workbench.peer.KafkaPeer;
import io.millrace.workbench.suite.Progress;
import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * A large group comes together, and then one more joins and one dies, some times over: on a suite of its own with one broker, and with
 * {@code --peer} a node of Apache Kafka beside it. Both give a silent consumer up after the same time.
 */
final class GroupBenchmark {
    private static final int CONSUMERS = 100;
    private static final int PARTITIONS = 300;
    private static final int ROUNDS = 3;
    private static final Duration SESSION = Duration.ofSeconds(6);
    private static final Duration HEARTBEAT = Duration.ofSeconds(1);
    private static final Duration TIMEOUT = Duration.ofMinutes(3);

    private GroupBenchmark() {}

    /** What a group went through. */
    private record Life(Change start, List<Change> joins, List<Change> deaths) {}

    static List<Row> run(Path home, Set<Work> works, boolean withPeer, Progress progress)
            throws IOException, InterruptedException {
        BenchSuite place = BenchSuite.of(home, 1, Map.of(
                "MILLRACE_COORDINATOR_SESSION_TIMEOUT", SESSION.toMillis() + "ms",
                "MILLRACE_COORDINATOR_HEARTBEAT_INTERVAL", HEARTBEAT.toMillis() + "ms"));
        place.prepare(progress);
        Path directory = place.directory();
        try (Suite suite = place.start();
                KafkaPeer peer = withPeer ? KafkaPeer.startOne(directory.resolve("kafka"), """
                        group.consumer.session.timeout.ms=%1$d
                        group.consumer.min.session.timeout.ms=%1$d
                        group.consumer.heartbeat.interval.ms=%2$d
                        group.consumer.min.heartbeat.interval.ms=%2$d
                        """.formatted(SESSION.toMillis(), HEARTBEAT.toMillis())) : null) {
            List<Row> rows = new ArrayList<>();
            for (Work work : works) {
                rows.addAll(measureOrReport(work, new KafkaLoad(suite.bootstrapServers(), directory), peer == null
                        ? null
                        : new KafkaLoad(peer.bootstrapServers(), directory), progress));
            }
            return rows;
        } finally {
            place.delete();
        }
    }

    private static List<Row> measureOrReport(Work work, KafkaLoad ours, @Nullable KafkaLoad theirs, Progress progress)
            throws InterruptedException {
        progress.say(work.label());
        try {
            Life our = live(work, ours);
            Life their = theirs == null ? null : live(work, theirs);
            return List.of(
                    row(work.label() + "-start", List.of(our.start()), their == null ? null : List.of(their.start())),
                    row(work.label() + "-join", our.joins(), their == null ? null : their.joins()),
                    row(work.label() + "-death", our.deaths(), their == null ? null : their.deaths()));
        } catch (IOException | TimeoutException | RuntimeException e) {
            progress.say(work.label() + " failed: " + e);
            return List.of(Row.failed(work.label(), e));
        }
    }

    private static Life live(Work work, KafkaLoad load) throws IOException, InterruptedException, TimeoutException {
        Sharing sharing = work.sharing().orElseThrow(() -> new IllegalArgumentException(work + " has no group"));
        String name = work.label();
        load.createTopic(name, PARTITIONS);
        try (ConsumerGroup group = new ConsumerGroup(name, PARTITIONS, sharing, settings(name, load, sharing), TIMEOUT,
                record -> {})) {
            group.prepareMortals(ROUNDS);
            Change start = group.join(CONSUMERS);
            List<Change> joins = new ArrayList<>();
            List<Change> deaths = new ArrayList<>();
            for (int round = 0; round < ROUNDS; round++) {
                joins.add(group.join(1));
                deaths.add(group.die());
            }
            if (!group.doubles().isEmpty()) {
                throw new IllegalStateException("two consumers had a partition at once: " + group.doubles());
            }
            return new Life(start, joins, deaths);
        } finally {
            load.deleteTopic(name);
        }
    }

    private static Map<String, Object> settings(String group, KafkaLoad load, Sharing sharing) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("bootstrap.servers", load.bootstrapServers());
        settings.put("group.id", group);
        settings.put("auto.offset.reset", "earliest");
        if (sharing.isClassic()) {
            settings.put("session.timeout.ms", Math.toIntExact(SESSION.toMillis()));
            settings.put("heartbeat.interval.ms", Math.toIntExact(HEARTBEAT.toMillis()));
        }
        return settings;
    }

    private static Row row(String label, List<Change> ours, @Nullable List<Change> theirs) {
        Map<String, Double> details = new LinkedHashMap<>();
        add(details, "", ours);
        if (theirs != null) {
            add(details, "Kafka's ", theirs);
        }
        return Row.of(label, "s to settle", median(ours, GroupBenchmark::seconds), theirs == null ? null
                : median(theirs, GroupBenchmark::seconds), details);
    }

    private static void add(Map<String, Double> details, String whose, List<Change> changes) {
        details.put(whose + "partitions moved", median(changes, Change::moved));
        details.put(whose + "most partitions stopped for nothing", changes.stream()
                .mapToDouble(Change::stoppedForNothing).max().orElse(0));
        details.put(whose + "longest pause s", median(changes, change -> change.longestPause().toMillis() / 1e3));
    }

    private static double seconds(Change change) {
        return change.settled().toMillis() / 1e3;
    }

    private static double median(List<Change> changes, ToDoubleFunction<Change> figure) {
        return changes.stream().map(figure::applyAsDouble).sorted(Comparator.naturalOrder()).toList().get((changes
                .size() - 1) / 2);
    }
}
