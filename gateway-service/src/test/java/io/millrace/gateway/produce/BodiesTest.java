package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.BodyMemory;
import io.millrace.gateway.testing.FakeBroker.Verdict;
import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import jakarta.servlet.ServletOutputStream;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Lines, single records, and bodies that nobody means well with. */
class BodiesTest {
    private static final String JSON = "application/vnd.kafka.json.v2+json";
    private static final String BINARY = "application/vnd.kafka.binary.v2+json";
    private static final String TEXT = "application/vnd.kafka.text.v2+json";
    private static final String LINES = "application/x-ndjson";
    private static final int MEGABYTE = 1 << 20;
    private static GatewayUnderTest gateway;
    private static int topics;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.startOverWire("millrace.producer.buffer-memory=4MB",
                "millrace.produce.max-line-size=100KB", "millrace.produce.stream-window=500KB",
                "millrace.produce.max-streams=8", "millrace.brokers.unknown-topic-grace=20ms");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @AfterEach
    void heal() {
        gateway.broker.onProduce((_, _) -> Verdict.STORE);
        gateway.broker.release();
    }

    private static String topic(int partitions) {
        String name = "bodies-" + topics++;
        gateway.createTopic(name, partitions);
        return name;
    }

    private static Answer post(String path, String body, String... headers) {
        return gateway.send("POST", path, body, headers);
    }

    private static List<JsonNode> reports(Answer answer) {
        return answer.body().lines().map(line -> JsonMapper.shared().readTree(line)).toList();
    }

