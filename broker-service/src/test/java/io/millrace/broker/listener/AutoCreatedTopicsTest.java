package io.millrace.broker.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.autocreate.AutoCreateSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Topics that clients ask for before anybody has created them. */
class AutoCreatedTopicsTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    private TestBroker broker(boolean creates) throws IOException {
        return new TestBroker(folder, new AutoCreateSettings(creates, 10, LONG, LONG));
    }

    private static KafkaProducer<byte[], byte[]> producer(TestBroker broker, int maxBlockMs) {
        return new KafkaProducer<>(Map.of("bootstrap.servers", broker.bootstrap(), "max.block.ms", maxBlockMs),
                new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static KafkaConsumer<byte[], byte[]> consumer(TestBroker broker, boolean allows) {
        return new KafkaConsumer<>(Map.of("bootstrap.servers", broker.bootstrap(), "allow.auto.create.topics", allows,
                "group.id", "g"), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static ProducerRecord<byte[], byte[]> record(String topic) {
        return new ProducerRecord<>(topic, "v".getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void a_producer_creates_the_topic_it_sends_to() throws Exception {
        try (var broker = broker(true); var producer = producer(broker, 20_000)) {
            assertThat(producer.send(record("made")).get().offset()).isZero();
            assertThatThrownBy(() -> producer.send(record("no name")).get()).hasRootCauseInstanceOf(
                    InvalidTopicException.class);
        }
    }

    @Test
    void a_consumer_creates_the_topic_it_reads_unless_it_says_no() throws Exception {
        try (var broker = broker(true); var no = consumer(broker, false); var yes = consumer(broker, true)) {
            no.subscribe(List.of("wanted"));
            no.poll(Duration.ofMillis(200));
            assertThat(broker.images.current().topic("wanted")).isNull();
            yes.subscribe(List.of("wanted"));
            Awaitility.await().atMost(LONG).until(() -> {
                yes.poll(Duration.ofMillis(50));
                return broker.images.current().topic("wanted") != null;
            });
        }
    }

    @Test
    void the_admin_client_only_looks() throws Exception {
        try (var broker = broker(true);
                Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()))) {
            assertThatThrownBy(admin.describeTopics(List.of("looked-for")).allTopicNames()::get).cause().isInstanceOf(
                    UnknownTopicOrPartitionException.class);
            assertThat(broker.images.current().topic("looked-for")).isNull();
        }
    }

    @Test
    void switched_off_a_mistyped_name_is_an_error_and_not_a_topic() throws Exception {
        try (var broker = broker(false); var producer = producer(broker, 1_000)) {
            assertThatThrownBy(() -> producer.send(record("mistyped")).get()).cause().isInstanceOf(
                    TimeoutException.class);
            assertThat(broker.images.current().topic("mistyped")).isNull();
        }
    }
}
