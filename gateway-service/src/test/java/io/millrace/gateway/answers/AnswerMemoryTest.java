package io.millrace.gateway.answers;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.gateway.memory.MemoryBudget;
import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads and polls of a gateway that has 4 MB for all their answers; the broker is reached through its listener. */
class AnswerMemoryTest {
    private static final int LIMIT_BYTES = 4 << 20;
    private static final int LARGE = 2 * LIMIT_BYTES;
    private static GatewayUnderTest gateway;
    private static MemoryBudget budget;
    private static int made;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.startOverWire("millrace.answers.memory=4MB", "millrace.answers.max-wait=300ms",
                "millrace.answers.drain-limit=3s", "server.tomcat.connection-timeout=1s",
                "millrace.events.send-buffer=16KB",
                "millrace.consumers.heartbeat=200ms", "millrace.brokers.request-timeout=700ms");
        budget = gateway.bean(AnswerMemory.class).budget();
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @AfterEach
    void everything_is_given_back() {
        await().until(() -> budget.usedBytes() == 0);
    }

    private static String topic() {
        String topic = "answers-" + made++;
        gateway.createTopic(topic, 1);
        return topic;
    }

    private static String topic(int batches, int recordsEach, int valueBytes) {
        String topic = topic();
        for (int i = 0; i < batches; i++) {
            append(topic, Compression.NONE, IntStream.range(0, recordsEach).mapToObj(_ -> "\"" + "x".repeat(valueBytes
                    - 2) + "\"").toArray(String[]::new));
        }
        return topic;
    }

    private static void append(String topic, Compression compression, String... values) {
        gateway.broker.partition(topic, 0).append(MemoryRecords.withRecords(compression, Arrays.stream(values).map(
                value -> new SimpleRecord(value.getBytes(UTF_8))).toArray(SimpleRecord[]::new)));
    }

    private static String path(String topic) {
        return "/topics/" + topic + "/partitions/0/records?max_bytes=100000000";
    }

    private static String consumer(String topic) {
        Answer created = gateway.send("POST", "/consumers/g" + made++,
                "{\"format\":\"json\",\"auto.offset.reset\":\"earliest\"}");
        String instance = created.json().get("base_uri").asString().replaceFirst("http://[^/]*", "");
        assertThat(gateway.send("POST", instance + "/subscription", "{\"topics\":[\"" + topic + "\"]}").status())
                .isEqualTo(204);
        return instance + "/records?max_bytes=100000000";
    }

    /** Uses all but so much of the memory until the block is over. */
    private static AutoCloseable allBut(long bytes) {
        long taken = LIMIT_BYTES - bytes;
        budget.take(taken);
        return () -> budget.release(taken);
    }

