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
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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
import org.junit.jupiter.api.Test;

/** PostgreSQL is stopped and comes back as it was, or as it was some time ago, while records are produced to replicated topics. */
@WithSuite
class PostgresGoesBackIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final int PARTITIONS = 3;
    /** Leader epochs of the first incarnation are below. */
    private static final int NEXT_INCARNATION = 1 << 16;

    private final Suite suite;
    private final Gateway gateway;

    PostgresGoesBackIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @Test
    void while_postgres_is_away_replicated_topics_serve_on_without_an_error_and_it_is_trusted_when_it_is_back()
            throws Exception {
        create("away");
        try (var load = new Load(suite, "away")) {
            load.awaitMore(500);
            suite.stop("postgres");
            load.awaitMore(1_000);
            restartPostgres();
            create("away-back");
            load.awaitMore(1_000);
            Map<String, Integer> acknowledged = load.end();
            List<ConsumerRecord<String, String>> stored = read("away");
            assertThat(values(stored)).containsExactlyInAnyOrderElementsOf(acknowledged.keySet());
            assertThat(stored).as("nothing was lost, so no incarnation began").allMatch(record -> record.leaderEpoch()
                    .orElse(0) % NEXT_INCARNATION < 1_000);
        }
        awaitAllReady();
    }

    @Test
    void a_postgres_restored_from_an_older_state_loses_nothing_that_was_acknowledged() throws Exception {
        create("goes-back");
        Path data = suite.settings().directories().postgres();
        Path older = data.resolveSibling("postgres-older");
        try (var load = new Load(suite, "goes-back")) {
            load.awaitMore(300);
            suite.stop("postgres");
            copy(data, older);
            restartPostgres();
            awaitCreated("goes-back-then");
            // What PostgreSQL is going to forget: who is in sync, who leads, and a topic with its records.
            suite.kill("broker-1");
            load.awaitMore(500);
            suite.start("broker-1");
            suite.awaitReady(PATIENCE, "broker-1");
            awaitCreated("goes-back-lost");
            gateway.produce("goes-back-lost", List.of("{\"value\":1}", "{\"value\":2}"));
            load.awaitMore(500);

            suite.stop("postgres");
            SuiteDirectories.deleteRecursively(data);
            Files.move(older, data);
            restartPostgres();
            awaitCreated("goes-back-new");
            load.awaitMore(1_000);
            Map<String, Integer> acknowledged = load.end();
            List<ConsumerRecord<String, String>> stored = read("goes-back");
            assertThat(values(stored)).as("each once").containsExactlyInAnyOrderElementsOf(acknowledged.keySet());
            assertThat(read("goes-back-lost")).as("the topic that PostgreSQL forgot").hasSize(2);
            assertEpochsRise(stored);
            assertThat(stored.getLast().leaderEpoch().orElse(0)).isGreaterThan(NEXT_INCARNATION);
        }
        awaitAllReady();
        gateway.produce("goes-back-lost", List.of("{\"value\":3}"));
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

    private static List<String> values(List<ConsumerRecord<String, String>> records) {
        return records.stream().map(ConsumerRecord::value).toList();
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
        private final Future<?> sending;

        Load(Suite suite, String topic) {
            producer = new KafkaProducer<>(Map.of("bootstrap.servers", suite.bootstrapServers(), "enable.idempotence",
                    true, "acks", "all", "delivery.timeout.ms", 60_000, "request.timeout.ms", 3_000, "max.block.ms",
                    60_000, "retry.backoff.ms", 20, "retry.backoff.max.ms", 200, "reconnect.backoff.max.ms", 200),
                    new StringSerializer(), new StringSerializer());
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
                    } else {
                        failure.compareAndSet(null, failed);
                    }
                });
                long dueNanos = begunNanos + Duration.ofSeconds(1).toNanos() / A_SECOND * number;
                Thread.sleep(Duration.ofNanos(Math.max(0, dueNanos - System.nanoTime())));
            }
            return null;
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
