package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What speaks Kafka's protocol works unchanged, and Kafka's own tools read our files. */
@WithSteadySuite
class KafkaClientsIT {
    private static final int RECORDS = 2_000;
    private static final int SEGMENT_BYTES = 1 << 20;
    /** Of more than 150 bytes each: several segments. */
    private static final int DUMPED_RECORDS = 30_000;
    /** How Kafka's tool says that an index and its segment disagree. */
    private static final Pattern COMPLAINT = Pattern.compile("Mismatch|mismatch|Found|rror|xception|Corrupt|corrupt");
    private static final Duration TOOL_TIMEOUT = Duration.ofSeconds(60);

    private final Suite suite;
    private final Gateway gateway;

    KafkaClientsIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void the_java_producer_and_an_assigned_consumer_agree_under_every_compression(String compression) throws Exception {
        String topic = "compressed-" + compression;
        gateway.createTopic(topic, 3);
        List<String> sent = new ArrayList<>();
        List<Future<RecordMetadata>> acknowledged = new ArrayList<>();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of(
                "bootstrap.servers", suite.bootstrapServers(), "compression.type", compression,
                "linger.ms", 5, "acks", "all"), new StringSerializer(), new StringSerializer())) {
            for (int record = 0; record < RECORDS; record++) {
                String value = "value " + record + " " + "x".repeat(record % 200);
                sent.add(value);
                acknowledged.add(producer.send(new ProducerRecord<>(topic, "key-" + record % 17, value)));
            }
        }
        Map<Integer, List<String>> byPartition = readAll(topic, 3);
        for (int record = 0; record < RECORDS; record++) {
            RecordMetadata place = acknowledged.get(record).get();
            assertThat(byPartition.get(place.partition()).get((int) place.offset())).isEqualTo(sent.get(record));
        }
        assertThat(byPartition.values().stream().mapToInt(List::size).sum()).isEqualTo(RECORDS);
    }

    @Test
    void both_worlds_choose_the_same_partition_for_a_key() throws Exception {
        gateway.createTopic("same-partition", 6);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", suite.bootstrapServers(), "linger.ms", 0), new StringSerializer(),
                new StringSerializer())) {
            for (String key : List.of("clients", "streams", "core", "Übergröße", "x")) {
                // a JSON key is its JSON text, as the JSON format of the Strimzi bridge sends it
                int byKafka = producer.send(new ProducerRecord<>("same-partition", "\"" + key + "\"", "1")).get()
                        .partition();
                int byHttp = gateway.produce("same-partition", List.of("{\"key\":\"" + key + "\",\"value\":2}"))
                        .getFirst().partition();
                assertThat(byHttp).as(key).isEqualTo(byKafka);
            }
        }
    }

    @Test
    void topics_are_created_listed_and_deleted_by_the_admin_client() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", suite.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic("by-admin", 4, (short) 1))).all().get(20, TimeUnit.SECONDS);
            assertThat(admin.describeTopics(List.of("by-admin")).allTopicNames().get(20, TimeUnit.SECONDS)
                    .get("by-admin").partitions()).hasSize(4);
            assertThat(gateway.get("/topics/by-admin").expect(200).body().get("partitions").size()).isEqualTo(4);
            admin.deleteTopics(List.of("by-admin")).all().get(20, TimeUnit.SECONDS);
            assertThat(admin.listTopics().names().get(20, TimeUnit.SECONDS)).doesNotContain("by-admin");
        }
    }

    private KafkaConsumer<String, String> member(String group) {
        return new KafkaConsumer<>(Map.of("bootstrap.servers", suite.bootstrapServers(), "group.id", group,
                "group.protocol", "consumer", "auto.offset.reset", "earliest", "enable.auto.commit", false),
                new StringDeserializer(), new StringDeserializer());
    }

    /** Polls until it has read so many in all, of which none came twice. */
    private static void pollUntil(int count, Set<String> read, List<KafkaConsumer<String, String>> members) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1))
                .untilAsserted(() -> {
                    for (KafkaConsumer<String, String> member : members) {
                        for (ConsumerRecord<String, String> record : member.poll(Duration.ofMillis(100))) {
                            assertThat(read.add(record.value())).as(record.value()).isTrue();
                        }
                        member.commitSync();
                    }
                    assertThat(read).hasSize(count);
                });
    }

    private void produce(String topic, int partitions, int from, int count) throws Exception {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", suite.bootstrapServers()), new StringSerializer(),
                new StringSerializer())) {
            List<Future<RecordMetadata>> acknowledged = new ArrayList<>();
            for (int record = from; record < from + count; record++) {
                acknowledged.add(producer.send(new ProducerRecord<>(topic, record % partitions, null, "\"v" + record
                        + "\"")));
            }
            for (Future<RecordMetadata> record : acknowledged) {
                record.get();
            }
        }
    }

    private static void settle(int each, List<KafkaConsumer<String, String>> members, Set<String> read) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1))
                .until(() -> {
                    for (KafkaConsumer<String, String> member : members) {
                        member.poll(Duration.ofMillis(100)).forEach(record -> read.add(record.value()));
                    }
                    return members.stream().allMatch(member -> member.assignment().size() == each);
                });
    }

    @Test
    void consumers_of_a_group_share_a_topic_commit_and_hand_over_and_http_shows_the_same_lag() throws Exception {
        gateway.createTopic("in-group", 4);
        produce("in-group", 4, 0, 400);
        Set<String> read = new HashSet<>();
        try (KafkaConsumer<String, String> first = member("wire-group")) {
            first.subscribe(List.of("in-group"));
            pollUntil(400, read, List.of(first));
            try (KafkaConsumer<String, String> second = member("wire-group")) {
                second.subscribe(List.of("in-group"));
                settle(2, List.of(first, second), read);
                produce("in-group", 4, 400, 400);
                pollUntil(800, read, List.of(first, second));
            }
            settle(4, List.of(first), read);
        }
        assertThat(read).hasSize(800);
        assertThat(gateway.get("/groups/wire-group/lag").expect(200).body().get("total_lag").asInt()).isZero();
        produce("in-group", 4, 800, 8);
        assertThat(gateway.get("/groups/wire-group/lag").expect(200).body().get("total_lag").asInt()).isEqualTo(8);
    }

    @Test
    void a_consumer_over_http_and_one_over_the_wire_are_members_of_one_group() throws Exception {
        gateway.createTopic("both-doors", 2);
        try (KafkaConsumer<String, String> wire = member("both-doors")) {
            wire.subscribe(List.of("both-doors"));
            settle(2, List.of(wire), new HashSet<>());
            String http = gateway.join("both-doors", "http", "both-doors", Duration.ofSeconds(30));
            Awaitility.await().atMost(Duration.ofSeconds(60)).pollDelay(Duration.ZERO).until(() -> {
                wire.poll(Duration.ofMillis(100));
                gateway.poll(http, 100, 1 << 20);
                return wire.assignment().size() == 1;
            });
            produce("both-doors", 2, 0, 20);
            Set<String> read = new HashSet<>();
            Awaitility.await().atMost(Duration.ofSeconds(60)).pollDelay(Duration.ZERO).untilAsserted(() -> {
                wire.poll(Duration.ofMillis(100)).forEach(record -> read.add(record.value()));
                gateway.poll(http, 100, 1 << 20).forEach(record -> read.add("http " + record.value().asString()));
                assertThat(read).hasSize(20);
            });
            assertThat(read).filteredOn(value -> value.startsWith("http ")).hasSize(10);
            gateway.delete(http).expect(204);
            settle(2, List.of(wire), new HashSet<>());
        }
    }

    @Test
    void the_admin_client_lists_describes_changes_and_deletes_groups() throws Exception {
        gateway.createTopic("administered", 1);
        produce("administered", 1, 0, 10);
        TopicPartition place = new TopicPartition("administered", 0);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", suite.bootstrapServers()))) {
            try (KafkaConsumer<String, String> reader = member("administered")) {
                reader.subscribe(new SubscriptionPattern("admin.*ed"));
                pollUntil(10, new HashSet<>(), List.of(reader));
                var described = admin.describeConsumerGroups(List.of("administered")).describedGroups().get(
                        "administered").get(20, TimeUnit.SECONDS);
                assertThat(described.members()).singleElement().satisfies(member -> assertThat(member.assignment()
                        .topicPartitions()).containsExactly(place));
            }
            assertThat(admin.listGroups(ListGroupsOptions.forConsumerGroups()).all().get(20, TimeUnit.SECONDS))
                    .filteredOn(listing -> listing.groupId().equals("administered")).hasSize(1);
            assertThat(committed(admin)).containsEntry(place, 10L);
            admin.alterConsumerGroupOffsets("administered", Map.of(place, new OffsetAndMetadata(3))).all().get(20,
                    TimeUnit.SECONDS);
            assertThat(committed(admin)).containsEntry(place, 3L);
            admin.deleteConsumerGroups(List.of("administered")).all().get(20, TimeUnit.SECONDS);
            assertThat(committed(admin)).isEmpty();
            gateway.get("/groups/administered").expect(404);
        }
    }

    private static Map<TopicPartition, Long> committed(Admin admin) throws Exception {
        Map<TopicPartition, Long> committed = new HashMap<>();
        admin.listConsumerGroupOffsets("administered").partitionsToOffsetAndMetadata().get(20, TimeUnit.SECONDS)
                .forEach((partition, offset) -> committed.put(partition, offset.offset()));
        return committed;
    }

    @Test
    void kafkas_own_reader_of_segment_files_has_nothing_to_complain_of() throws Exception {
        String topic = "dumped";
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", suite.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1).configs(Map.of("segment.bytes",
                    Integer.toString(SEGMENT_BYTES))))).all().get(20, TimeUnit.SECONDS);
        }
        List<Future<RecordMetadata>> acknowledged = new ArrayList<>();
        RandomGenerator random = new SplittableRandom(1);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", suite.bootstrapServers(), "compression.type", "lz4"),
                new StringSerializer(), new StringSerializer())) {
            for (int record = 0; record < DUMPED_RECORDS; record++) {
                byte[] incompressible = new byte[150];
                random.nextBytes(incompressible);
                acknowledged.add(producer.send(new ProducerRecord<>(topic, "key", "value " + record + " "
                        + HexFormat.of().formatHex(incompressible))));
            }
        }
        for (Future<RecordMetadata> record : acknowledged) {
            record.get();
        }
        List<Path> segments = files(topic + "-0", ".log");
        assertThat(segments).hasSizeGreaterThanOrEqualTo(4);
        List<String> dump = dump(segments, "--deep-iteration", "--print-data-log");
        assertThat(dump).anyMatch(line -> line.contains("payload: value 0 "))
                .anyMatch(line -> line.contains("payload: value " + (DUMPED_RECORDS - 1) + " "))
                .noneMatch(line -> line.contains("isvalid: false"));

        List<Path> sealed = segments.subList(0, segments.size() - 1); // the last one's indexes are still in memory
        List<Path> indexes = Stream.of(".index", ".timeindex")
                .flatMap(suffix -> sealed.stream().map(segment -> beside(segment, suffix))).toList();
        assertThat(indexes).allSatisfy(index -> assertThat(index).isNotEmptyFile());
        assertThat(dump(indexes, "--deep-iteration")).filteredOn(line -> line.matches("offset: \\d+ position: \\d+"))
                .hasSizeGreaterThan(sealed.size());
        assertThat(dump(indexes, "--deep-iteration", "--verify-index-only"))
                .noneMatch(line -> COMPLAINT.matcher(line).find());
    }

    private static Path beside(Path segment, String suffix) {
        return segment.resolveSibling(segment.getFileName().toString().replace(".log", suffix));
    }

    private Map<Integer, List<String>> readAll(String topic, int partitions) {
        Map<Integer, List<String>> values = new HashMap<>();
        List<TopicPartition> assigned = IntStream.range(0, partitions).mapToObj(partition -> new TopicPartition(topic,
                partition)).toList();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", suite.bootstrapServers(), "check.crcs", true), new StringDeserializer(),
                new StringDeserializer())) {
            consumer.assign(assigned);
            consumer.seekToBeginning(assigned);
            Map<TopicPartition, Long> ends = consumer.endOffsets(assigned);
            while (assigned.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofSeconds(10))) {
                    List<String> partition = values.computeIfAbsent(record.partition(), ignored -> new ArrayList<>());
                    assertThat(record.offset()).isEqualTo(partition.size());
                    partition.add(record.value());
                }
            }
        }
        return values;
    }

    private List<Path> files(String partition, String suffix) throws IOException {
        List<Path> found = new ArrayList<>();
        for (int broker = 0; broker < suite.settings().size().brokers(); broker++) {
            try (Stream<Path> tree = Files.walk(suite.settings().directories().broker(broker))) {
                tree.filter(file -> file.getParent().getFileName().toString().startsWith(partition))
                        .filter(file -> file.getFileName().toString().endsWith(suffix)).sorted()
                        .forEach(found::add);
            }
        }
        return found;
    }

    private static List<String> dump(List<Path> files, String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java")
                .toString(),
                "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"),
                "org.apache.kafka.tools.DumpLogSegments", "--files",
                String.join(",", files.stream().map(Path::toString).toList())));
        command.addAll(List.of(options));
        return run(command);
    }

    private static List<String> run(List<String> command) throws Exception {
        Path output = Files.createTempFile("tool", ".txt");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        assertThat(process.waitFor(TOOL_TIMEOUT.toSeconds(), TimeUnit.SECONDS)).as("%s ends", command).isTrue();
        List<String> lines = Files.readString(output, StandardCharsets.UTF_8).lines().toList();
        Files.delete(output);
        assertThat(process.exitValue()).as("%s: %s", command, lines.subList(0, Math.min(20, lines.size()))).isZero();
        return lines;
    }
}
