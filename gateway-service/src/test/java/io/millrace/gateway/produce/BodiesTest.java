package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Single records, and bodies that nobody means well with. */
class BodiesTest extends BodyCalls {
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

    @Test
    void a_hundred_megabytes_are_refused_before_they_are_sent() throws IOException {
        String head = "POST /topics/" + topic(1) + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + 100L * MEGABYTE
                + "\r\n\r\n";

        assertThat(gateway.raw(head)).startsWith("HTTP/1.1 413");
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
}
