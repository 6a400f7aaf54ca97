package io.millrace.workbench.bench;

import io.millrace.workbench.peer.KafkaPeer;
import io.millrace.workbench.suite.Progress;
import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.SuiteSize;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One run on a suite of its own with one broker, and with {@code --peer} a node of Apache Kafka beside it. */
final class Benchmark {
    private static final int ROUNDS = 3;
    private static final int PARTITIONS = 6;
    private static final int WARM_UP_RECORDS = 1_000_000;
    private static final int RECORDS_100B = 4_000_000;
    private static final int RECORDS_1KIB = 500_000;
    private static final int JSON_RECORDS = 1_000_000;
    private static final int EVENTS = 5_000;
    private static final int CONNECTIONS = 32;
    private static final int IDLE_CONNECTIONS = 4_990;
    private static final int STREAMS = 2;
    private static final Duration HTTP_WARM_UP = Duration.ofSeconds(5);
    private static final Duration HTTP_DURATION = Duration.ofSeconds(10);
    private static final Duration SINGLE_CLIENT_DURATION = Duration.ofSeconds(5);

    private final Path directory;
    private final Progress progress;
    private final Suite suite;
    private final @Nullable KafkaPeer peer;
    private final Duration startup;
    private final List<Row> rows = new ArrayList<>();

    private Benchmark(Path directory, Progress progress, Suite suite, @Nullable KafkaPeer peer, Duration startup) {
        this.directory = directory;
        this.progress = progress;
        this.suite = suite;
        this.peer = peer;
        this.startup = startup;
    }

    static List<Row> run(Path home, Set<Work> works, boolean withPeer, Progress progress)
            throws IOException, InterruptedException {
        BenchSuite place = BenchSuite.of(home, 1);
        place.prepare(progress);
        long startedNanos = System.nanoTime();
        try (Suite suite = place.start()) {
            Duration startup = Duration.ofNanos(System.nanoTime() - startedNanos);
            try (KafkaPeer peer = withPeer ? KafkaPeer.startOne(place.directory().resolve("kafka")) : null) {
                Benchmark benchmark = new Benchmark(place.directory(), progress, suite, peer, startup);
                for (Work work : works) {
                    benchmark.measureOrReport(work);
                }
                return benchmark.rows;
            }
        } finally {
            place.delete();
        }
    }

    /** One work that fails does not take the figures of the others with it. */
    private void measureOrReport(Work work) throws InterruptedException {
        try {
            measure(work);
        } catch (IOException | RuntimeException e) {
            progress.say(work.label() + " failed: " + e);
            rows.add(Row.failed(work.label(), e));
        }
    }

    private void measure(Work work) throws IOException, InterruptedException {
        progress.say(work.label());
        switch (work) {
            case STARTUP -> rows.add(Row.of(work.label(), "s", startup.toMillis() / 1e3,
                    peer == null ? null : peer.startup().toMillis() / 1e3, Map.of()));
            case KAFKA_PRODUCE_100B -> kafkaProduce(work, RECORDS_100B, 100);
            case KAFKA_PRODUCE_1KIB -> kafkaProduce(work, RECORDS_1KIB, 1024);
            case KAFKA_CONSUME -> kafkaConsume(work);
            case IDLE_CONNECTIONS -> idleConnections(work);
            case HTTP_FLOOR -> httpFloor(work);
            case HTTP_PRODUCE_1 -> httpProduce(work, 1, false);
            case HTTP_PRODUCE_100 -> httpProduce(work, 100, false);
            case HTTP_PRODUCE_KEYED -> httpProduce(work, 1, true);
            case HTTP_PRODUCE_LINES -> httpProduceLines(work);
            case HTTP_PRODUCE_SINGLE -> httpProduceSingle(work);
            case HTTP_CONSUME -> httpConsume(work);
            case SSE_LATENCY -> {
                topic("bench-events", 1);
                Figures figures = new EventLatencyLoad(gatewayPort()).run("bench-events", EVENTS);
                rows.add(Row.of(work.label(), "ms p50", figures.value(), figures.details()));
            }
            case SSE_LATENCY_100 -> {
                topic(work.label(), 1);
                Figures figures = subscribersLoad().latency(work.label(), 100);
                rows.add(Row.of(work.label(), "ms p50", figures.value(), figures.details()));
            }
            case SSE_BESIDE_SLOW -> {
                topic(work.label(), 1);
                Figures figures = subscribersLoad().latencyBesideSlowReader(work.label(), 1_000);
                rows.add(Row.of(work.label(), "ms p99", figures.value(), figures.details()));
            }
            case SSE_SUBSCRIBERS -> {
                topic(work.label(), 1);
                Figures figures = subscribersLoad().deliver(work.label(), 10_000);
                rows.add(Row.of(work.label(), "events/s", figures.value(), figures.details()));
            }
            case MEMORY -> memory(work);
            case KAFKA_PRODUCE_REPLICATED_100B, KAFKA_PRODUCE_REPLICATED_1KIB, GROUP_CLASSIC, GROUP_COOPERATIVE,
                    GROUP_CONSUMER ->
                throw new IllegalArgumentException(work + " needs another suite");
        }
    }

