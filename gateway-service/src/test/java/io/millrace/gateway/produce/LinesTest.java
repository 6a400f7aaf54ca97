package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import jakarta.servlet.ServletOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import tools.jackson.databind.JsonNode;

/** Streams of lines. */
class LinesTest extends BodyCalls {
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

    /** Sends the beginning of a stream and hangs up without its end. */
    private void cut(String topic, String lines) {
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
    void a_stream_of_nothing_but_bad_lines_is_answered_to_its_end() {
        String topic = topic(1);

        Answer answer = gateway.sendFrom("POST", "/topics/" + topic, BodyPublishers.ofInputStream(() -> repeated("x\n",
                100_000)), "Content-Type", LINES);

        assertThat(answer.body().lines()).hasSize(100_000).allMatch(line -> line.startsWith("{\"error_code\":400"));
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
    void poisoned_lines_are_refused_one_by_one() {
        String topic = topic(1);
        String poison = Stream.of("[".repeat(90_000), "x".repeat(3 * MEGABYTE), "{\"value\":\"\u0001\"}",
                "{\"headers\":[{\"key\":\"a\",\"value\":\"*\"}]}", "{\"value\":1}").collect(Collectors.joining("\n"));

        List<JsonNode> reports = reports(post("/topics/" + topic, poison, "Content-Type", LINES));

        assertThat(reports).extracting(report -> report.path("error_code").asInt()).containsExactly(400, 413, 400, 400,
                0);
    }
}
