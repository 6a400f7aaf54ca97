package io.millrace.broker.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.BrokerNotAvailableException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Apache Kafka's own clients against the listener. */
class KafkaClientsTest {
    @TempDir
    private Path folder;
    private TestBroker broker;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(folder);
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private KafkaProducer<byte[], byte[]> producer(Map<String, Object> settings) {
        Map<String, Object> all = new java.util.HashMap<>(settings);
        all.put("bootstrap.servers", broker.bootstrap());
        all.putIfAbsent("max.block.ms", 20_000);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> settings) {
        Map<String, Object> all = new java.util.HashMap<>(settings);
        all.put("bootstrap.servers", broker.bootstrap());
        all.putIfAbsent("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static List<ConsumerRecord<byte[], byte[]>> read(KafkaConsumer<byte[], byte[]> consumer, int count) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (records.size() < count && System.nanoTime() < deadline) {
            consumer.poll(Duration.ofMillis(200)).forEach(records::add);
        }
        return records;
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void what_the_java_producer_sends_an_assigned_consumer_reads(String compression) throws Exception {
        broker.images.createTopic("t", 2, TestBroker.ID, Map.of());
        List<TopicPartition> both = List.of(new TopicPartition("t", 0), new TopicPartition("t", 1));
        try (var producer = producer(Map.of("compression.type", compression, "linger.ms", 5));
                var consumer = consumer(Map.of())) {
            for (int i = 0; i < 2_000; i++) {
                producer.send(new ProducerRecord<>("t", i % 2, 1_700_000_000_000L + i, bytes("k" + i), bytes("value "
                        + i)));
            }
            producer.flush();
            consumer.assign(both);

            List<ConsumerRecord<byte[], byte[]>> records = read(consumer, 2_000);

            assertThat(records).hasSize(2_000);
            for (TopicPartition partition : both) {
                List<ConsumerRecord<byte[], byte[]>> ofPartition = records.stream().filter(r -> r
                        .partition() == partition.partition()).toList();
                for (int offset = 0; offset < 1_000; offset++) {
                    ConsumerRecord<byte[], byte[]> record = ofPartition.get(offset);
                    int i = offset * 2 + partition.partition();
                    assertThat(record.offset()).isEqualTo(offset);
                    assertThat(record.value()).isEqualTo(bytes("value " + i));
                    assertThat(record.key()).isEqualTo(bytes("k" + i));
                    assertThat(record.timestamp()).isEqualTo(1_700_000_000_000L + i);
                    assertThat(record.leaderEpoch()).contains(0);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "all"})
    void every_number_of_acks_stores(String acks) throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        try (var producer = producer(Map.of("acks", acks, "enable.idempotence", acks.equals("all")));
                var consumer = consumer(Map.of())) {
            for (int i = 0; i < 10; i++) {
                RecordMetadata stored = producer.send(new ProducerRecord<>("t", bytes("v" + i))).get();
                assertThat(stored.offset()).isEqualTo(acks.equals("0") ? -1 : i);
            }
            consumer.assign(List.of(new TopicPartition("t", 0)));

            assertThat(read(consumer, 10)).extracting(record -> new String(record.value(), StandardCharsets.UTF_8))
                    .containsExactly("v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9");
        }
    }

    @Test
    void a_consumer_that_waits_at_the_end_is_given_a_record_as_soon_as_it_is_produced() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        try (var producer = producer(Map.of()); var consumer = consumer(Map.of("fetch.max.wait.ms", 60_000))) {
            consumer.assign(List.of(new TopicPartition("t", 0)));
            consumer.seekToEnd(List.of(new TopicPartition("t", 0)));
            consumer.poll(Duration.ofMillis(100));
            eventually().until(() -> {
                consumer.poll(Duration.ofMillis(20));
                return broker.requests.waitingFetches() == 1;
            });

            producer.send(new ProducerRecord<>("t", bytes("now"))).get();

            assertThat(read(consumer, 1)).hasSize(1);
            // It has sent its next fetch already, and would wait for the answer.
            consumer.close(CloseOptions.timeout(Duration.ZERO));
        }
    }

    @Test
    void a_record_that_is_too_large_is_refused_by_name() {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of("max.message.bytes", "1000"));
        try (var producer = producer(Map.of())) {
            Future<RecordMetadata> answer = producer.send(new ProducerRecord<>("t", new byte[2000]));

            assertThatThrownBy(answer::get).cause().isInstanceOf(RecordTooLargeException.class);
        }
    }

