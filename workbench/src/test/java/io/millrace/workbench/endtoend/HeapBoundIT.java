package io.millrace.workbench.endtoend;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.bench.Memory;
import io.millrace.workbench.endtoend.GatewayMemory.Look;
import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.SuiteSize;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.SequenceInputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;

/**
 * The heap of a gateway stays below its bound, whatever is sent to it and whoever does not take what it asked for. Of the two gateways of the suite
 * it is the one that other tests do not use.
 */
@WithSteadySuite
class HeapBoundIT {
    private static final String NAME = SuiteSize.name("gateway", 1);
    private static final String TOPIC = "poisoned";
    private static final String LARGE = "poisoned-large";
    private static final String BOMB = "poisoned-bomb";
    private static final String HEALTHY = "poisoned-not";
    private static final int AT_ONCE = 50;
    private static final int TIMES_EACH = 3;
    private static final int STALLED_READS = 24;
    private static final int STALLED_POLLS = 6;
    private static final int SLOW_BODIES = 20;
    private static final int LARGE_RECORDS = 40;
    private static final int LARGE_RECORD_BYTES = 900_000;
    private static final int BOMB_BYTES = 30_000_000;
    private static final Duration LOOK_EVERY = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration COLLECT_EVERY = Duration.ofSeconds(2);
    /** Of the heap, what is in use at any time, garbage left out: there must be room to work in. */
    private static final double MOST_LIVE = 0.8;
    /** One line of a stream of lines may come though their memory is full. */
    private static final double LINE_BEYOND_BYTES = 2.5 * 1024 * 1024;

    private final Suite suite;
    private final String url;
    private final Gateway gateway;
    private final GatewayMemory memory;
    private final List<Socket> stalled = new ArrayList<>();
    private final List<Look> looks = new CopyOnWriteArrayList<>();
    private final List<Long> liveBytes = new CopyOnWriteArrayList<>();

    HeapBoundIT(Suite suite) {
        this.suite = suite;
        this.url = suite.gatewayUrls().get(1);
        this.gateway = new Gateway(url);
        this.memory = new GatewayMemory(Objects.requireNonNull(suite.managementUrl(NAME)));
    }

    @Test
    void it_stays_below_its_bound_whatever_is_sent_and_whoever_does_not_take_what_it_asked_for() throws Exception {
        long pid = suite.pid(NAME);
        for (String topic : List.of(TOPIC, LARGE, BOMB, HEALTHY)) {
            gateway.post("/admin/topics", Gateway.METADATA, "{\"topic_name\":\"" + topic
                    + "\",\"partitions_count\":1,\"replication_factor\":1}").expect(201);
        }
        fill();
        String cluster = gateway.get("/v3/clusters").expect(200).body().get("data").get(0).get("cluster_id").asString();
        String instance = gateway.join("poisoned", "p", TOPIC, Duration.ofSeconds(30));
        List<Poison> poisons = new ArrayList<>();
        for (int i = 0; i < TIMES_EACH; i++) {
            poisons.addAll(Poison.all(TOPIC, cluster, instance));
        }
        Collections.shuffle(poisons, new Random(1));
        List<String> wrong = new CopyOnWriteArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
                var looking = Executors.newScheduledThreadPool(2)) {
            try {
                looking.scheduleWithFixedDelay(this::look, 0, LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
                looking.scheduleWithFixedDelay(this::collect, COLLECT_EVERY.toMillis(), COLLECT_EVERY.toMillis(),
                        TimeUnit.MILLISECONDS);
                stall();
                await().atMost(PATIENCE).until(() -> memory.look().used().get("answers") > 0);
                List<Future<?>> sent = new ArrayList<>();
                for (Poison poison : poisons) {
                    sent.add(threads.submit(() -> send(poison, wrong)));
                }
                for (int i = 0; i < AT_ONCE / 5; i++) {
                    sent.add(threads.submit(() -> readBomb(wrong)));
                }
                int served = 0;
                while (sent.stream().anyMatch(each -> !each.isDone())) {
                    serve();
                    served++;
                }
                for (Future<?> each : sent) {
                    each.get();
                }
                assertThat(served).isPositive();
            } finally {
                threads.shutdownNow();
                for (Socket socket : stalled) {
                    socket.close();
                }
            }
            await().atMost(PATIENCE).untilAsserted(() -> {
                var used = memory.look().used();
                assertThat(used.get("answers")).isZero();
                assertThat(used.get("bodies")).isZero();
                assertThat(used.get("lines")).isZero();
                assertThat(used.get("v3-streams")).isZero();
            });
        }
        serve();
        assertThat(wrong).isEmpty();
        assertThat(suite.pid(NAME)).as("it has not been started again").isEqualTo(pid);
        assertWithinBounds();
    }