    @Test
    void each_line_is_reported_in_its_place_and_an_error_ends_nothing() {
        String topic = topic(2);

        Answer answer = post("/topics/" + topic, """
                {"value":1,"partition":1}
                {"value":2,"partition":7}
                oops

                {"key":"k","value":{"a":[1,2]},"partition":1,"headers":[{"key":"h","value":"aGV5"}]}
                {"value":3,"partition":0}""", "Content-Type", LINES);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("Content-Type")).isEqualTo("application/x-ndjson");
        List<JsonNode> reports = reports(answer);
        assertThat(reports).hasSize(5);
        assertThat(reports.get(0)).hasToString("{\"partition\":1,\"offset\":0}");
        assertThat(reports.get(1).get("error_code").asInt()).isEqualTo(404);
        assertThat(reports.get(2).get("error_code").asInt()).isEqualTo(400);
        assertThat(reports.get(2).get("message").asString()).contains("line 3");
        assertThat(reports.get(3)).hasToString("{\"partition\":1,\"offset\":1}");
        assertThat(reports.get(4)).hasToString("{\"partition\":0,\"offset\":0}");
        assertThat(gateway.broker.partition(topic, 1).values()).containsExactly("1", "{\"a\":[1,2]}");
    }

    @Test
    void the_path_names_the_partition_of_lines_too() {
        String topic = topic(3);

        Answer answer = post("/topics/" + topic + "/partitions/2", "{\"value\":1}\n{\"value\":2,\"partition\":1}\n",
                "Content-Type", "application/jsonl; charset=utf-8");

        assertThat(reports(answer).get(0)).hasToString("{\"partition\":2,\"offset\":0}");
        assertThat(reports(answer).get(1).get("message").asString()).contains("the path names the partition");
    }

    @Test
    void a_stream_may_be_longer_than_bodies_and_memory_are() {
        String topic = topic(3);
        String line = "{\"value\":\"" + "x".repeat(1000) + "\"}\n";
        int lines = 20_000;

        Answer answer = gateway.sendFrom("POST", "/topics/" + topic, BodyPublishers.ofInputStream(() -> repeated(line,
                lines)), "Content-Type", LINES);

        assertThat(answer.body().lines()).hasSize(lines).allMatch(report -> report.startsWith("{\"partition\":"));
        assertThat(IntStream.range(0, 3).map(p -> gateway.broker.partition(topic, p).values().size()).sum()).isEqualTo(
                lines);
        gateway.send("DELETE", "/admin/topics/" + topic, null);
    }

    @Test
    void who_waits_for_each_report_gets_it_before_the_next_line_is_sent() throws IOException {
        String topic = topic(1);
        try (var socket = new Socket("127.0.0.1", gateway.port());
                var in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8))) {
            socket.setSoTimeout(10_000);
            OutputStream out = socket.getOutputStream();
            out.write(("POST /topics/" + topic + " HTTP/1.1\r\nHost: x\r\nContent-Type: " + LINES
                    + "\r\nTransfer-Encoding: chunked\r\n\r\n").getBytes(UTF_8));
            for (int i = 0; i < 20; i++) {
                String line = "{\"value\":" + i + "}\n";
                out.write((Integer.toHexString(line.length()) + "\r\n" + line + "\r\n").getBytes(UTF_8));
                assertThat(nextReport(in)).isEqualTo("{\"partition\":0,\"offset\":" + i + "}");
            }
            out.write("0\r\n\r\n".getBytes(UTF_8));
            assertThat(in.lines().takeWhile(line -> !line.equals("0"))).doesNotContain("error");
        }
    }

    /** Past the head of the answer and the sizes of its chunks. */
    private static String nextReport(BufferedReader in) throws IOException {
        String line = in.readLine();
        while (line != null && !line.startsWith("{")) {
            line = in.readLine();
        }
        return String.valueOf(line);
    }

    @Test
    void a_stream_under_a_key_that_comes_again_goes_on_where_it_was_cut() {
        String topic = topic(3);
        List<String> lines = IntStream.range(0, 1800).mapToObj(i -> "{\"value\":" + i + (i % 2 == 0 ? ",\"key\":" + i
                : "")
                + "}\n").toList();
        String whole = String.join("", lines);
        cut(topic, String.join("", lines.subList(0, 1300)));

        Answer first = post("/topics/" + topic, whole, "Content-Type", LINES, "Idempotency-Key", "load-7");
        Answer again = post("/topics/" + topic, whole, "Content-Type", LINES, "Idempotency-Key", "load-7");
        Answer other = post("/topics/" + topic, whole.replace("1799", "1800"), "Content-Type", LINES, "Idempotency-Key",
                "load-7");

        assertThat(first.body().lines()).hasSize(1800).noneMatch(line -> line.contains("error"));
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(stored(topic)).hasSize(1800).doesNotHaveDuplicates();
        assertThat(other.body().lines().filter(line -> line.startsWith("{\"error_code\":422,"))).hasSize(300);
    }

    private static List<String> stored(String topic) {
        return IntStream.range(0, 3).mapToObj(p -> gateway.broker.partition(topic, p).values()).flatMap(List::stream)
                .toList();
    }

    /** Sends the beginning of a stream and hangs up without its end. */
    private static void cut(String topic, String lines) {
        try (var socket = new Socket("127.0.0.1", gateway.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(("POST /topics/" + topic + " HTTP/1.1\r\nHost: x\r\nContent-Type: " + LINES
                    + "\r\nIdempotency-Key: load-7\r\nTransfer-Encoding: chunked\r\n\r\n" + Integer.toHexString(lines
                            .length())
                    + "\r\n" + lines + "\r\n").getBytes(UTF_8));
            await().until(() -> stored(topic).size() == 1000);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void lines_are_refused_as_a_whole_before_the_first() {
        String topic = topic(1);

        assertThat(post("/topics/nowhere", "{\"value\":1}\n", "Content-Type", LINES).status()).isEqualTo(404);
        assertThat(post("/topics/" + topic + "?async=true", "{\"value\":1}\n", "Content-Type", LINES).status())
                .isEqualTo(400);
        assertThat(post("/topics/" + topic, "{\"value\":1}\n", "Content-Type", LINES, "Idempotency-Key", "\"").status())
                .isEqualTo(400);
        Answer empty = post("/topics/" + topic, "\n", "Content-Type", LINES);
        assertThat(empty.status()).isEqualTo(200);
        assertThat(empty.body()).isEmpty();
        assertThat(gateway.broker.partition(topic, 0).values()).isEmpty();
    }

    @Test
    void lines_may_come_compressed() {
        String topic = topic(1);

        Answer answer = gateway.sendFrom("POST", "/topics/" + topic, BodyPublishers.ofByteArray(gzip(repeated(
                "{\"value\":1}\n", 500))), "Content-Type", LINES, "Content-Encoding", "gzip");

        assertThat(answer.body().lines()).hasSize(500);
        assertThat(gateway.broker.partition(topic, 0).values()).hasSize(500);
    }

    @Test
    void a_compressed_body_may_have_several_members() {
        String topic = topic(1);
        byte[] line = gzip(repeated("{\"value\":1}\n", 1));
        byte[] lines = gzip(repeated("{\"value\":1}\n", 2_000));

        Answer answer = gateway.sendFrom("POST", "/topics/" + topic, BodyPublishers.ofByteArray(joined(joined(line,
                lines), line)), "Content-Type", LINES, "Content-Encoding", "gzip");

        assertThat(answer.body().lines()).hasSize(2_002);
        assertThat(gateway.broker.partition(topic, 0).values()).hasSize(2_002);
    }

    @Test
    void a_stream_of_nothing_but_bad_lines_is_answered_to_its_end() {
        String topic = topic(1);

        Answer answer = gateway.sendFrom("POST", "/topics/" + topic, BodyPublishers.ofInputStream(() -> repeated("x\n",
                100_000)), "Content-Type", LINES);

        assertThat(answer.body().lines()).hasSize(100_000).allMatch(line -> line.startsWith("{\"error_code\":400"));
    }

    @Test
    void a_body_that_is_no_json_is_one_record() {
        String topic = topic(2);
        byte[] bytes = {0, 1, (byte) 0xff, '\n'};

        Answer text = post("/topics/" + topic + "?timestamp=1234567890123", "grüße\n", "Content-Type",
                "text/plain; charset=UTF-8", "Millrace-Key", "k1", "Millrace-Header-source", "web",
                "Millrace-Header-source", "app");
        Answer binary = gateway.sendFrom("POST", "/topics/" + topic
                + "/partitions/1?key=a%20b%C3%BC&header.x=1%262&header.Y=", BodyPublishers.ofByteArray(bytes),
                "Content-Type", "application/octet-stream");

        assertThat(text.status()).isEqualTo(200);
        JsonNode place = text.json().get("offsets").get(0);
        JsonNode record = gateway.get("/topics/" + topic + "/partitions/" + place.get("partition").asInt()
                + "/records", "Accept", TEXT).json().get(0);
        assertThat(record.get("key").asString()).isEqualTo("k1");
        assertThat(record.get("value").asString()).isEqualTo("grüße\n");
        assertThat(record.get("timestamp").asLong()).isEqualTo(1234567890123L);
        assertThat(record.get("headers").toString()).isEqualTo(
                "[{\"key\":\"source\",\"value\":\"d2Vi\"},{\"key\":\"source\",\"value\":\"YXBw\"}]");
        assertThat(binary.status()).isEqualTo(200);
        JsonNode stored = gateway.get("/topics/" + topic + "/partitions/1/records?offset=" + binary.json().get(
                "offsets")
                .get(0).get("offset").asLong(), "Accept", BINARY).json().get(0);
        assertThat(stored.get("value").asString()).isEqualTo("AAH/Cg==");
        assertThat(stored.get("key").asString()).isEqualTo("YSBiw7w=");
        assertThat(stored.get("headers").toString()).isEqualTo(
                "[{\"key\":\"x\",\"value\":\"MSYy\"},{\"key\":\"Y\",\"value\":\"\"}]");
    }

    @Test
    void a_single_record_may_be_compressed_and_sent_again_under_a_key() {
        String topic = topic(3);
        byte[] body = gzip(repeated("hello ", 1000));

        List<String> answers = IntStream.range(0, 3).mapToObj(_ -> gateway.sendFrom("POST", "/topics/" + topic,
                BodyPublishers.ofByteArray(body), "Content-Type", "text/plain", "Content-Encoding", "gzip",
                "Idempotency-Key", "once").body()).distinct().toList();

        assertThat(answers).hasSize(1).first().asString().contains("\"offset\":0");
        assertThat(IntStream.range(0, 3).mapToObj(p -> gateway.broker.partition(topic, p).values()).flatMap(
                List::stream))
                .containsExactly("hello ".repeat(1000));
    }

    static Stream<Arguments> poisonedBodies() {
        String deep = "[".repeat(1_000_000);
        return Stream.of(
                poison("nested a million deep", 400, JSON, () -> "{\"records\":[{\"value\":" + deep),
                poison("nested just too deep", 400, JSON, () -> "{\"records\":[{\"value\":" + "[".repeat(513) + "]"
                        .repeat(513) + "}]}"),
                poison("a name without end", 400, JSON, () -> "{\"" + "x".repeat(5_000_000)),
                poison("a number without end", 400, JSON, () -> "{\"records\":[{\"timestamp\":" + "9".repeat(
                        5_000_000)),
                poison("a million headers", 400, JSON, () -> "{\"records\":[{\"value\":1,\"headers\":["
                        + "{\"key\":\"\"},"
                                .repeat(900_000) + "{\"key\":\"\"}]}]}"),
                poison("millions of records", 413, JSON, () -> "{\"records\":[" + "{},".repeat(3_000_000) + "{}]}"),
                poison("wrong base64", 400, BINARY, () -> "{\"records\":[{\"value\":\"a*b=\"}]}"),
                poison("half a surrogate", 400, TEXT, () -> "{\"records\":[{\"value\":\"\\ud800\"}]}"),
                Arguments.of("invalid UTF-8 in JSON", 400, List.of("Content-Type", JSON), BodyPublishers.ofByteArray(
                        "{\"records\":[{\"value\":\"\u00ff\u00fe\"}]}".getBytes(ISO_8859_1))),
                Arguments.of("invalid UTF-8 as text", 400, List.of("Content-Type", "text/plain"), BodyPublishers
                        .ofByteArray(new byte[]{(byte) 0xc0, (byte) 0x80})),
                Arguments.of("20 MB in chunks", 413, List.of("Content-Type", "application/octet-stream"),
                        BodyPublishers.ofInputStream(() -> repeated("x".repeat(1024), 20 * 1024))),
                compressed("a zip bomb", 413, JSON, gzip(repeated(" ".repeat(1024), 100 * 1024))),
                compressed("a zip bomb of bytes", 413, "application/octet-stream", gzip(repeated("\0".repeat(1024),
                        100 * 1024))),
                compressed("no gzip", 400, JSON, "{\"records\":[]}".getBytes(UTF_8)),
                compressed("something behind a gzip", 400, "application/octet-stream", joined(gzip(repeated("x", 100)),
                        "not gzip".getBytes(UTF_8))),
                compressed("a great deal behind a gzip", 400, "application/octet-stream", joined(gzip(repeated("x",
                        100)), new byte[100_000])),
                compressed("half of a gzip", 400, JSON, Arrays.copyOf(gzip(repeated("{\"records\":[]}", 1000)), 20)),
                Arguments.of("another encoding", 415, List.of("Content-Type", JSON, "Content-Encoding", "br"),
                        BodyPublishers.ofString("{\"records\":[]}")),
                poison("a multipart form", 415, "multipart/form-data; boundary=x", () -> "--x"),
                poison("XML", 415, "application/xml", () -> "<a/>"),
                poison("Avro", 415, "application/vnd.kafka.avro.v2+json", () -> "{\"records\":[]}"),
                poison("no type at all", 415, "nonsense", () -> "{\"records\":[]}"),
                poison("text in another charset", 415, "text/plain; charset=utf-16", () -> "x"),
                poison("a query that is no number", 400, "text/plain", () -> "x", "?timestamp=soon"));
    }

    private static Arguments poison(String name, int status, String type, Supplier<String> body, String... query) {
        return Arguments.of(name, status, List.of("Content-Type", type, "X-Query", String.join("", query)),
                BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body.get().getBytes(UTF_8))));
    }

    private static Arguments compressed(String name, int status, String type, byte[] body) {
        return Arguments.of(name, status, List.of("Content-Type", type, "Content-Encoding", "gzip"), BodyPublishers
                .ofByteArray(body));
    }

    /** On the fast path and on the common one. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("poisonedBodies")
    void a_poisoned_body_is_refused(String name, int status, List<String> headers, BodyPublisher body) {
        String topic = topic(1);
        String query = headers.size() > 2 && headers.get(2).equals("X-Query") ? headers.get(3) : "";
        List<String> sent = new ArrayList<>(headers);
        if (sent.size() > 2 && sent.get(2).equals("X-Query")) {
            sent.subList(2, 4).clear();
        }

        for (String path : List.of("/topics/" + topic, "/topics/" + topic + "/partitions/0")) {
            Answer answer = gateway.sendFrom("POST", path + query, body, sent.toArray(String[]::new));
            assertThat(answer.status()).as(answer.body().substring(0, Math.min(200, answer.body().length()))).isEqualTo(
                    status);
            assertThat(answer.json().get("error_code").asInt()).isEqualTo(status);
        }

        assertThat(gateway.broker.partition(topic, 0).values()).isEmpty();
        assertThat(post("/topics/" + topic, "{\"records\":[{\"value\":1}]}").status()).isEqualTo(200);
    }

    private static Stream<Arguments> largeBodies() {
        String value = "{\"value\":{\"type\":\"STRING\",\"data\":\"" + "x".repeat(100_000) + "\"}}";
        String event = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"data\":[" + "{},"
                .repeat(50_000)
                + "{}]}";
        String v3 = "/v3/clusters/fake/topics/TOPIC/records";
        return Stream.of(
                Arguments.of("/topics/TOPIC", "{\"records\":[{\"value\":\"" + "x".repeat(100_000) + "\"}]}", List.of(
                        "Content-Type", JSON), 200),
                Arguments.of("/topics/TOPIC", event, List.of("Content-Type", "application/cloudevents+json"), 200),
                Arguments.of("/topics/TOPIC", "[" + event + "]", List.of("Content-Type",
                        "application/cloudevents-batch+json"), 200),
                Arguments.of("/topics/TOPIC", "x".repeat(100_000), List.of("Content-Type", "text/plain"), 200),
                Arguments.of(v3, value, List.of("Idempotency-Key", "large"), 200),
                Arguments.of(v3, "{}".repeat(20_000), List.of("Idempotency-Key", "many"), 200),
                Arguments.of(v3, "{\"a\":1}".repeat(5_000), List.of("Idempotency-Key", "wrong"), 200),
                Arguments.of(v3 + ":batch", "{\"entries\":[" + value.replaceFirst("\\{", "{\"id\":\"1\",") + "]}", List
                        .of(), 207),
                Arguments.of("/admin/topics", "{\"topic_name\":\"TOPIC-more\",\"partitions_count\":1,\"configs\":{}}"
                        + " ".repeat(100_000), List.of(), 201));
    }

    @ParameterizedTest
    @MethodSource("largeBodies")
    void a_large_body_is_refused_while_there_is_no_memory_for_it(String path, String body, List<String> headers,
            int status) {
        String topic = topic(1);
        var memory = gateway.bean(BodyMemory.class);
        long free = 128L * MEGABYTE - memory.usedBytes();
        Supplier<Answer> send = () -> gateway.send("POST", path.replace("TOPIC", topic), body.replace("TOPIC", topic),
                headers.toArray(String[]::new));

        memory.reserve(free);
        Answer refused;
        try {
            refused = send.get();
        } finally {
            memory.release(free);
        }

        assertThat(refused.status()).as(refused.body()).isEqualTo(503);
        assertThat(refused.header("Retry-After")).isNotEmpty();
        assertThat(refused.body()).contains("large bodies");
        assertThat(send.get().status()).isEqualTo(status);
        await().untilAsserted(() -> assertThat(memory.usedBytes()).isZero());
    }

    @Test
    void a_stream_of_v3_ends_at_a_large_record_while_there_is_no_memory_for_it() {
        String path = "/v3/clusters/fake/topics/" + topic(1) + "/records";
        String body = "{\"value\":{\"type\":\"STRING\",\"data\":\"" + "x".repeat(300_000) + "\"}}";
        var memory = gateway.bean(BodyMemory.class);
        // But for what a stream begins with.
        long free = 128L * MEGABYTE - memory.usedBytes() - BodyMemory.SMALL_BODY_BYTES;

        memory.reserve(free);
        Answer ended;
        try {
            ended = post(path, "{}" + body);
        } finally {
            memory.release(free);
        }

        assertThat(reports(ended)).extracting(report -> report.get("error_code").asInt()).containsExactly(200, 50003);
        assertThat(ended.body()).contains("large bodies");
        assertThat(reports(post(path, "{}" + body))).extracting(report -> report.get("error_code").asInt())
                .containsExactly(200, 200);
        await().untilAsserted(() -> assertThat(memory.usedBytes()).isZero());
    }

    @Test
    void a_body_that_is_made_into_objects_is_refused_for_good_where_it_is_larger_than_one_may_be() {
        String name = topic(1) + "-padded";
        String body = "{\"topic_name\":\"" + name + "\",\"partitions_count\":1,\"configs\":{}}";

        for (int size : List.of(MEGABYTE + 1, 9 * MEGABYTE)) {
            Answer refused = gateway.send("POST", "/admin/topics", body + " ".repeat(size - body.length()));
            assertThat(refused.status()).as(refused.body()).isEqualTo(413);
            assertThat(refused.header("Retry-After")).isEmpty();
        }
        assertThat(gateway.send("POST", "/admin/topics", body + " ".repeat(MEGABYTE - body.length())).status())
                .isEqualTo(201);
    }

    @Test
    void a_long_answer_is_sent_in_pieces() {
        String topic = topic(1);

        Answer answer = post("/topics/" + topic, "{\"records\":[" + "{\"partition\":9},".repeat(5_000)
                + "{\"value\":1}]}", "Content-Type", JSON);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("Content-Length")).isEmpty();
        var offsets = answer.json().get("offsets");
        assertThat(offsets).hasSize(5_001);
        assertThat(offsets.get(4_999).get("error_code").asInt()).isEqualTo(404);
        assertThat(offsets.get(5_000).get("offset").asInt()).isZero();
    }

    @Test
    void a_stream_of_lines_that_cannot_be_answered_gives_its_memory_back() {
        var image = gateway.bean(Topics.class).require(topic(1));
        var lines = gateway.bean(LineProduce.class);
        var request = new MockHttpServletRequest();
        var response = new MockHttpServletResponse() {
            @Override
            public ServletOutputStream getOutputStream() {
                throw new IllegalStateException("no answer");
            }
        };

        long usedBytes = lines.budget().usedBytes();
        assertThatThrownBy(() -> lines.produce(image, 0, request, response)).hasMessage("no answer");

        assertThat(lines.budget().usedBytes()).isEqualTo(usedBytes);
    }

    @Test
    void a_stream_of_lines_is_refused_while_the_others_hold_all_the_memory() {
        String topic = topic(1);
        var memory = gateway.bean(LineProduce.class).budget();
        long free = 128L * MEGABYTE - memory.usedBytes() - 100_000;
        assertThat(memory.tryReserve(free)).isTrue();

        var refused = post("/topics/" + topic, "{\"value\":1}\n", "Content-Type", LINES);

        assertThat(refused.status()).as(refused.body()).isEqualTo(503);
        assertThat(refused.header("Retry-After")).isNotEmpty();
        memory.release(free);
        assertThat(post("/topics/" + topic, "{\"value\":1}\n", "Content-Type", LINES).status()).isEqualTo(200);
        await().untilAsserted(() -> assertThat(memory.usedBytes()).isZero());
    }

    @Test
    void streams_with_long_lines_do_not_wait_for_each_other_for_good() throws IOException {
        String topic = topic(1);
        var memory = gateway.bean(LineProduce.class).budget();
        await().until(() -> memory.usedBytes() == 0);
        // What two streams begin with, and nothing to grow by.
        long held = memory.limitBytes() - 4L * LineStream.FIRST_BYTES;
        assertThat(memory.tryReserve(held)).isTrue();
        String lines = "{\"value\":\"" + "x".repeat(90_000) + "\"}\n{\"value\":1}\n";
        byte[] head = ("POST /topics/" + topic + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: " + LINES
                + "\r\nContent-Length: " + lines.length() + "\r\n\r\n").getBytes(UTF_8);
        try (var one = new Socket("127.0.0.1", gateway.port()); var two = new Socket("127.0.0.1", gateway.port())) {
            for (var socket : List.of(one, two)) {
                socket.setSoTimeout(20_000);
                socket.getOutputStream().write(head);
            }
            await().until(() -> memory.usedBytes() == memory.limitBytes());

            for (var socket : List.of(one, two)) {
                socket.getOutputStream().write(lines.getBytes(UTF_8));
            }

            for (var socket : List.of(one, two)) {
                assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8).lines().filter(line -> line
                        .contains("offset"))).hasSize(2);
            }
        } finally {
            memory.release(held);
        }
        await().untilAsserted(() -> assertThat(memory.usedBytes()).isZero());
    }

    @Test
    void a_stream_of_v3_is_refused_while_others_hold_all_the_memory() {
        String path = "/v3/clusters/fake/topics/" + topic(1) + "/records";
        var memory = gateway.bean(BodyMemory.class).budget();
        long held = memory.limitBytes() - memory.usedBytes();
        assertThat(memory.tryReserve(held)).isTrue();

        var refused = post(path, "{}");

        assertThat(refused.status()).as(refused.body()).isEqualTo(503);
        memory.release(held);
        assertThat(post(path, "{}").status()).isEqualTo(200);
        await().untilAsserted(() -> assertThat(memory.usedBytes()).isZero());
    }

    @Test
    void a_request_of_v3_under_a_key_has_no_more_records_than_another_body() {
        String topic = topic(1);

        var refused = post("/v3/clusters/fake/topics/" + topic + "/records", "{}".repeat(250_001), "Idempotency-Key",
                "many");

        assertThat(refused.status()).as(refused.body()).isEqualTo(413);
        assertThat(refused.body()).contains("more than 250000 records");
        assertThat(gateway.broker.partition(topic, 0).values()).isEmpty();
    }

    @Test
    void a_hundred_megabytes_are_refused_before_they_are_sent() throws IOException {
        String head = "POST /topics/" + topic(1) + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + 100L * MEGABYTE
                + "\r\n\r\n";

        assertThat(gateway.raw(head)).startsWith("HTTP/1.1 413");
    }

    @Test
    void poisoned_lines_are_refused_one_by_one() {
        String topic = topic(1);
        String poison = Stream.of("[".repeat(90_000), "x".repeat(3 * MEGABYTE), "{\"value\":\"\u0001\"}",
                "{\"headers\":[{\"key\":\"a\",\"value\":\"*\"}]}", "{\"value\":1}").collect(Collectors.joining("\n"));

        List<JsonNode> reports = reports(post("/topics/" + topic, poison, "Content-Type", LINES));

        assertThat(reports).extracting(report -> report.path("error_code").asInt()).containsExactly(400, 413, 400, 400,
                0);
    }

    @Test
    void a_million_header_lines_are_refused_before_they_are_read() throws IOException {
        var headers = new StringBuilder("POST /topics/" + topic(1) + " HTTP/1.1\r\nHost: x\r\n");
        for (int i = 0; i < 3000; i++) {
            headers.append("X-").append(i).append(": y\r\n");
        }

        String answer = gateway.raw(headers.append("\r\n").toString());

        assertThat(answer).containsPattern("^HTTP/1.1 4(00|31) ");
    }

    @Test
    void many_poisoned_bodies_at_once_leave_the_heap_as_it_was() throws InterruptedException {
        String topic = topic(1);
        byte[] bomb = gzip(repeated(" ".repeat(1024), 50 * 1024));
        List<Thread> senders = new ArrayList<>();
        long before = usedAfterCollection();
        for (int i = 0; i < 24; i++) {
            senders.add(Thread.ofVirtual().start(() -> {
                Answer answer = gateway.sendFrom("POST", "/topics/" + topic, BodyPublishers.ofByteArray(bomb),
                        "Content-Encoding", "gzip");
                // Beyond the memory for bodies they are told to come again.
                assertThat(answer.status()).isIn(413, 503);
            }));
        }
        for (Thread sender : senders) {
            sender.join();
        }

        assertThat(usedAfterCollection() - before).isLessThan(40L * MEGABYTE);
        assertThat(post("/topics/" + topic, "{\"records\":[{\"value\":1}]}").status()).isEqualTo(200);
    }

    private static long usedAfterCollection() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    private static InputStream repeated(String text, int times) {
        byte[] bytes = text.getBytes(UTF_8);
        return new InputStream() {
            private int round;
            private int at;

            @Override
            public int read() {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] target, int offset, int length) {
                if (round == times) {
                    return -1;
                }
                int count = Math.min(length, bytes.length - at);
                System.arraycopy(bytes, at, target, offset, count);
                at += count;
                if (at == bytes.length) {
                    at = 0;
                    round++;
                }
                return count;
            }
        };
    }

    private static byte[] joined(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static byte[] gzip(InputStream source) {
        var compressed = new ByteArrayOutputStream();
        try (var target = new GZIPOutputStream(compressed)) {
            source.transferTo(target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return compressed.toByteArray();
    }
}