    private void kafkaProduce(Work work, int records, int sizeBytes) throws IOException, InterruptedException {
        rows.add(turns().measure(work, "records/s", load -> {
            load.createTopic("warm-up", PARTITIONS);
            load.produce("warm-up", WARM_UP_RECORDS, 100);
            load.deleteTopic("warm-up");
        }, load -> {
            load.createTopic(work.label(), PARTITIONS);
            try {
                return load.produce(work.label(), records, sizeBytes);
            } finally {
                load.deleteTopic(work.label());
            }
        }));
    }

    private void kafkaConsume(Work work) throws IOException, InterruptedException {
        rows.add(turns().measure(work, "records/s", load -> {
            load.createTopic(work.label(), PARTITIONS);
            load.produce(work.label(), RECORDS_100B, 100);
            load.consume(work.label(), RECORDS_100B);
        }, load -> load.consume(work.label(), RECORDS_100B)));
        turns().each(load -> load.deleteTopic(work.label()));
    }

    private Turns turns() {
        return new Turns(ROUNDS, ourKafka(), peer == null ? null : new KafkaLoad(peer.bootstrapServers(), directory));
    }

    private void httpProduceLines(Work work) throws IOException, InterruptedException {
        topic(work.label(), PARTITIONS);
        LinesLoad load = new LinesLoad(gatewayPort());
        load.run(work.label(), STREAMS, HTTP_WARM_UP);
        List<Figures> rounds = new ArrayList<>();
        for (int number = 0; number < ROUNDS; number++) {
            rounds.add(load.run(work.label(), STREAMS, HTTP_DURATION));
        }
        Figures median = Figures.median(rounds);
        rows.add(Row.of(work.label(), "records/s", median.value(), median.details()));
        ourKafka().deleteTopic(work.label());
    }

    /** What the web server and Spring MVC cost, whatever an endpoint does. */
    private void httpFloor(Work work) throws IOException, InterruptedException {
        HttpProduceLoad load = new HttpProduceLoad(gatewayPort(), directory, false);
        load.floor(CONNECTIONS, HTTP_WARM_UP);
        Figures figures = load.floor(CONNECTIONS, HTTP_DURATION);
        rows.add(Row.of(work.label(), "requests/s", figures.value(), figures.details()));
    }