    @Test
    void the_admin_creates_describes_and_deletes_topics() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()))) {
            var created = admin.createTopics(List.of(new NewTopic("made", Optional.of(3), Optional.empty()).configs(Map
                    .of("retention.ms", "5000"))));
            created.all().get();
            assertThat(created.config("made").get().get("retention.ms").value()).isEqualTo("5000");
            assertThat(created.numPartitions("made").get()).isEqualTo(3);

            assertThatThrownBy(() -> admin.createTopics(List.of(new NewTopic("made", 1, (short) 1))).all().get())
                    .cause()
                    .isInstanceOf(TopicExistsException.class);
            admin.createTopics(List.of(new NewTopic("checked", 1, (short) 1)), new CreateTopicsOptions().validateOnly(
                    true)).all().get();
            assertThat(admin.listTopics().names().get()).containsExactly("made");
            TopicDescription described = admin.describeTopics(List.of("made")).allTopicNames().get().get("made");
            assertThat(described.partitions()).hasSize(3).allSatisfy(partition -> assertThat(partition.leader().id())
                    .isEqualTo(TestBroker.ID));
            assertThat(described.topicId()).isEqualTo(broker.images.current().topic("made").id());
            assertThat(admin.describeLogDirs(List.of(TestBroker.ID)).allDescriptions().get().get(TestBroker.ID))
                    .hasSize(1).allSatisfy((_, directory) -> assertThat(directory.replicaInfos()).hasSize(3));
            assertThat(admin.describeCluster().nodes().get()).hasSize(1);
            assertThat(admin.describeCluster().clusterId().get()).isEqualTo(SettableImages.CLUSTER_ID);

            admin.deleteTopics(List.of("made")).all().get();
            assertThatThrownBy(() -> admin.deleteTopics(List.of("made")).all().get()).cause().isInstanceOf(
                    UnknownTopicOrPartitionException.class);
            assertThat(admin.listTopics().names().get()).isEmpty();
        }
    }

    @Test
    void the_admin_asks_again_while_the_controller_is_away() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()))) {
            broker.services.away = true;
            var created = admin.createTopics(List.of(new NewTopic("made", 1, (short) 1)));
            eventually().until(() -> broker.services.refused.get() > 1);
            broker.services.away = false;
            created.all().get();

            broker.services.away = true;
            int refusedBefore = broker.services.refused.get();
            var deleted = admin.deleteTopics(List.of("made"));
            eventually().until(() -> broker.services.refused.get() > refusedBefore + 1);
            broker.services.away = false;
            deleted.all().get();
            assertThat(broker.images.current().topic("made")).isNull();
        }
    }

    @Test
    void a_request_that_was_carried_out_in_part_is_not_repeated() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()))) {
            broker.services.callsLeft.set(1);
            var created = admin.createTopics(List.of(new NewTopic("a", 1, (short) 1), new NewTopic("b", 1, (short) 1)))
                    .values();

            List<String> refused = new ArrayList<>();
            for (String name : List.of("a", "b")) {
                try {
                    created.get(name).get();
                } catch (ExecutionException e) {
                    assertThat(e.getCause()).isInstanceOf(BrokerNotAvailableException.class);
                    refused.add(name);
                }
            }
            assertThat(refused).hasSize(1);
            assertThat(broker.services.refused).hasValue(1);
        }
    }

    @Test
    void offsets_are_found_at_the_ends_and_by_time() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        TopicPartition partition = new TopicPartition("t", 0);
        try (var producer = producer(Map.of());
                var consumer = consumer(Map.of());
                Admin admin = Admin.create(Map.of("bootstrap.servers",
                        broker.bootstrap()))) {
            for (int i = 0; i < 10; i++) {
                producer.send(new ProducerRecord<>("t", 0, 1_000_000L + i * 10, null, bytes("v" + i))).get();
            }

            assertThat(consumer.beginningOffsets(List.of(partition))).containsEntry(partition, 0L);
            assertThat(consumer.endOffsets(List.of(partition))).containsEntry(partition, 10L);
            assertThat(consumer.offsetsForTimes(Map.of(partition, 1_000_045L)).get(partition)).satisfies(found -> {
                assertThat(found.offset()).isEqualTo(5);
                assertThat(found.timestamp()).isEqualTo(1_000_050L);
            });
            assertThat(consumer.offsetsForTimes(Map.of(partition, 2_000_000L)).get(partition)).isNull();
            assertThat(admin.listOffsets(Map.of(partition, OffsetSpec.maxTimestamp())).partitionResult(partition).get()
                    .offset()).isEqualTo(9);
            assertThat(admin.listOffsets(Map.of(partition, OffsetSpec.earliestLocal())).partitionResult(partition).get()
                    .offset()).isZero();
        }
    }

    @Test
    void a_consumer_outside_the_log_is_reset_by_its_policy() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        try (var producer = producer(Map.of()); var consumer = consumer(Map.of("isolation.level", "read_committed"))) {
            producer.send(new ProducerRecord<>("t", bytes("first"))).get();
            consumer.assign(List.of(new TopicPartition("t", 0)));
            consumer.seek(new TopicPartition("t", 0), 500);

            assertThat(read(consumer, 1)).singleElement().satisfies(record -> assertThat(record.offset()).isZero());
        }
    }

    @Test
    void a_topic_deleted_and_made_again_under_its_name_is_another_topic_to_producers() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        try (var producer = producer(Map.of("enable.idempotence", false))) {
            producer.send(new ProducerRecord<>("t", bytes("old"))).get();
            broker.images.deleteTopic("t");
            broker.images.createTopic("t", 1, TestBroker.ID, Map.of());

            assertThat(producer.send(new ProducerRecord<>("t", bytes("new"))).get().offset()).isZero();
        }
    }

    @Test
    void an_idempotent_producer_goes_on_after_its_topic_was_deleted_and_made_again() throws Exception {
        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        try (var producer = producer(Map.of("enable.idempotence", true)); var consumer = consumer(Map.of())) {
            for (int i = 0; i < 5; i++) {
                producer.send(new ProducerRecord<>("t", bytes("old " + i))).get();
            }
            broker.images.deleteTopic("t");
            broker.images.createTopic("t", 1, TestBroker.ID, Map.of());

            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                sent.add(producer.send(new ProducerRecord<>("t", bytes("new " + i))));
                producer.flush();
            }

            for (int i = 0; i < 20; i++) {
                assertThat(sent.get(i).get().offset()).isEqualTo(i);
            }
            consumer.assign(List.of(new TopicPartition("t", 0)));
            assertThat(read(consumer, 20)).extracting(record -> new String(record.value(), StandardCharsets.UTF_8))
                    .hasSize(20).startsWith("new 0", "new 1").endsWith("new 19");
        }
    }

    @Test
    void a_transactional_producer_is_refused_at_once() {
        try (var producer = producer(Map.of("transactional.id", "tx"))) {
            assertThatThrownBy(producer::initTransactions).hasMessageContaining("coordinator");
        }
    }

    /** Patient: a machine that builds and tests at once is slow. */
    private static ConditionFactory eventually() {
        return Awaitility.await().atMost(Duration.ofSeconds(60));
    }
}
