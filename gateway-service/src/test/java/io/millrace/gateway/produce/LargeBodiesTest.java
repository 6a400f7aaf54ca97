package io.millrace.gateway.produce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.gateway.edge.BodyMemory;
import io.millrace.gateway.memory.CountedMemory;
import io.millrace.gateway.memory.MemoryBudget;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The memory of large bodies. */
class LargeBodiesTest extends BodyCalls {
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
    void a_stream_of_v3_takes_no_memory_of_large_bodies_and_a_large_record_in_it_waits_for_no_one() {
        String path = "/v3/clusters/fake/topics/" + topic(1) + "/records";
        String body = "{\"value\":{\"type\":\"STRING\",\"data\":\"" + "x".repeat(300_000) + "\"}}";
        var bodies = gateway.bean(BodyMemory.class);
        var streams = streamsOfV3();
        long free = 128L * MEGABYTE - bodies.usedBytes();
        // But for what a stream begins with.
        long held = streams.limitBytes() - streams.usedBytes() - BodyMemory.SMALL_BODY_BYTES;
        bodies.reserve(free);
        assertThat(streams.tryReserve(held)).isTrue();

        Answer answer;
        try {
            answer = post(path, "{}" + body);
        } finally {
            bodies.release(free);
            streams.release(held);
        }

        assertThat(reports(answer)).extracting(report -> report.get("error_code").asInt()).containsExactly(200, 200);
        await().untilAsserted(() -> assertThat(streams.usedBytes()).isZero());
    }

    private MemoryBudget streamsOfV3() {
        return gateway.beans(CountedMemory.class).stream().filter(each -> each.kind().equals("v3-streams")).findAny()
                .orElseThrow().budget();
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
    void a_stream_of_v3_is_refused_while_others_hold_all_the_memory_but_for_a_record_that_fits() {
        String path = "/v3/clusters/fake/topics/" + topic(1) + "/records";
        var memory = streamsOfV3();
        long held = memory.limitBytes() - memory.usedBytes() - 1_000;
        assertThat(memory.tryReserve(held)).isTrue();

        var refused = post(path, "{}".repeat(501));
        var small = post(path, "{}".repeat(500));

        assertThat(refused.status()).as(refused.body()).isEqualTo(503);
        assertThat(refused.header("Retry-After")).isNotEmpty();
        assertThat(reports(small)).hasSize(500);
        memory.release(held);
        assertThat(post(path, "{}".repeat(501)).status()).isEqualTo(200);
        await().untilAsserted(() -> assertThat(memory.usedBytes()).isZero());
    }

    @Test
    void a_record_of_v3_has_no_more_headers_than_in_the_other_dialects_and_a_long_name_is_told_short() {
        String path = "/v3/clusters/fake/topics/" + topic(1) + "/records";
        String headers = "{\"headers\":[" + "{\"name\":\"h\"},".repeat(9_999) + "{\"name\":\"h\"}%s]}";

        var reports = reports(post(path, headers.formatted("") + headers.formatted(",{\"name\":\"h\"}")
                + "{\"" + "x".repeat(100_000) + "\":1}"));
        var batch = gateway.send("POST", path + ":batch", "{\"" + "x".repeat(100_000)
                + "\":1}");

        assertThat(reports).extracting(report -> report.get("error_code").asInt()).containsExactly(200, 400, 400);
        assertThat(reports.get(1).get("message").asString()).contains("10000 headers");
        assertThat(reports.get(2).get("message").asString()).startsWith("xxx").hasSizeLessThan(200);
        assertThat(batch.status()).isEqualTo(400);
        assertThat(batch.json().get("message").asString()).startsWith("xxx").hasSizeLessThan(200);
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
}
