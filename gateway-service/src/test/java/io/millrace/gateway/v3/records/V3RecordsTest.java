package io.millrace.gateway.v3.records;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.BodyBuffer;
import io.millrace.gateway.edge.BodyMemory;
import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import jakarta.servlet.ServletOutputStream;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.mock.web.DelegatingServletOutputStream;
import org.springframework.mock.web.MockHttpServletResponse;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class V3RecordsTest {
    private static final String CLUSTER = "/v3/clusters/fake";
    private static final String FIRST = "{\"value\":{\"type\":\"STRING\",\"data\":\"first\"}}";
    private static GatewayUnderTest gateway;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.start("millrace.brokers.unknown-topic-grace=5ms",
                "millrace.gateway.max-body-size=64KB",
                "millrace.v3.max-record-size=64KB", "millrace.v3.max-batch-entries=3", "millrace.v3.max-streams=3",
                "millrace.producer.delivery-timeout=3s");
        gateway.createTopic("orders", 2);
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @Test
    void a_record_is_stored_as_it_says_and_reported() {
        var answer = produce("orders",
                """
                {"partition_id": 1, "timestamp": "2026-02-05T19:14:42.5+01:00", "key": {"data": "a2V5", "type": "BINARY"},
                 "value": {"type": "JSON", "data": {"a": [1,  2]}}, "headers": [{"name": "h", "value": "AAE="}, {"name": "n", "value": null}]}""");

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.header("Content-Type")).startsWith("application/json");
        var report = answer.json();
        long offset = report.get("offset").asLong();
        assertThat(answer.body()).isEqualTo(
                "{\"error_code\":200,\"cluster_id\":\"fake\",\"topic_name\":\"orders\",\"partition_id\":1,\"offset\":"
                        + offset
                        + ",\"timestamp\":\"2026-02-05T18:14:42.500Z\",\"key\":{\"type\":\"BINARY\",\"size\":3},"
                        + "\"value\":{\"type\":\"JSON\",\"size\":14}}\r\n");
        var stored = gateway.get("/topics/orders/partitions/1/records?offset=" + offset, "Accept",
                "application/vnd.kafka.binary.v2+json").json().get(0);
        assertThat(stored.get("key").asString()).isEqualTo("a2V5");
        assertThat(new String(java.util.Base64.getDecoder().decode(stored.get("value").asString()), UTF_8)).isEqualTo(
                "{\"a\": [1,  2]}");
        assertThat(stored.get("headers").toString()).isEqualTo(
                "[{\"key\":\"h\",\"value\":\"AAE=\"},{\"key\":\"n\",\"value\":null}]");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"partition_id":0}                                                             | - | -
            {"partition_id":0,"value":null,"key":{"type":"STRING","data":null}}            | - | -
            {"partition_id":0,"value":{"data":null}}                                       | - | -
            {"partition_id":0,"value":{"type":"STRING","data":"\\u0041\\n"},"id":"7"}      | - | QQo=
            {"partition_id":0,"key":{"type":"JSON","data":"k"},"value":{"type":"JSON"}}    | Imsi | -
            {"partition_id":null,"headers":null,"timestamp":null,"value":{"type":"BINARY","data":""},"key":{"type":"STRING","data":"customer-4"}} | Y3VzdG9tZXItNA== | ''
            """)
    void key_and_value_may_be_absent_or_null_and_fields_in_any_order(String body, String key, String value) {
        var report = produce("orders", body).json();

        assertThat(report.get("error_code").asInt()).isEqualTo(200);
        var stored = gateway.get("/topics/orders/partitions/" + report.get("partition_id").asInt() + "/records?offset="
                + report.get("offset").asLong(), "Accept", "application/vnd.kafka.binary.v2+json").json().get(0);
        assertThat(stored.get("key").isNull() ? "-" : stored.get("key").asString()).isEqualTo(key);
        assertThat(stored.get("value").isNull() ? "-" : stored.get("value").asString()).isEqualTo(value);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"valeu":{}}                                              | 400   | valeu: unknown field
            {"value":{"data":"x"}}                                    | 400   | value.type: is required
            {"value":{"type":"AVRO","data":"x"}}                      | 400   | value.type: there are no schemas
            {"value":{"schema_id":1,"data":"x"}}                      | 400   | value.schema_id: there are no schemas
            {"value":{"type":"TEXT","data":"x"}}                      | 400   | value.type: must be
            {"value":{"type":"BINARY","data":"a"}}                    | 400   | value.data: not base64
            {"value":{"type":"BINARY","data":7}}                      | 400   | value.data: must be a string of base64
            {"key":{"type":"STRING","data":{}}}                       | 400   | key.data: must be a string
            {"key":"k"}                                               | 400   | key: must be an object
            {"value":{"type":"JSON","data":1,"data":2}}               | 400   | value.data: given twice
            {"value":{"type":"JSON","data":[1,,2]}}                   | 400   | value.data: expected a value
            {"value":{"type":"JSON","data":nul}}                      | 400   | value.data: expected a value
            {"value":{"type":"STRING","data":"\\ud800"}}              | 400   | surrogate
            {"timestamp":"yesterday"}                                 | 400   | timestamp: must be a time
            {"timestamp":"1969-01-01T00:00:00Z"}                      | 400   | timestamp: must be a time
            {"timestamp":17}                                          | 400   | timestamp: must be a string
            {"partition_id":"0"}                                      | 400   | partition_id: must be a whole number
            {"partition_id":-1}                                       | 400   | partition_id: must be between
            {"partition_id":2}                                        | 40403 | does not host
            {"headers":{}}                                            | 400   | headers: must be an array
            {"headers":[{"value":"AAE="}]}                            | 400   | headers[0].name: is required
            {"headers":[{"name":"a"},{"name":"h","value":"?"}]}       | 400   | headers[1].value: not base64
            {"headers":[{"name":"a","key":"h"}]}                      | 400   | headers[0].key: unknown field
            """)
    void a_record_that_is_refused_is_reported_and_the_others_are_stored(String wrong, int code, String message) {
        var reports = reports(produce("orders", FIRST + wrong + FIRST));

        assertThat(reports).hasSize(3);
        assertThat(reports.get(0).get("error_code").asInt()).isEqualTo(200);
        assertThat(reports.get(1).propertyNames()).containsExactly("error_code", "message");
        assertThat(reports.get(1).get("error_code").asInt()).isEqualTo(code);
        assertThat(reports.get(1).get("message").asString()).contains(message);
        assertThat(reports.get(2).get("error_code").asInt()).isEqualTo(200);
    }

    @Test
    void a_record_that_is_too_large_is_reported_and_the_stream_goes_on() {
        var reports = reports(produce("orders", FIRST + "{\"value\":{\"type\":\"STRING\",\"data\":\"" + "x".repeat(
                100_000) + "\"}}" + FIRST));

        assertThat(reports).extracting(report -> report.get("error_code").asInt()).containsExactly(200, 413, 200);
    }

    @Test
    void a_stream_longer_than_any_body_may_be_is_stored_whole_and_in_order() {
        gateway.createTopic("streamed", 1);
        int count = 20_000;
        var body = new StringBuilder();
        IntStream.range(0, count).forEach(i -> body.append("{\"value\":{\"type\":\"JSON\",\"data\":").append(i).append(
                "}}").append(i % 3 == 0 ? "\n" : ""));

        var reports = reports(gateway.sendFrom("POST", CLUSTER + "/topics/streamed/records",
                HttpRequest.BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(body.toString()
                        .getBytes(UTF_8)))));

        assertThat(reports).hasSize(count).allMatch(report -> report.get("error_code").asInt() == 200);
        assertThat(reports.stream().map(report -> report.get("offset").asInt())).isEqualTo(IntStream.range(0, count)
                .boxed().toList());
        assertThat(gateway.get("/topics/streamed/partitions/0/offsets").json().get("end_offset").asInt()).isEqualTo(
                count);
        assertThat(gateway.get("/topics/streamed/partitions/0/records?offset=19999").json().get(0).get("value")
                .asInt()).isEqualTo(19_999);
    }

    @Test
    void each_report_comes_while_the_stream_is_open() throws IOException {
        gateway.createTopic("open", 1);
        try (var socket = new Socket("127.0.0.1", gateway.port())) {
            socket.setSoTimeout(20_000);
            var reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
            write(socket, "POST " + CLUSTER
                    + "/topics/open/records HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            var reports = new ArrayList<JsonNode>();

            for (int i = 0; i < 3; i++) {
                // Cut in two, so that an object waits for its rest.
                writeChunk(socket, FIRST.substring(0, 10));
                writeChunk(socket, FIRST.substring(10));
                reports.add(nextReport(reader));
            }
            writeChunk(socket, "{\"oops\":1}");
            reports.add(nextReport(reader));
            writeChunk(socket, FIRST + " rubbish");
            reports.add(nextReport(reader));
            reports.add(nextReport(reader));

            assertThat(reports).extracting(report -> report.get("error_code").asInt()).containsExactly(200, 200, 200,
                    400, 200, 400);
            assertThat(reports.getLast().get("message").asString()).contains("expected an object");
            assertThat(reports.get(4).get("offset").asInt()).isEqualTo(3);
        }
    }

    @Test
    void who_does_not_read_its_reports_is_not_read_from_until_it_does() throws IOException {
        gateway.createTopic("unread", 1);
        int count = 80_000;
        try (var socket = new Socket()) {
            // Before the connection is made, so that its window stays small.
            socket.setReceiveBufferSize(8 * 1024);
            socket.setSoTimeout(20_000);
            socket.connect(new InetSocketAddress("127.0.0.1", gateway.port()));
            var writer = Thread.ofVirtual().start(() -> writeStream(socket, count));

            var stored = new AtomicLong();
            await().during(Duration.ofMillis(300)).until(() -> {
                long end = endOffset("unread");
                return end > 0 && end == stored.getAndSet(end);
            });
            assertThat(stored.get()).isLessThan(count);

            var reports = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8)).lines().filter(
                    line -> line.startsWith("{")).limit(count).toList();
            assertThat(reports.getLast()).contains("\"offset\":" + (count - 1) + ",");
            assertThat(writer.join(Duration.ofSeconds(20))).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void writeStream(Socket socket, int count) {
        try {
            write(socket, "POST " + CLUSTER + "/topics/unread/records HTTP/1.1\r\nHost: a\r\nContent-Length: "
                    + (long) FIRST.length() * count + "\r\n\r\n");
            for (int i = 0; i < count; i += 100) {
                write(socket, FIRST.repeat(100));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long endOffset(String topic) {
        return gateway.get("/topics/" + topic + "/partitions/0/offsets").json().get("end_offset").asLong();
    }

    @Test
    void more_streams_than_there_may_be_are_refused_until_others_have_ended() throws IOException {
        var sockets = new ArrayList<Socket>();
        try {
            for (int i = 0; i < 3; i++) {
                var socket = new Socket("127.0.0.1", gateway.port());
                sockets.add(socket);
                write(socket, "POST " + CLUSTER
                        + "/topics/orders/records HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
            }
            await().untilAsserted(() -> assertError(produce("orders", FIRST), 503, 50003, "streams"));
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        await().until(() -> produce("orders", FIRST).status() == 200);
    }

    @Test
    void a_leader_that_is_away_is_reported_as_what_may_be_tried_again() {
        gateway.createTopic("leaderless", 1);
        gateway.images.leaderless("leaderless", true);

        var report = reports(produce("leaderless", FIRST)).getFirst();

        assertThat(report.get("error_code").asInt()).isEqualTo(50302);
    }

    @Test
    void where_the_leaders_time_counts_no_other_is_told() {
        gateway.createTopic("stamped", 1);
        gateway.images.configure("stamped", Map.of("message.timestamp.type", "LogAppendTime"));

        assertThat(produce("stamped", FIRST).json().has("timestamp")).isFalse();
    }

    @Test
    void what_has_no_record_is_refused_as_a_whole() {
        assertError(produce("orders", ""), 400, 400, "empty");
        assertError(produce("orders", "[]"), 400, 400, "expected an object");
        assertError(produce("orders", "{\"value\":"), 400, 400, "ends within an object");
        assertError(produce("nowhere", FIRST), 404, 40403, "does not host");
        assertError(gateway.send("POST", "/v3/clusters/another/topics/orders/records", FIRST), 404, 404,
                "Cluster another");
        assertError(batch("[1"), 400, 400, "expected");
        assertError(batch("{\"entries\":[]}"), 400, 400, "entries");
        assertError(batch("{\"records\":[]}"), 400, 400, "records");
        assertError(batch("{\"entries\":[{\"value\":{\"type\":\"JSON\",\"data\":1}}]}"), 400, 400, "entries[0].id");
        assertError(batch("{\"entries\":[{\"id\":7}]}"), 400, 400, "entries[0].id");
        assertError(batch("{\"entries\":[{\"id\":\"a b\"}]}"), 400, 400, "entries[0].id");
        assertError(batch("{\"entries\":[{\"id\":\"a\"},{\"id\":\"a\"}]}"), 400, 400, "entries[1].id");
        assertError(batch("{\"entries\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"},{\"id\":\"d\"}]}"), 400, 400,
                "more than 3");
        assertError(gateway.send("POST", CLUSTER + "/topics/nowhere/records:batch", "{\"entries\":[{\"id\":\"a\"}]}"),
                404, 40403, "does not host");
        assertThat(batch("{\"entries\":[{\"id\":\"" + "x".repeat(70_000) + "\"}]}").status()).isEqualTo(413);
    }

    @Test
    void a_batch_tells_of_each_entry_by_its_id() {
        var answer = batch("""
                {"entries": [{"id": "a", "value": {"type": "STRING", "data": "one"}, "partition_id": 0},
                    {"value": {"type": "STRING", "data": 2}, "id": "b-2"},
                    {"id": "c_3", "partition_id": 9}]}""");

        assertThat(answer.status()).isEqualTo(207);
        var success = answer.json().get("successes").get(0);
        assertThat(answer.json().get("successes")).hasSize(1);
        assertThat(success.propertyNames()).containsExactly("id", "cluster_id", "topic_name", "partition_id", "offset",
                "timestamp", "value");
        assertThat(success.get("id").asString()).isEqualTo("a");
        assertThat(answer.json().get("failures").toString()).isEqualTo(
                "[{\"id\":\"b-2\",\"error_code\":400,\"message\":\"value.data: must be a string\"},"
                        + "{\"id\":\"c_3\",\"error_code\":40403,\"message\":\"This server does not host this topic-partition.\"}]");
    }

    @Test
    void a_request_under_a_key_is_stored_once() {
        gateway.createTopic("keyed", 1);
        String path = CLUSTER + "/topics/keyed/records";

        var first = gateway.send("POST", path, FIRST + FIRST, "Idempotency-Key", "stream-1");
        var again = gateway.send("POST", path, FIRST + FIRST, "Idempotency-Key", "stream-1");
        var batch = gateway.send("POST", path + ":batch", "{\"entries\":[{\"id\":\"a\"}]}", "Idempotency-Key", "b-1");
        var batchAgain = gateway.send("POST", path + ":batch", "{\"entries\":[{\"id\":\"a\"}]}", "Idempotency-Key",
                "b-1");

        assertThat(offsets(reports(again))).isEqualTo(offsets(reports(first))).containsExactly(0L, 1L);
        assertThat(offsets(List.of(batch.json().get("successes").get(0), batchAgain.json().get("successes").get(0))))
                .containsExactly(2L, 2L);
        assertThat(gateway.get("/topics/keyed/partitions/0/offsets").json().get("end_offset").asInt()).isEqualTo(3);
        assertError(gateway.send("POST", path, "x".repeat(70_000), "Idempotency-Key", "large"), 413, 413, "larger");
    }

    @Test
    void a_request_under_a_key_of_which_one_record_is_refused_is_not_stored_and_can_be_sent_again_mended() {
        gateway.createTopic("mended", 1);
        String path = CLUSTER + "/topics/mended/records";
        String entries = "{\"entries\":[{\"id\":\"a\"},{\"id\":\"b\",\"%s\":null}]}";

        var wrong = reports(gateway.send("POST", path, FIRST + "{\"valeu\":1}" + FIRST, "Idempotency-Key", "k"));
        var cut = gateway.send("POST", path, FIRST + FIRST.substring(5), "Idempotency-Key", "k");
        var half = gateway.send("POST", path, FIRST + FIRST.substring(0, 12), "Idempotency-Key", "k");
        var wrongBatch = gateway.send("POST", path + ":batch", entries.formatted("valeu"), "Idempotency-Key", "b");
        long afterwards = endOffset("mended");
        var whole = reports(gateway.send("POST", path, FIRST + FIRST, "Idempotency-Key", "k"));
        var wholeBatch = gateway.send("POST", path + ":batch", entries.formatted("value"), "Idempotency-Key", "b");

        assertThat(wrong).extracting(report -> report.get("error_code").asInt()).containsExactly(400, 400, 400);
        assertThat(wrong.get(0).get("message").asString()).contains("another record", "Idempotency-Key");
        assertThat(wrong.get(1).get("message").asString()).startsWith("valeu: unknown field");
        assertError(cut, 400, 400, "expected an object");
        assertError(half, 400, 400, "ends within an object");
        assertThat(wrongBatch.status()).isEqualTo(207);
        assertThat(wrongBatch.json().get("successes")).isEmpty();
        assertThat(wrongBatch.json().get("failures")).hasSize(2);
        assertThat(afterwards).isZero();
        assertThat(offsets(whole)).containsExactly(0L, 1L);
        assertThat(wholeBatch.json().get("successes")).hasSize(2);
        assertThat(endOffset("mended")).isEqualTo(4);
    }

    @Test
    void bodies_may_be_compressed_in_all_ways_of_sending_them() throws IOException {
        gateway.createTopic("compressed", 1);
        String path = CLUSTER + "/topics/compressed/records";

        var stream = reports(gateway.sendFrom("POST", path, gzip(FIRST + FIRST), "Content-Encoding", "gzip"));
        var keyed = reports(gateway.sendFrom("POST", path, gzip(FIRST), "Content-Encoding", "gzip", "Idempotency-Key",
                "k"));
        var batch = gateway.sendFrom("POST", path + ":batch", gzip("{\"entries\":[{\"id\":\"a\"}]}"),
                "Content-Encoding", "x-gzip");

        assertThat(offsets(stream)).containsExactly(0L, 1L);
        assertThat(offsets(keyed)).containsExactly(2L);
        assertThat(batch.json().get("successes").get(0).get("offset").asLong()).isEqualTo(3);
    }

    @Test
    void a_report_comes_while_a_compressed_stream_is_open() throws IOException {
        gateway.createTopic("open-compressed", 1);
        try (var socket = new Socket("127.0.0.1", gateway.port())) {
            socket.setSoTimeout(20_000);
            var reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
            write(socket, "POST " + CLUSTER + "/topics/open-compressed/records HTTP/1.1\r\nHost: a\r\n"
                    + "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
            var compressed = new ByteArrayOutputStream();
            try (var gzip = new GZIPOutputStream(compressed, true)) {
                for (int i = 0; i < 3; i++) {
                    gzip.write(FIRST.getBytes(UTF_8));
                    gzip.flush();
                    write(socket, Integer.toHexString(compressed.size()) + "\r\n");
                    compressed.writeTo(socket.getOutputStream());
                    write(socket, "\r\n");
                    compressed.reset();

                    assertThat(nextReport(reader).get("offset").asInt()).isEqualTo(i);
                }
            }
        }
    }

    @Test
    void what_is_compressed_otherwise_or_too_well_is_refused() throws IOException {
        for (String path : List.of(CLUSTER + "/topics/orders/records", CLUSTER + "/topics/orders/records:batch")) {
            var other = gateway.send("POST", path, FIRST, "Content-Encoding", "br");
            assertError(other, 415, 415, "br");
            assertThat(other.header("Accept-Encoding")).isEqualTo("gzip");
            assertError(gateway.sendFrom("POST", path, gzip(" ".repeat(20_000_000)), "Content-Encoding", "gzip",
                    "Idempotency-Key", "bomb"), 413, 413, "larger");
            assertError(gateway.send("POST", path, FIRST, "Content-Encoding", "gzip"), 400, 400, "gzip");
        }
        for (String path : List.of("/admin/topics", "/consumers/g", CLUSTER + "/topics")) {
            var answer = gateway.sendFrom("POST", path, gzip("{\"topic_name\":\"zipped\"}"), "Content-Encoding",
                    "gzip");
            assertThat(answer.status()).as(path + answer.body()).isEqualTo(415);
            assertThat(answer.json().get("message").asString()).contains("gzip");
            assertThat(answer.header("Accept-Encoding")).isEqualTo("identity");
        }
    }

    private static HttpRequest.BodyPublisher gzip(String text) throws IOException {
        var compressed = new ByteArrayOutputStream();
        try (var target = new GZIPOutputStream(compressed)) {
            target.write(text.getBytes(UTF_8));
        }
        return HttpRequest.BodyPublishers.ofByteArray(compressed.toByteArray());
    }

    @Test
    void the_reports_of_many_objects_are_written_in_pieces() throws IOException, InterruptedException {
        var writes = new ArrayList<Integer>();
        var response = new MockHttpServletResponse() {
            @Override
            public ServletOutputStream getOutputStream() {
                return new DelegatingServletOutputStream(OutputStream.nullOutputStream()) {
                    @Override
                    public void write(byte[] bytes, int start, int length) {
                        writes.add(length);
                    }
                };
            }
        };
        byte[] body = "{\"a\":1}".repeat(10_000).getBytes(UTF_8);
        var memory = new CountedGroups(Long.MAX_VALUE);

        new RecordStream("fake", "orders", gateway.bean(Topics.class), gateway.bean(RecordSender.class), response,
                () -> false, 5_000, memory).run(ObjectStream.of(body, body.length), null);

        assertThat(writes).allMatch(bytes -> bytes < 64 * 1024);
        assertThat(writes.stream().mapToInt(bytes -> bytes).sum()).isGreaterThan(body.length);
        assertThat(memory.mostBytes).isBetween(1_000_000L, 2_000_000L);
        assertThat(memory.heldBytes).isZero();
    }

    @Test
    void a_group_is_as_large_as_there_is_memory_for_and_all_objects_are_reported() throws Exception {
        byte[] body = "{}".repeat(10_000).getBytes(UTF_8);
        var memory = new CountedGroups(200_000);
        var response = new MockHttpServletResponse();

        new RecordStream("fake", "orders", gateway.bean(Topics.class), gateway.bean(RecordSender.class), response,
                () -> false, 5_000, memory).run(ObjectStream.of(body, body.length), null);

        assertThat(response.getContentAsString().split("\r\n")).hasSize(10_000).allMatch(report -> report.contains(
                "\"error_code\":200"));
        assertThat(memory.mostBytes).isBetween(100_000L, 200_000L);
        assertThat(memory.heldBytes).isZero();
    }

    @Test
    void the_headers_of_a_group_are_counted_until_it_is_sent_on() throws Exception {
        String many = "{\"headers\":[" + "{\"name\":\"h\"},".repeat(8_999) + "{\"name\":\"h\"}]}";
        byte[] body = (many + FIRST + many).getBytes(UTF_8);
        var memory = new CountedGroups(Long.MAX_VALUE);
        var response = new MockHttpServletResponse();

        new RecordStream("fake", "orders", gateway.bean(Topics.class), gateway.bean(RecordSender.class), response,
                () -> false, 1, memory).run(ObjectStream.of(body, body.length), null);

        assertThat(response.getContentAsString().split("\r\n")).hasSize(3).allMatch(report -> report.contains(
                "\"error_code\":200"));
        assertThat(memory.mostBytes).isBetween(9_000L * 16, 600_000L);
        assertThat(memory.heldBytes).isZero();
    }

    @Test
    void headers_for_which_there_is_no_memory_end_the_request_before_anything_is_sent() throws Exception {
        String many = "{\"id\":\"a\",\"headers\":[" + "{\"name\":\"h\"},".repeat(8_999) + "{\"name\":\"h\"}]}";
        byte[] body = many.getBytes(UTF_8);
        var memory = new CountedGroups(100_000);
        var buffer = new BodyBuffer(new BodyMemory(200_000));
        byte[] batch = ("{\"entries\":[" + many + "]}").getBytes(UTF_8);
        buffer.read(new ByteArrayInputStream(batch), batch.length, batch.length);

        assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> new RecordStream("fake", "orders", gateway
                .bean(Topics.class), gateway.bean(RecordSender.class), new MockHttpServletResponse(), () -> false,
                1_000, memory).run(ObjectStream.of(body, body.length), null)).satisfies(refusal -> assertThat(refusal
                        .code()).isEqualTo(ErrorCode.QUEUE_FULL));
        assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> new RecordBatch(buffer, BatchBody.entries(
                batch, batch.length, 1))).satisfies(
                        refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.BODY_TOO_LARGE));
        assertThat(memory.heldBytes).isZero();
    }

    private static final class CountedGroups implements RecordStream.GroupMemory {
        private final long limitBytes;
        private long heldBytes;
        private long mostBytes;

        CountedGroups(long limitBytes) {
            this.limitBytes = limitBytes;
        }

        @Override
        public boolean tryReserve(long moreBytes) {
            if (heldBytes + moreBytes > limitBytes) {
                return false;
            }
            heldBytes += moreBytes;
            mostBytes = Math.max(mostBytes, heldBytes);
            return true;
        }

        @Override
        public void reserve(long moreBytes) {
            if (!tryReserve(moreBytes)) {
                throw new RefusedException(ErrorCode.QUEUE_FULL, "there is no more");
            }
        }

        @Override
        public void groupEnds() {
            heldBytes = 0;
        }
    }

    private static Answer produce(String topic, String body) {
        return gateway.send("POST", CLUSTER + "/topics/" + topic + "/records", body);
    }

    private static Answer batch(String body) {
        return gateway.send("POST", CLUSTER + "/topics/orders/records:batch", body);
    }

    private static List<JsonNode> reports(Answer answer) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        try (var values = JsonMapper.shared().readerFor(JsonNode.class).<JsonNode>readValues(answer.body())) {
            return values.readAll();
        }
    }

    private static List<Long> offsets(List<JsonNode> reports) {
        return reports.stream().map(report -> report.get("offset").asLong()).toList();
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(UTF_8));
        socket.getOutputStream().flush();
    }

    private static void writeChunk(Socket socket, String text) throws IOException {
        write(socket, Integer.toHexString(text.length()) + "\r\n" + text + "\r\n");
    }

    private static JsonNode nextReport(BufferedReader reader) throws IOException {
        String line = reader.readLine();
        while (!line.startsWith("{")) {
            line = reader.readLine();
        }
        return JsonMapper.shared().readTree(line);
    }

    private static void assertError(Answer answer, int status, int code, String message) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.json().get("error_code").asInt()).as(answer.body()).isEqualTo(code);
        assertThat(answer.json().get("message").asString()).contains(message);
    }
}
