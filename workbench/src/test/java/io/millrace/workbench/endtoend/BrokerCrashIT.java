package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.endtoend.Gateway.Answer;
import io.millrace.workbench.endtoend.Gateway.Delivered;
import io.millrace.workbench.suite.Suite;
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
import java.util.function.IntSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A broker is killed in the middle of produces: what was acknowledged is there when it is back, each offset once. */
@WithSuite
class BrokerCrashIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int PARTITIONS = 3;
    private static final int VICTIM = 1;

    private final Suite suite;
    private final Gateway gateway;

    BrokerCrashIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @Test
    void what_was_acknowledged_over_http_survives_a_kill() throws Exception {
        String topic = "crash-http";
        gateway.createTopic(topic, PARTITIONS);
        Map<String, Integer> acknowledged = new ConcurrentHashMap<>();
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService producers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> producer = producers.submit(() -> {
                for (int request = 0; !done.get(); request++) {
                    produce(topic, request, acknowledged);
                }
                return null;
            });
            crashAndRecover(producer, acknowledged::size);
            done.set(true);
            producer.get();
        }
        assertAllAreThere(topic, acknowledged);
    }

    @Test
    void what_an_idempotent_kafka_producer_sent_survives_a_kill_exactly_once() throws Exception {
        String topic = "crash-kafka";
        gateway.createTopic(topic, PARTITIONS);
        Map<String, Integer> acknowledged = new ConcurrentHashMap<>();
        AtomicInteger failed = new AtomicInteger();
        AtomicInteger sent = new AtomicInteger();
        AtomicBoolean done = new AtomicBoolean();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of(
                "bootstrap.servers", suite.bootstrapServers(), "enable.idempotence", true, "acks", "all",
                "delivery.timeout.ms", 90_000, "request.timeout.ms", 5_000, "max.block.ms", 60_000),
                new StringSerializer(), new StringSerializer());
                ExecutorService producers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> sending = producers.submit(() -> {
                while (!done.get()) {
                    String id = "k" + sent.getAndIncrement();
                    producer.send(new ProducerRecord<>(topic, sent.get() % PARTITIONS, id, "{\"id\":\"" + id + "\"}"),
                            (place, failure) -> {
                                if (failure == null) {
                                    acknowledged.put(id, place.partition());
                                } else {
                                    failed.incrementAndGet();
                                }
                            });
                    if (sent.get() % 100 == 0) {
                        producer.flush(); // a few thousand a second, not millions
                    }
                }
                return null;
            });
            crashAndRecover(sending, acknowledged::size);
            done.set(true);
            sending.get();
            producer.flush();
        }
        assertThat(failed).as("sends that failed").hasValue(0);
        assertThat(acknowledged).hasSize(sent.get());
        int stored = assertAllAreThere(topic, acknowledged);
        assertThat(stored).as("an idempotent producer stores each record once").isEqualTo(sent.get());
    }

    private void produce(String topic, int request, Map<String, Integer> acknowledged) throws Exception {
        List<String> ids = IntStream.range(0, 10).mapToObj(record -> "h" + request + "-" + record).toList();
        List<String> records = new ArrayList<>();
        for (int record = 0; record < ids.size(); record++) {
            records.add("{\"partition\":" + record % PARTITIONS + ",\"value\":{\"id\":\"" + ids.get(record) + "\"}}");
        }
        Answer answer = gateway.post("/topics/" + topic, Gateway.JSON_RECORDS, Gateway.body(records));
        if (answer.status() != 200) {
            assertThat(answer.status()).as("%s", answer.body()).isEqualTo(503);
            assertThat(answer.retryAfter()).isNotNull();
            return;
        }
        for (int record = 0; record < ids.size(); record++) {
            JsonNode place = answer.body().get("offsets").get(record);
            if (place.has("error_code")) {
                assertThat(place.get("error_code").asInt()).as("%s", place).isEqualTo(503);
            } else {
                acknowledged.put(ids.get(record), place.get("partition").asInt());
            }
        }
    }

    private void crashAndRecover(Future<?> producer, IntSupplier acknowledged) throws Exception {
        await().atMost(PATIENCE).until(() -> acknowledged.getAsInt() > 1_000 || producer.isDone());
        suite.kill("broker-" + VICTIM);
        suite.start("broker-" + VICTIM);
        suite.awaitReady(PATIENCE, "broker-" + VICTIM);
        int atRecovery = acknowledged.getAsInt();
        await().atMost(PATIENCE).until(() -> acknowledged.getAsInt() > atRecovery + 1_000 || producer.isDone());
    }

    /** Reads every partition from the start by offset, as anyone may; answers how many records there are. */
    private int assertAllAreThere(String topic, Map<String, Integer> acknowledged) throws Exception {
        Map<String, Integer> stored = new HashMap<>();
        int records = 0;
        for (int partition = 0; partition < PARTITIONS; partition++) {
            String path = "/topics/" + topic + "/partitions/" + partition;
            long end = gateway.get(path + "/offsets").expect(200).body().get("end_offset").asLong();
            long next = 0;
            while (next < end) {
                for (Delivered record : Gateway
                        .delivered(gateway.get(path + "/records?offset=" + next).expect(200).body())) {
                    assertThat(record.offset()).as("partition %d", partition).isEqualTo(next);
                    stored.put(record.value().get("id").asString(), partition);
                    next++;
                    records++;
                }
            }
        }
        assertThat(stored).containsAllEntriesOf(acknowledged);
        return records;
    }
}
