package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.endtoend.Gateway.Answer;
import io.millrace.workbench.endtoend.Gateway.Delivered;
import io.millrace.workbench.endtoend.Gateway.Place;
import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/**
 * 60,000 real events go in and come out by way of two gateways, of which one is killed every three seconds. Clients do nothing but ask the other
 * one: producers again under the same {@code Idempotency-Key}, also for every third answer, which they throw away; pollers with and without a
 * {@code poll_id}; a group's streams; and a subscription, which resumes after the last event that it has.
 */
@WithSuite
@Order(2)
class GatewaysUnderFireIT {
    private static final String TOPIC = "changes-under-fire";
    private static final int PARTITIONS = 6;
    private static final Duration BETWEEN_KILLS = Duration.ofSeconds(3);
    /** So the events go in during several kills. */
    private static final int BATCHES_BETWEEN_KILLS = 24;
    private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(30);
    private static final int POLL_MS = 200;
    private static final int POLL_BYTES = 200_000;
    /** The pause of a client that was turned away; nothing is waited for. */
    private static final Duration RETRY = Duration.ofMillis(50);
    private static final Duration PATIENCE = Duration.ofSeconds(180);

    private final Suite suite;
    private final List<Gateway> gateways;
    private final StoredChanges changes = new StoredChanges();
    private final GroupReading polled = new GroupReading(SESSION_TIMEOUT);
    private final GroupReading streamed = new GroupReading(SESSION_TIMEOUT);
    private final List<Delivered> seen = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger retries = new AtomicInteger();
    private final Set<GroupSubscription> streams = ConcurrentHashMap.newKeySet();
    private volatile boolean done;

    GatewaysUnderFireIT(Suite suite) throws IOException {
        this.suite = suite;
        this.gateways = suite.gatewayUrls().stream().map(Gateway::new).toList();
    }

    @Test
    void every_record_is_stored_once_and_comes_out_in_every_way() throws Exception {
        assertThat(gateways).hasSize(2);
        gateways.getFirst().createReplicatedTopic(TOPIC, PARTITIONS);
        String first = gateways.get(0).join("pollers", "named", TOPIC, SESSION_TIMEOUT);
        String second = gateways.get(1).join("pollers", "nameless", TOPIC, SESSION_TIMEOUT);
        List<Callable<Void>> readers = List.of(() -> poll(first, true), () -> poll(second, false), () -> stream("a"),
                () -> stream("b"), this::subscribe);
        Killer killer = Killer.ofGateways(suite, BETWEEN_KILLS);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Void>> running = readers.stream().map(threads::submit).toList();
            try {
                produce(killer);
                await().atMost(PATIENCE).until(() -> isAllRead() || running.stream().anyMatch(reader -> reader
                        .state() == Future.State.FAILED));
            } finally {
                done = true;
                killer.end();
                for (GroupSubscription stream : streams) {
                    stream.close();
                }
            }
            for (Future<Void> reader : running) {
                reader.get();
            }
        }
        changes.assertStoredOnceInOrder(PARTITIONS);
        assertThat(stored()).isEqualTo(changes.count());
        changes.assertAllRead(polled);
        polled.assertNoPartitionHadTwoReaders();
        changes.assertAllRead(streamed);
        changes.assertSeenOnceInOrder(seen, "the subscription");
        System.out.printf("gateways under fire: %d killed, %d of %d calls made again%n", killer.kills(), retries.get(),
                calls.get());
    }

    private void produce(Killer killer) throws InterruptedException {
        for (int batch = 0; batch < changes.batches(); batch++) {
            if (batch % BATCHES_BETWEEN_KILLS == 0) {
                killer.awaitKill();
            }
            String key = "batch-" + batch;
            String body = Gateway.body(changes.batch(batch));
            List<Place> places = produce(key, body);
            if (batch % 3 == 0) {
                assertThat(produce(key, body)).isEqualTo(places);
            }
            changes.stored(places);
        }
    }

    /** The answer may tell of some records that they are not stored yet: under the same key, the request is completed. */
    private List<Place> produce(String key, String body) throws InterruptedException {
        while (true) {
            Answer answer = roam(gateway -> gateway.postKeyed("/topics/" + TOPIC, key, body)).expect(200);
            if (!answer.body().get("offsets").toString().contains("error_code")) {
                return Gateway.places(answer);
            }
            retries.incrementAndGet();
            TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
        }
    }

    private Void poll(String instance, boolean isNamed) throws InterruptedException {
        for (int poll = 0; !done; poll++) {
            String path = instance + "/records?timeout=" + POLL_MS + "&max_bytes=" + POLL_BYTES + (isNamed ? "&poll_id="
                    + poll : "");
            long startedNanos = System.nanoTime();
            Answer answer = roam(gateway -> gateway.get(path)).expect(200);
            polled.add(new GroupReading.Poll(instance, startedNanos, System.nanoTime(), Gateway.delivered(answer
                    .body())));
        }
        return null;
    }

    private Void stream(String name) throws InterruptedException {
        while (!done) {
            URI uri = next().uri("/consumers/streams/events?topics=" + TOPIC + "&from=earliest");
            try (var stream = GroupSubscription.connect(uri, record -> streamed.add(new GroupReading.Poll(name, System
                    .nanoTime(), System.nanoTime(), List.of(record))))) {
                streams.add(stream);
                if (done) {
                    break;
                }
                stream.read();
            } catch (IOException e) {
                TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
            }
        }
        return null;
    }

    private Void subscribe() throws InterruptedException {
        new EventSubscription(gateways.stream().map(gateway -> gateway.uri("/topics/" + TOPIC
                + "/events?from=earliest")).toList()).follow(changes.count(), seen, () -> done);
        return null;
    }

    private interface Call {
        Answer at(Gateway gateway) throws IOException, InterruptedException;
    }

    /** The next gateway is asked where one does not answer, or says to come again. */
    private Answer roam(Call call) throws InterruptedException {
        while (true) {
            try {
                Answer answer = call.at(next());
                if (answer.status() != 503 && answer.status() != 409) {
                    return answer;
                }
            } catch (IOException e) {
                // the gateway has died
            }
            retries.incrementAndGet();
            TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
        }
    }

    private Gateway next() {
        return gateways.get(calls.getAndIncrement() % gateways.size());
    }

    private boolean isAllRead() {
        return polled.distinct() == changes.count() && streamed.distinct() == changes.count() && seen.size() == changes
                .count();
    }

    private long stored() throws IOException, InterruptedException {
        long stored = 0;
        for (int partition = 0; partition < PARTITIONS; partition++) {
            JsonNode offsets = gateways.getFirst().get("/topics/" + TOPIC + "/partitions/" + partition + "/offsets")
                    .expect(200).body();
            stored += offsets.get("end_offset").asLong() - offsets.get("beginning_offset").asLong();
        }
        return stored;
    }
}