    private void fill() throws Exception {
        String text = "x".repeat(LARGE_RECORD_BYTES);
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", suite.bootstrapServers(),
                "compression.type", "zstd", "max.request.size", 2 * BOMB_BYTES, "buffer.memory", 4L * BOMB_BYTES),
                new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(BOMB, "\"" + "x".repeat(BOMB_BYTES) + "\"")).get();
        }
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", suite.bootstrapServers()),
                new StringSerializer(), new StringSerializer())) {
            for (var each : IntStream.range(0, LARGE_RECORDS).mapToObj(_ -> producer.send(new ProducerRecord<>(LARGE,
                    "\"" + text + "\""))).toList()) {
                each.get();
            }
        }
    }

    /** Connects those that do not take what they ask for, and those that do not send what they announce. */
    private void stall() throws IOException, InterruptedException {
        for (int i = 0; i < STALLED_READS; i++) {
            stalled.add(request("GET /topics/" + LARGE + "/partitions/0/records?max_bytes=33554432", ""));
        }
        for (int i = 0; i < STALLED_POLLS; i++) {
            String instance = gateway.join("poisoned-" + i, "p", LARGE, Duration.ofSeconds(30));
            stalled.add(request("GET " + instance + "/records?timeout=20000&max_bytes=50000000", ""));
        }
        for (int i = 0; i < SLOW_BODIES; i++) {
            stalled.add(request("POST /topics/" + TOPIC, "Content-Length: 9000000\r\nContent-Type: " + (i % 2 == 0
                    ? Gateway.JSON_RECORDS
                    : "application/x-ndjson") + "\r\n"));
            stalled.getLast().getOutputStream().write('{');
        }
    }

    private Socket request(String line, String headers) throws IOException {
        URI address = URI.create(url);
        var socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.connect(new InetSocketAddress(address.getHost(), address.getPort()));
        socket.getOutputStream().write((line + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n").getBytes(
                US_ASCII));
        return socket;
    }

    private void look() {
        try {
            looks.add(memory.look());
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException("the gateway's metrics are not to be had", e);
        }
    }

    /** Seldom: collections that nobody asked for are part of what is tried. */
    private void collect() {
        try {
            liveBytes.add(Memory.liveHeapBytes(suite.pid(NAME)));
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException("the gateway's heap cannot be looked at", e);
        }
    }

    private void send(Poison poison, List<String> wrong) {
        BodyPublisher body = poison.repeated() == 1 ? BodyPublishers.ofByteArray(poison.body())
                : BodyPublishers.ofInputStream(() -> new SequenceInputStream(Collections.enumeration(IntStream.range(0,
                        poison.repeated()).mapToObj(_ -> new ByteArrayInputStream(poison.body())).toList())));
        var request = HttpRequest.newBuilder(gateway.uri(poison.path())).timeout(PATIENCE).headers(poison.headers()
                .toArray(String[]::new)).POST(body).build();
        answered(poison.name(), request, status -> status == 503 || poison.statuses().contains(status), wrong);
    }

    /** A batch of three kilobytes that takes tens of megabytes. */
    private void readBomb(List<String> wrong) {
        var request = HttpRequest.newBuilder(gateway.uri("/topics/" + BOMB + "/partitions/0/records")).timeout(PATIENCE)
                .build();
        answered("reading a bomb", request, status -> status == 503 || status == 200, wrong);
    }

    private static void answered(String name, HttpRequest request, IntPredicate expected,
            List<String> wrong) {
        try {
            int status = Gateway.http().send(request, BodyHandlers.discarding()).statusCode();
            if (!expected.test(status)) {
                wrong.add(name + " was answered " + status);
            }
        } catch (IOException e) {
            wrong.add(name + " was not answered: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Others are served all the while. */
    private void serve() throws IOException, InterruptedException {
        var place = gateway.produce(HEALTHY, List.of("{\"value\":{\"healthy\":true}}")).getFirst();
        var read = gateway.get("/topics/" + HEALTHY + "/partitions/0/records?offset=" + place.offset()).expect(200)
                .body();
        assertThat(read.get(0).get("value").get("healthy").asBoolean()).isTrue();
    }

    private void assertWithinBounds() {
        assertThat(looks).hasSizeGreaterThan(5).allSatisfy(look -> {
            assertThat(look.heapUsed()).isLessThanOrEqualTo(look.heapMax());
            assertThat(look.used().keySet()).isEqualTo(look.limits().keySet()).contains("answers", "bodies", "lines",
                    "v3-streams", "producer");
            look.limits().forEach((kind, limit) -> assertThat(look.used().get(kind)).as(kind).isLessThanOrEqualTo(limit
                    + (kind.equals("lines") ? LINE_BEYOND_BYTES : 0)));
        });
        assertThat(liveBytes).isNotEmpty().allSatisfy(live -> assertThat((double) live).isLessThan(MOST_LIVE * looks
                .getFirst().heapMax()));
        assertThat(looks).as("what nobody takes fills its memory").anyMatch(look -> look.used().get("answers") > look
                .limits().get("answers") / 2);
    }
}
