package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.SuiteDirectories;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/** PostgreSQL is stopped and comes back as it was, or as it was some time ago, while records are produced to replicated topics. */
@WithSuite
@Order(3)
class PostgresGoesBackIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final int PARTITIONS = 3;
    /** At {@link Load#A_SECOND}, with the default lease of 3 s. */
    private static final int LONGER_THAN_A_LEASE = 1_500;

    /** Of a partition in PostgreSQL; leader -1: none. */
    private record Row(int leader, int leaderEpoch, int partitionEpoch, List<Integer> isr) {}

    private final Suite suite;
    private final Gateway gateway;

    PostgresGoesBackIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @Test
    void a_postgres_that_was_away_and_lost_nothing_costs_no_partition_its_leader() throws Exception {
        create("away");
        awaitAllInSync("away");
        Map<Integer, Row> before = rows("away");
        int incarnation = incarnation();
        try (var load = new Load(suite, "away")) {
            load.awaitMore(300);
            for (String signal : List.of("-INT", "-QUIT")) {
                signalPostgres(signal);
                suite.stop("postgres");
                load.awaitMore(LONGER_THAN_A_LEASE);
                restartPostgres();
                load.awaitMore(300);
                awaitCreated("away-back" + signal);
                assertThat(rows("away")).as("leaders and who is in sync, after " + signal).isEqualTo(before);
            }
            suite.kill("broker-2");
            load.awaitMore(LONGER_THAN_A_LEASE);
            assertThat(rows("away").values()).as("another leads soon").noneMatch(row -> row.leader() == 2);
            suite.start("broker-2");
            suite.awaitReady(PATIENCE, "broker-2");
            assertAllOnce(load.end(), read("away"));
        }
        assertThat(incarnation()).isEqualTo(incarnation);
        awaitAllReady();
    }

    @Test
    void a_postgres_restored_from_an_older_state_loses_nothing_that_was_acknowledged() throws Exception {
        create("goes-back");
        awaitAllInSync("goes-back");
        Path data = suite.settings().directories().postgres();
        Path older = data.resolveSibling("postgres-older");
        int incarnation = incarnation();
        try (var load = new Load(suite, "goes-back")) {
            load.awaitMore(300);
            suite.stop("postgres");
            copy(data, older);
            restartPostgres();
            // What PostgreSQL is going to forget: a topic with its records, who leads, and that one of the replicas is not in sync.
            awaitCreated("goes-back-lost");
            gateway.produce("goes-back-lost", List.of("{\"value\":1}", "{\"value\":2}"));
            Map<Integer, Row> kept = rows("goes-back");
            assertThat(kept.values()).as("in the older state broker 1 may lead all, and leads one").allMatch(row -> row
                    .isr().contains(1)).anyMatch(row -> row.leader() == 1);
            suite.kill("broker-1");
            await().atMost(PATIENCE).until(() -> rows("goes-back").values().stream().noneMatch(row -> row.isr()
                    .contains(1)));
            load.awaitMore(500);
            Map<Integer, Row> lost = rows("goes-back");
            assertThat(lost).allSatisfy((index, row) -> {
                assertThat(row.partitionEpoch()).isGreaterThan(kept.get(index).partitionEpoch());
                assertThat(row.leader()).isNotEqualTo(1);
            });

            suite.stop("postgres");
            suite.kill("coordinator"); // the others remember what it has seen
            SuiteDirectories.deleteRecursively(data);
            Files.move(older, data);
            suite.start("broker-1");
            restartPostgres();
            suite.start("coordinator");
            suite.awaitReady(PATIENCE, "broker-1", "coordinator");
            awaitCreated("goes-back-new");
            load.awaitMore(1_000);
            List<ConsumerRecord<String, String>> stored = assertAllOnce(load.end(), read("goes-back"));
            assertEpochsRise(stored);
            assertThat(stored.getLast().leaderEpoch().orElse(0)).isGreaterThan(lost.values().stream().mapToInt(
                    Row::leaderEpoch).max().orElseThrow());
            assertThat(read("goes-back-lost")).as("the topic that PostgreSQL forgot").hasSize(2);
        }
        assertThat(incarnation()).isGreaterThan(incarnation);
        awaitAllInSync("goes-back");
        awaitAllReady();
        gateway.produce("goes-back-lost", List.of("{\"value\":3}"));
    }

    private static List<ConsumerRecord<String, String>> assertAllOnce(Map<String, Integer> acknowledged,
            List<ConsumerRecord<String, String>> stored) {
        assertThat(stored.stream().map(ConsumerRecord::value)).containsExactlyInAnyOrderElementsOf(acknowledged
                .keySet());
        return stored;
    }

    private static void assertEpochsRise(List<ConsumerRecord<String, String>> stored) {
        Map<Integer, ConsumerRecord<String, String>> last = new HashMap<>();
        for (ConsumerRecord<String, String> record : stored) {
            ConsumerRecord<String, String> before = last.put(record.partition(), record);
            assertThat(record.offset()).isEqualTo(before == null ? 0 : before.offset() + 1);
            assertThat(record.leaderEpoch().orElseThrow()).isGreaterThanOrEqualTo(before == null ? 0
                    : before.leaderEpoch().orElseThrow());
        }
    }

    private void create(String topic) throws IOException, InterruptedException {
        createTopic(topic).expect(201);
    }

    private void awaitCreated(String topic) {
        await().atMost(PATIENCE).until(() -> createTopic(topic).status() == 201);
    }

    private Gateway.Answer createTopic(String topic) throws IOException, InterruptedException {
        return gateway.post("/admin/topics", Gateway.METADATA, "{\"topic_name\":\"" + topic
                + "\",\"partitions_count\":" + PARTITIONS
                + ",\"replication_factor\":3,\"configs\":{\"min.insync.replicas\":\"2\"}}");
    }

    private void awaitAllInSync(String topic) {
        await().atMost(PATIENCE).until(() -> rows(topic).values().stream().allMatch(row -> row.isr().size() == 3));
    }

    private Map<Integer, Row> rows(String topic) throws SQLException {
        Map<Integer, Row> rows = new TreeMap<>();
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("""
                        select index, coalesce(leader, -1), leader_epoch, partition_epoch, isr
                        from metadata.partition join metadata.topic on id = topic_id where name = '%s'
                        """.formatted(topic))) {
            while (found.next()) {
                rows.put(found.getInt(1), new Row(found.getInt(2), found.getInt(3), found.getInt(4), Stream.of(
                        (Integer[]) found.getArray(5).getArray()).sorted().toList()));
            }
        }
        return rows;
    }

    private int incarnation() throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery("select incarnation from metadata.cluster")) {
            found.next();
            return found.getInt(1);
        }
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + suite.settings().ports().postgres()
                + "/millrace", "millrace", "millrace");
    }

    /** INT ends it in order, QUIT as a crash. */
    private void signalPostgres(String signal) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", signal, Long.toString(suite.pid("postgres"))).start().waitFor()).isZero();
    }

    private void restartPostgres() throws IOException, InterruptedException {
        suite.start("postgres");
        suite.awaitReady(PATIENCE, "postgres");
    }

    private void awaitAllReady() {
        await().atMost(PATIENCE).until(() -> suite.names().stream().allMatch(suite::isReady));
    }

    private List<ConsumerRecord<String, String>> read(String topic) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", suite
                .bootstrapServers(), "enable.auto.commit", false), new StringDeserializer(),
                new StringDeserializer())) {
            List<TopicPartition> partitions = Stream.iterate(0, index -> index < PARTITIONS, index -> index + 1)
                    .map(index -> new TopicPartition(topic, index)).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions, PATIENCE);
            List<ConsumerRecord<String, String>> read = new ArrayList<>();
            await().atMost(PATIENCE).until(() -> {
                consumer.poll(Duration.ofMillis(200)).forEach(read::add);
                return partitions.stream().allMatch(partition -> consumer.position(partition) >= ends.get(partition));
            });
            return read;
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file)), StandardCopyOption.COPY_ATTRIBUTES,
                        LinkOption.NOFOLLOW_LINKS);
            }
        }
    }

    /** An idempotent producer with acks=all that sends a few hundred records a second, of which none may fail. */
    private static final class Load implements AutoCloseable {
        private static final int A_SECOND = 300;

        private final KafkaProducer<String, String> producer;
        private final Map<String, Integer> acknowledged = new ConcurrentHashMap<>();
        private final AtomicInteger sent = new AtomicInteger();
        private final AtomicReference<Exception> failure = new AtomicReference<>();
        private final AtomicBoolean done = new AtomicBoolean();
        private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
        private final long[] lastNanos = new long[PARTITIONS];
        private final Future<?> sending;
        private volatile long longestGapMs;

        Load(Suite suite, String topic) {
            producer = new KafkaProducer<>(Map.of("bootstrap.servers", suite.bootstrapServers(), "enable.idempotence",
                    true, "acks", "all", "delivery.timeout.ms", 60_000, "request.timeout.ms", 3_000, "max.block.ms",
                    60_000, "retry.backoff.ms", 20, "retry.backoff.max.ms", 200, "reconnect.backoff.max.ms", 200),
                    new StringSerializer(), new StringSerializer());
            Arrays.fill(lastNanos, System.nanoTime());
            sending = executor.submit(() -> send(topic));
        }

        private Void send(String topic) throws InterruptedException {
            long begunNanos = System.nanoTime();
            while (!done.get()) {
                int number = sent.getAndIncrement();
                String value = "\"r" + number + "\"";
                producer.send(new ProducerRecord<>(topic, number % PARTITIONS, null, value), (place, failed) -> {
                    if (failed == null) {
                        acknowledged.put(value, place.partition());
                        noteGap(place.partition());
                    } else {
                        failure.compareAndSet(null, failed);
                    }
                });
                long dueNanos = begunNanos + Duration.ofSeconds(1).toNanos() / A_SECOND * number;
                // The pace of the load; nothing is waited for.
                TimeUnit.NANOSECONDS.sleep(Math.max(0, dueNanos - System.nanoTime()));
            }
            return null;
        }

        /** Callbacks come on one thread. */
        private void noteGap(int partition) {
            long nowNanos = System.nanoTime();
            longestGapMs = Math.max(longestGapMs, Duration.ofNanos(nowNanos - lastNanos[partition]).toMillis());
            lastNanos[partition] = nowNanos;
        }

        void awaitMore(int records) {
            int goal = acknowledged.size() + records;
            await().atMost(PATIENCE).until(() -> acknowledged.size() >= goal || failure.get() != null);
            assertThat(failure.get()).isNull();
        }

        /** All that was sent, which is acknowledged. */
        Map<String, Integer> end() throws Exception {
            done.set(true);
            sending.get();
            producer.flush();
            assertThat(failure.get()).isNull();
            assertThat(acknowledged).hasSize(sent.get());
            System.out.printf("longest time in which a partition acknowledged nothing: %d ms%n", longestGapMs);
            return acknowledged;
        }

        @Override
        public void close() {
            done.set(true);
            executor.close();
            producer.close(Duration.ofSeconds(10));
        }
    }
}