    private void httpProduce(Work work, int recordsPerRequest, boolean isKeyed)
            throws IOException, InterruptedException {
        topic(work.label(), PARTITIONS);
        HttpProduceLoad load = new HttpProduceLoad(gatewayPort(), directory, isKeyed);
        load.run(work.label(), recordsPerRequest, CONNECTIONS, HTTP_WARM_UP);
        List<Figures> rounds = new ArrayList<>();
        for (int number = 0; number < ROUNDS; number++) {
            rounds.add(load.run(work.label(), recordsPerRequest, CONNECTIONS, HTTP_DURATION));
        }
        Figures median = Figures.median(rounds);
        Map<String, Double> details = new LinkedHashMap<>(median.details());
        details.put("requests/s", median.value());
        rows.add(Row.of(work.label(), recordsPerRequest == 1 ? "requests/s" : "records/s",
                median.value() * recordsPerRequest, details));
        ourKafka().deleteTopic(work.label());
    }

    private void httpProduceSingle(Work work) throws IOException, InterruptedException {
        topic(work.label(), PARTITIONS);
        HttpProduceLoad load = new HttpProduceLoad(gatewayPort(), directory, false);
        load.run(work.label(), 1, 1, SINGLE_CLIENT_DURATION);
        Figures figures = load.run(work.label(), 1, 1, SINGLE_CLIENT_DURATION);
        rows.add(Row.of(work.label(), "ms p50", figures.details().getOrDefault("p50 ms", 0.0),
                Map.of("p99 ms", figures.details().getOrDefault("p99 ms", 0.0), "requests/s", figures.value())));
        ourKafka().deleteTopic(work.label());
    }

    private void httpConsume(Work work) throws IOException, InterruptedException {
        topic(work.label(), PARTITIONS);
        HttpConsumeLoad.fill(suite.bootstrapServers(), work.label(), JSON_RECORDS);
        HttpConsumeLoad load = new HttpConsumeLoad(suite.gatewayUrl());
        load.run(work.label(), "bench-warm-up", JSON_RECORDS);
        List<Figures> rounds = new ArrayList<>();
        for (int number = 0; number < ROUNDS; number++) {
            rounds.add(load.run(work.label(), "bench-" + number, JSON_RECORDS));
        }
        Figures median = Figures.median(rounds);
        rows.add(Row.of(work.label(), "records/s", median.value(), median.details()));
        ourKafka().deleteTopic(work.label());
    }

    /** What thousands of clients cost that have nothing to do. */
    private void idleConnections(Work work) throws IOException, InterruptedException {
        Figures ours = new IdleConnectionsLoad(suite.bootstrapServers(), suite.pid("broker-0"),
                IdleConnectionsLoad.DURATION)
                .run(IDLE_CONNECTIONS);
        Figures theirs = peer == null ? null
                : new IdleConnectionsLoad(peer.bootstrapServers(), peer.pid(0), IdleConnectionsLoad.DURATION).run(
                        IDLE_CONNECTIONS);
        Map<String, Double> details = new LinkedHashMap<>(ours.details());
        if (theirs != null) {
            theirs.details().forEach((name, value) -> details.put("Kafka's " + name, value));
        }
        rows.add(Row.of(work.label(), "MiB resident", ours.value(), theirs == null ? null : theirs.value(), details));
    }

    /** After whatever was measured before it: what each process has grown to. */
    private void memory(Work work) throws IOException, InterruptedException {
        Map<String, Double> details = new LinkedHashMap<>();
        double total = 0;
        for (String name : suite.names()) {
            double residentMib = Memory.residentMib(suite.pid(name));
            details.put(name + " MiB", residentMib);
            total += residentMib;
        }
        rows.add(Row.of(work.label(), "MiB resident", total, peer == null ? null : Memory.residentMib(peer.pid(0)),
                details));
    }

    private void topic(String name, int partitions) throws InterruptedException {
        ourKafka().createTopic(name, partitions);
    }

    private KafkaLoad ourKafka() {
        return new KafkaLoad(suite.bootstrapServers(), directory);
    }

    private SubscribersLoad subscribersLoad() {
        return new SubscribersLoad(gatewayPort(), suite.pid(SuiteSize.name("gateway", 0)), Objects.requireNonNull(suite
                .managementUrl(SuiteSize.name("gateway", 0))));
    }

    private int gatewayPort() {
        return suite.settings().ports().gateway();
    }
}