    private static void assertRefused(Answer answer) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(503);
        assertThat(answer.json().get("code").asString()).isEqualTo("QUEUE_FULL");
        assertThat(answer.header("Retry-After")).isNotEmpty();
    }

    @Test
    void a_read_gets_as_much_as_there_is_memory_for_and_goes_on_behind_it() throws Exception {
        String topic = topic(30, 100, 1_000);
        try (var _ = allBut(1 << 20)) {
            int read = 0;
            int reads = 0;
            while (read < 3_000) {
                Answer answer = gateway.get(path(topic) + "&offset=" + read);
                assertThat(answer.status()).as(answer.body()).isEqualTo(200);
                assertThat(answer.json()).isNotEmpty();
                assertThat(answer.json().get(0).get("offset").asInt()).isEqualTo(read);
                read += answer.json().size();
                assertThat(answer.header("Millrace-Next-Offset")).isEqualTo(String.valueOf(read));
                reads++;
            }
            assertThat(read).isEqualTo(3_000);
            assertThat(reads).isGreaterThan(10);
        }
    }

    @Test
    void polls_get_as_much_as_there_is_memory_for_and_go_on_behind_it() throws Exception {
        String polls = consumer(topic(30, 100, 1_000));
        try (var _ = allBut(1 << 20)) {
            int read = 0;
            while (read < 3_000) {
                Answer answer = gateway.get(polls + "&timeout=10000");
                assertThat(answer.status()).as(answer.body()).isEqualTo(200);
                assertThat(answer.json().size()).isBetween(1, 1_000);
                assertThat(answer.json().get(0).get("offset").asInt()).isEqualTo(read);
                read += answer.json().size();
            }
        }
    }

    @Test
    void without_memory_a_read_and_a_poll_are_refused_in_time_and_get_their_records_later() throws Exception {
        String topic = topic(1, 10, 1_000);
        String polls = consumer(topic);
        try (var _ = allBut(1_500)) {
            assertRefused(gateway.get(path(topic) + "&timeout=100"));
            assertRefused(gateway.get(polls + "&timeout=100"));
        }

        assertThat(gateway.get(path(topic)).json()).hasSize(10);
        assertThat(gateway.get(polls + "&timeout=10000&poll_id=a").json()).hasSize(10);
        try (var _ = allBut(1_500)) {
            assertRefused(gateway.get(polls + "&timeout=10000&poll_id=a"));
        }
        assertThat(gateway.get(polls + "&timeout=10000&poll_id=a").json()).hasSize(10);
    }

    @Test
    void a_read_and_a_poll_wait_for_memory_as_long_as_for_records() throws Exception {
        String topic = topic(1, 10, 1_000);
        String polls = consumer(topic);
        CompletableFuture<Answer> read;
        CompletableFuture<Answer> poll;
        try (var _ = allBut(2_500)) {
            read = CompletableFuture.supplyAsync(() -> gateway.get(path(topic) + "&timeout=20000"));
            poll = CompletableFuture.supplyAsync(() -> gateway.get(polls + "&timeout=20000"));
            int before = gateway.broker.fetches(topic);
            await().until(() -> gateway.broker.fetches(topic) > before + 3);
        }

        assertThat(read.get().json()).hasSize(10);
        assertThat(poll.get().json()).hasSize(10);
    }

    @Test
    void those_that_wait_for_records_hold_nothing_and_small_ones_come_though_memory_is_scarce() throws Exception {
        String topic = topic();
        var waiting = IntStream.range(0, 20).mapToObj(_ -> CompletableFuture.supplyAsync(() -> gateway.get(path(topic)
                + "&timeout=20000"))).toList();
        await().until(() -> gateway.broker.fetches(topic) >= 20);
        assertThat(budget.usedBytes()).isLessThan(20 * 2_000);
        try (var _ = allBut(100_000)) {
            append(topic, Compression.NONE, "1");

            for (var each : waiting) {
                assertThat(each.get().json()).hasSize(1);
            }
        }
    }

    @Test
    void a_record_larger_than_all_the_memory_is_read_alone() {
        String topic = topic(1, 1, 5_000_000);
        String polls = consumer(topic);

        assertThat(gateway.get(path(topic)).json().get(0).get("value").asString()).hasSize(4_999_998);
        assertThat(gateway.get(polls + "&timeout=10000").json()).hasSize(1);
    }

    @Test
    void a_batch_that_decompresses_to_more_than_there_is_stops_others_only_while_it_is_read() {
        String topic = topic();
        append(topic, Compression.NONE, "1");
        append(topic, Compression.zstd().build(), "\"" + "x".repeat(LARGE) + "\"");
        append(topic, Compression.NONE, "3");

        Answer first = gateway.get(path(topic));
        assertThat(first.json()).hasSize(1);
        Answer second = gateway.get(path(topic).replace("=100000000", "=1000") + "&offset="
                + first.header("Millrace-Next-Offset"));
        assertThat(second.json().get(0).get("value").asString()).hasSize(LARGE);
        Answer third = gateway.get(path(topic) + "&offset=" + second.header("Millrace-Next-Offset"));
        assertThat(third.json().get(0).get("value").asInt()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void clients_that_take_nothing_are_cut_off_and_others_are_served(boolean areConsumers) throws Exception {
        String topic = topic(30, 100, 1_000);
        String small = topic(1, 1, 10);
        List<Socket> stalled = new ArrayList<>();
        try {
            for (int i = 0; i < 8; i++) {
                stalled.add(request(areConsumers ? consumer(topic) + "&timeout=10000" : path(topic)));
            }
            await().until(budget::isScarce);

            await().atMost(Duration.ofSeconds(20)).until(() -> budget.usedBytes() == 0);

            assertThat(gateway.get(path(small)).json()).hasSize(1);
            int cutShort = 0;
            for (Socket socket : stalled) {
                cutShort += isCutShort(socket) ? 1 : 0;
            }
            assertThat(cutShort).isPositive();
        } finally {
            for (Socket socket : stalled) {
                socket.close();
            }
        }
    }

    @Test
    void a_client_that_takes_a_little_now_and_then_is_cut_off_while_memory_is_scarce() throws Exception {
        String topic = topic(30, 100, 1_000);
        try (var _ = allBut(LIMIT_BYTES / 2); var socket = request(path(topic))) {
            var head = socket.getInputStream().readNBytes(1_000);
            var announced = Pattern.compile("Content-Length: (\\d+)", Pattern.CASE_INSENSITIVE).matcher(new String(head,
                    US_ASCII));
            assertThat(announced.find()).isTrue();
            int taken = head.length;
            var pause = new CountDownLatch(1);
            for (int read = 0; read >= 0 && !pause.await(20, TimeUnit.MILLISECONDS); taken += Math.max(0, read)) {
                try {
                    read = socket.getInputStream().read(new byte[1_000]);
                } catch (SocketException reset) {
                    read = -1;
                }
            }

            assertThat(taken).isLessThan(Integer.parseInt(announced.group(1)));
            assertThat(budget.usedBytes()).isLessThan(LIMIT_BYTES * 3 / 4);
        }
    }

    @Test
    void of_clients_that_leave_nothing_is_held() throws Exception {
        String topic = topic(30, 100, 1_000);
        for (String path : List.of(path(topic), consumer(topic) + "&timeout=10000")) {
            try (var socket = request(path)) {
                assertThat(socket.getInputStream().read()).isEqualTo('H');
                assertThat(budget.usedBytes()).isPositive();
                socket.setSoLinger(true, 0);
            }
            await().until(() -> budget.usedBytes() == 0);
        }
    }

    @Test
    void of_reads_that_fail_nothing_is_held() {
        String notJson = topic();
        append(notJson, Compression.NONE, "1", "no json");
        String strict = "application/vnd.kafka.json.v2+json";
        assertThat(gateway.get(path(notJson), "Accept", strict).status()).isEqualTo(406);
        assertThat(gateway.get(path(notJson) + "&offset=3").status()).isEqualTo(416);
        String polls = consumer(notJson);
        assertThat(gateway.get(polls + "&timeout=5000").json()).hasSize(1);
        assertThat(gateway.get(polls + "&timeout=5000").status()).isEqualTo(406);
        gateway.brokerFenced(true);
        try {
            assertThat(gateway.get(path(notJson) + "&offset=0&timeout=100").status()).isEqualTo(503);
        } finally {
            gateway.brokerFenced(false);
        }
        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void the_memory_is_metered() {
        var registry = gateway.bean(MeterRegistry.class);

        assertThat(registry.get("millrace.memory.limit").tag("kind", "answers").gauge().value()).isEqualTo(
                LIMIT_BYTES);
        assertThat(registry.get("millrace.memory.used").tag("kind", "answers").gauge().value()).isNotNegative();
    }

    private static Socket request(String path) throws IOException {
        var socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.connect(new InetSocketAddress("127.0.0.1", gateway.port()));
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(US_ASCII));
        return socket;
    }

    /** Whether the answer ends before the length that it announces; it may also be none, for want of memory. */
    private static boolean isCutShort(Socket socket) throws IOException {
        byte[] answer;
        try {
            answer = socket.getInputStream().readAllBytes();
        } catch (SocketException reset) {
            return true;
        }
        String text = new String(answer, US_ASCII);
        int end = text.indexOf("\r\n\r\n") + 4;
        var announced = Pattern.compile("Content-Length: (\\d+)", Pattern.CASE_INSENSITIVE).matcher(text);
        return announced.find() && answer.length - end < Long.parseLong(announced.group(1));
    }
}
