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
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A broker is killed in the middle of produces: what was acknowledged is there when it is back, each offset once. */
@WithSuite
@Order(5)
class BrokerCrashIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int PARTITIONS = 3;
    private static final int VICTIM = 1;
    private static final String HTTP = "crash-http";
    private static final String KAFKA = "crash-kafka";

    private final Suite suite;
    private final Gateway gateway;

    BrokerCrashIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @Test
    void what_was_acknowledged_survives_a_kill_and_an_idempotent_producer_stored_it_exactly_once() throws Exception {
        gateway.createTopic(HTTP, PARTITIONS);
        gateway.createTopic(KAFKA, PARTITIONS);
        Map<String, Integer> overHttp = new ConcurrentHashMap<>();
        Map<String, Integer> overKafka = new ConcurrentHashMap<>();
        AtomicInteger sent = new AtomicInteger();
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService producers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> http = producers.submit(() -> {
                for (int request = 0; !done.get(); request++) {
                    produce(request, overHttp);
                }
                return null;
            });
            Future<?> kafka = producers.submit(() -> send(sent, overKafka, done));
            crashAndRecover(() -> overHttp.size() > 1_000 && overKafka.size() > 1_000 || http.isDone() || kafka
                    .isDone(), () -> Math.min(overHttp.size(), overKafka.size()));
            done.set(true);
            http.get();
            kafka.get();
        }
        assertAllAreThere(HTTP, overHttp);
        assertThat(overKafka).as("what the Kafka producer sent").hasSize(sent.get());
        int stored = assertAllAreThere(KAFKA, overKafka);
        assertThat(stored).as("an idempotent producer stores each record once").isEqualTo(sent.get());
    }

    private @Nullable Void send(AtomicInteger sent, Map<String, Integer> acknowledged, AtomicBoolean done) {
        AtomicReference<Exception> failed = new AtomicReference<>();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of(
                "bootstrap.servers", suite.bootstrapServers(), "enable.idempotence", true, "acks", "all",
                "delivery.timeout.ms", 90_000, "request.timeout.ms", 5_000, "max.block.ms", 60_000),
                new StringSerializer(), new StringSerializer())) {
            while (!done.get()) {
                String id = "k" + sent.getAndIncrement();
                producer.send(new ProducerRecord<>(KAFKA, sent.get() % PARTITIONS, id, "{\"id\":\"" + id + "\"}"),
                        (place, failure) -> {
                            if (failure == null) {
                                acknowledged.put(id, place.partition());
                            } else {
                                failed.set(failure);
                            }
                        });
                if (sent.get() % 100 == 0) {
                    producer.flush(); // a few thousand a second, not millions
                }
            }
            producer.flush();
        }
        assertThat(failed.get()).as("a send that failed").isNull();
        return null;
    }

    private void produce(int request, Map<String, Integer> acknowledged) throws Exception {
        List<String> ids = IntStream.range(0, 10).mapToObj(record -> "h" + request + "-" + record).toList();
        List<String> records = new ArrayList<>();
        for (int record = 0; record < ids.size(); record++) {
            records.add("{\"partition\":" + record % PARTITIONS + ",\"value\":{\"id\":\"" + ids.get(record) + "\"}}");
        }
        Answer answer = gateway.post("/topics/" + HTTP, Gateway.JSON_RECORDS, Gateway.body(records));
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

    private void crashAndRecover(BooleanSupplier isUnderWay, IntSupplier acknowledged) throws Exception {
        await().atMost(PATIENCE).until(isUnderWay::getAsBoolean);
        suite.kill("broker-" + VICTIM);
        suite.start("broker-" + VICTIM);
        suite.awaitReady(PATIENCE, "broker-" + VICTIM);
        int atRecovery = acknowledged.getAsInt();
        await().atMost(PATIENCE).until(() -> acknowledged.getAsInt() > atRecovery + 1_000);
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
