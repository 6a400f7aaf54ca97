package io.millrace.gateway.produce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.gateway.testing.FakeBroker.Verdict;
import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProduceEndpointTest {
    private static final String JSON = "application/vnd.kafka.json.v2+json";
    private static final String TEXT = "application/vnd.kafka.text.v2+json";
    private static final String BINARY = "application/vnd.kafka.binary.v2+json";
    private static GatewayUnderTest gateway;
    private static int topics;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.startOverWire("millrace.gateway.max-body-size=100KB",
                "millrace.producer.delivery-timeout=700ms", "millrace.producer.buffer-memory=200KB",
                "millrace.brokers.unknown-topic-grace=20ms");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @AfterEach
    void heal() {
        gateway.broker.onProduce((_, _) -> Verdict.STORE);
        gateway.broker.release();
        gateway.brokerFenced(false);
    }

    private static String topic(int partitions) {
        String name = "produce-" + topics++;
        gateway.createTopic(name, partitions);
        return name;
    }

    private static Answer post(String path, String body, String contentType) {
        return gateway.send("POST", path, body, "Content-Type", contentType);
    }

    @Test
    void json_is_stored_as_it_was_sent_without_the_space_around_it() {
        String topic = topic(1);

        Answer answer = post("/topics/" + topic,
                """
                {"records" : [ {"key" : "k 1" , "value" :  { "a" : [1.50, "é\\u00e9"] }  }, {"value":null}, {"value":7},{} ] }""",
                JSON);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(
                """
                {"offsets":[{"partition":0,"offset":0},{"partition":0,"offset":1},{"partition":0,"offset":2},{"partition":0,"offset":3}]}""");
        assertThat(answer.header("Content-Type")).startsWith("application/vnd.kafka.v2+json");
        assertThat(gateway.broker.partition(topic, 0).values()).containsExactly("{ \"a\" : [1.50, \"é\\u00e9\"] }", "",
                "7", "");
        assertThat(gateway.get("/topics/" + topic + "/partitions/0/records").json().get(0).get("key").asString())
                .isEqualTo("k 1");
    }

    @Test
    void requests_are_timed_by_status_and_refused_records_counted_by_reason() {
        String topic = topic(1);
        var meters = gateway.bean(MeterRegistry.class);
        long answered = requests(meters, "2xx");
        long refused = requests(meters, "4xx");
        double unknown = unknownPartitions(meters);

        post("/topics/" + topic, "{\"records\":[{\"value\":1},{\"value\":2,\"partition\":7}]}", JSON);
        post("/topics/" + topic + "/partitions/0", "{\"records\":[{\"value\":1}]}", JSON);
        post("/topics/" + topic, "{\"records\":", JSON);

        // A request is timed when its answer has been written.
        await().untilAsserted(() -> {
            assertThat(requests(meters, "2xx") - answered).isEqualTo(2);
            assertThat(requests(meters, "4xx") - refused).isEqualTo(1);
        });
        assertThat(unknownPartitions(meters) - unknown).isEqualTo(1);
    }

    private static long requests(MeterRegistry meters, String status) {
        return meters.get("millrace.producer.requests").tag("status", status).timer().count();
    }

    private static double unknownPartitions(MeterRegistry meters) {
        return meters.get("millrace.producer.refused").tag("error", "UNKNOWN_PARTITION").functionCounter().count();
    }

    @Test
    void text_is_stored_as_utf8_and_binary_as_the_bytes() {
        String topic = topic(1);

        post("/topics/" + topic, "{\"records\":[{\"key\":\"k\",\"value\":\"say \\\"hi\\\"\\n\\u00e9\\ud83d\\ude00\"}]}",
                TEXT);
        post("/topics/" + topic,
                "{\"records\":[{\"value\":\"aGV5\"},{\"value\":\"aA==\"},{\"value\":\"aGU\"},{\"value\":\"\"}]}",
                BINARY);

        assertThat(gateway.broker.partition(topic, 0).values()).containsExactly("say \"hi\"\né😀", "hey", "h", "he",
                "");
    }

    @Test
    void headers_timestamp_and_partition_are_taken() {
        String topic = topic(3);

        Answer answer = post("/topics/" + topic, """
                {"records":[{"value":1,"partition":2,"timestamp":1234567890123,"headers":[{"key":"a\\u0062","value":"aGV5"},{"key":"n","value":null}]}]}
                """, JSON);

        assertThat(answer.body()).isEqualTo("{\"offsets\":[{\"partition\":2,\"offset\":0}]}");
        var record = gateway.get("/topics/" + topic + "/partitions/2/records").json().get(0);
        assertThat(record.get("timestamp").asLong()).isEqualTo(1234567890123L);
        assertThat(record.get("headers").toString()).isEqualTo(
                "[{\"key\":\"ab\",\"value\":\"aGV5\"},{\"key\":\"n\",\"value\":null}]");
    }

    @Test
    void the_path_names_the_partition() {
        String topic = topic(3);

        assertThat(post("/topics/" + topic + "/partitions/1", "{\"records\":[{\"key\":\"k\",\"value\":1}]}", JSON)
                .body())
                .isEqualTo("{\"offsets\":[{\"partition\":1,\"offset\":0}]}");
        Answer twice = post("/topics/" + topic + "/partitions/1", "{\"records\":[{\"partition\":1,\"value\":1}]}",
                JSON);
        assertThat(twice.status()).isEqualTo(400);
        assertThat(twice.json().get("message").asString()).contains("records[0].partition", "path");
    }

    @Test
    void a_wrong_async_is_refused_before_anything_is_stored() {
        String topic = topic(1);

        Answer answer = post("/topics/" + topic + "?async=yes", "{\"records\":[{\"value\":1}]}", JSON);
        post("/topics/" + topic, "{\"records\":[{\"value\":2}]}", JSON);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("message").asString()).contains("async", "yes");
        assertThat(gateway.broker.partition(topic, 0).values()).containsExactly("2");
    }

    @Test
    void async_takes_a_body_that_says_it_is_a_form() {
        String topic = topic(1);

        Answer answer = post("/topics/" + topic + "?async=true", "{\"records\":[{\"value\":1}]}",
                "application/x-www-form-urlencoded");

        assertThat(answer.status()).isEqualTo(204);
        await().untilAsserted(() -> assertThat(gateway.broker.partition(topic, 0).values()).containsExactly("1"));
    }

    @Test
    void async_answers_what_is_refused_at_once() {
        String topic = topic(1);

        Answer all = post("/topics/" + topic + "?async=true", "{\"records\":[{\"value\":1,\"partition\":7}]}", JSON);
        Answer some = post("/topics/" + topic + "?async=true",
                "{\"records\":[{\"value\":1,\"partition\":7},{\"value\":2}]}", JSON);

        assertThat(all.status()).isEqualTo(404);
        assertThat(some.status()).isEqualTo(200);
        var offsets = some.json().get("offsets");
        assertThat(offsets.get(0).get("error_code").asInt()).isEqualTo(404);
        assertThat(offsets.get(1).toString()).isEqualTo("{\"partition\":0,\"offset\":null}");
    }

    @Test
    void what_async_promised_and_did_not_store_is_counted() {
        String topic = topic(1);
        var failed = gateway.bean(MeterRegistry.class).get("millrace.produce.async.failed").counter();
        double before = failed.count();
        gateway.broker.onProduce((_, _) -> Verdict.NOT_LEADER);

        Answer answer = post("/topics/" + topic + "?async=true", "{\"records\":[{\"value\":1},{\"value\":2}]}", JSON);

        assertThat(answer.status()).isEqualTo(204);
        await().untilAsserted(() -> assertThat(failed.count() - before).isEqualTo(2));
    }

    @Test
    void async_answers_204_and_stores_nevertheless() {
        String topic = topic(1);

        Answer answer = post("/topics/" + topic + "?async=true", "{\"records\":[{\"value\":1}]}", JSON);

        assertThat(answer.status()).isEqualTo(204);
        assertThat(answer.body()).isEmpty();
        assertThat(gateway.get("/topics/" + topic + "/partitions/0/records?timeout=5000").json()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "application/json", "application/vnd.kafka.v2+json", "application/x-www-form-urlencoded",
            "APPLICATION/VND.KAFKA.JSON.V2+JSON; charset=utf-8"})
    void whatever_clients_call_json_is_taken_for_it(String contentType) {
        String topic = topic(1);

        Answer answer = post("/topics/" + topic + "?async=false", "{\"records\":[{\"value\":\"s\"}]}", contentType);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(gateway.broker.partition(topic, 0).values()).containsExactly("\"s\"");
    }

    @Test
    void a_request_with_a_key_is_stored_once_and_another_one_under_it_refused() {
        String topic = topic(3);
        String body = "{\"records\":[{\"value\":1},{\"key\":\"k\",\"value\":2},{\"value\":3}]}";

        Answer first = postOnce("/topics/" + topic, body, "\"8e03978e\"");
        Answer again = postOnce("/topics/" + topic, body, "8e03978e");
        Answer async = postOnce("/topics/" + topic + "?async=true", body, "8e03978e");
        Answer other = postOnce("/topics/" + topic, body.replace("2", "4"), "8e03978e");
        Answer elsewhere = postOnce("/topics/" + topic + "/partitions/1", "{\"records\":[{\"value\":5}]}", "another");

        assertThat(first.status()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(async.status()).isEqualTo(204);
        assertThat(other.status()).isEqualTo(422);
        assertThat(other.json().get("code").asString()).isEqualTo("KEY_REUSED");
        assertThat(elsewhere.status()).isEqualTo(200);
        assertThat(postOnce("/topics/" + topic, body, "\"").status()).isEqualTo(400);
        assertThat(IntStream.range(0, 3).mapToObj(i -> gateway.broker.partition(topic, i).values()).flatMap(
                List::stream))
                .containsExactlyInAnyOrder("1", "2", "3", "5");
    }

    private static Answer postOnce(String path, String body, String key) {
        return gateway.send("POST", path, body, "Content-Type", JSON, "Idempotency-Key", key);
    }

    @Test
    void an_empty_array_of_records_stores_nothing() {
        assertThat(post("/topics/" + topic(1), "{\"records\":[]}", JSON).body()).isEqualTo("{\"offsets\":[]}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
            "{\"records\":[{\"valeu\":1}]}|records[0].valeu: unknown field at byte 13",
            "{\"records\":[{\"value\":1},{\"value\":1,\"value\":2}]}|records[1].value: given twice",
            "{\"record\":[]}|record: unknown field at byte 1",
            "{\"records\":{}}|records: must be an array",
            "{\"records\":[7]}|records[0]: must be an object",
            "{}|records: is required",
            "[]|expected '{' at byte 0",
            "{\"records\":[]} x|something follows",
            "{\"records\":[{\"value\":1}|expected ',' or ']'",
            "{\"records\":[{\"value\":01}]}|records[0]",
            "{\"records\":[{\"value\":{\"a\":tru}}]}|records[0].value: expected a value at byte 26",
            "{\"records\":[{\"partition\":\"1\"}]}|records[0].partition: must be a whole number",
            "{\"records\":[{\"partition\":-1}]}|records[0].partition: must be between 0 and 2147483647",
            "{\"records\":[{\"partition\":1.5}]}|records[0].partition: expected a whole number",
            "{\"records\":[{\"timestamp\":99999999999999999999}]}|records[0].timestamp: number out of range",
            "{\"records\":[{\"headers\":[{\"value\":\"aGV5\"}]}]}|records[0].headers[0].key: is required",
            "{\"records\":[{\"headers\":[{\"key\":\"a\",\"value\":\"*\"}]}]}|records[0].headers[0].value: not base64",
            "{\"records\":[{\"headers\":[{\"key\":\"a\",\"x\":1}]}]}|records[0].headers[0].x: unknown field",
            "{\"records\":[{\"headers\":{}}]}|records[0].headers: must be an array",
            "``|expected '{'"})
    void a_malformed_body_is_refused_by_field_and_byte(String body, String message) {
        Answer answer = post("/topics/" + topic(1), body, JSON);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.header("Content-Type")).startsWith("application/json");
        assertThat(answer.json().get("error_code").asInt()).isEqualTo(400);
        if (!body.equals("{\"records\":[{\"value\":1}")) {
            assertThat(answer.json().get("message").asString()).contains(message);
        }
    }

    @Test
    void text_and_binary_need_strings() {
        String topic = topic(1);

        assertThat(post("/topics/" + topic, "{\"records\":[{\"value\":1}]}", TEXT).json().get("message").asString())
                .contains("records[0].value", "must be a string in the text format");
        assertThat(post("/topics/" + topic, "{\"records\":[{\"key\":{}}]}", BINARY).json().get("message").asString())
                .contains("records[0].key", "must be a string in the binary format");
        assertThat(post("/topics/" + topic, "{\"records\":[{\"value\":\"\\ud800\"}]}", TEXT).status()).isEqualTo(400);
    }

    @Test
    void unknown_topics_and_partitions_are_404() {
        String topic = topic(2);

        assertThat(post("/topics/nowhere", "{\"records\":[{\"value\":1}]}", JSON).status()).isEqualTo(404);
        assertThat(post("/topics/" + topic + "/partitions/2", "{\"records\":[{\"value\":1}]}", JSON).status())
                .isEqualTo(404);
        assertThat(post("/topics/" + topic + "/partitions/x", "{\"records\":[{\"value\":1}]}", JSON).status())
                .isEqualTo(400);
        assertThat(post("/topics/" + topic, "{\"records\":[{\"value\":1,\"partition\":9}]}", JSON).status()).isEqualTo(
                404);
        Answer mixed = post("/topics/" + topic,
                "{\"records\":[{\"value\":1,\"partition\":9},{\"value\":1,\"partition\":1}]}", JSON);
        assertThat(mixed.status()).isEqualTo(200);
        assertThat(mixed.json().get("offsets").get(0).get("error_code").asInt()).isEqualTo(404);
        assertThat(mixed.json().get("offsets").get(1).get("offset").asLong()).isZero();
    }

    @Test
    void a_record_over_the_topics_limit_is_refused_alone() {
        String topic = "produce-limited";
        gateway.send("POST", "/admin/topics", "{\"topic_name\":\"" + topic
                + "\",\"configs\":{\"max.message.bytes\":500}}");

        Answer answer = post("/topics/" + topic,
                "{\"records\":[{\"value\":1},{\"value\":\"" + "x".repeat(600) + "\"},{\"value\":3}]}", JSON);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().get("offsets").get(0).get("offset").asLong()).isZero();
        assertThat(answer.json().get("offsets").get(1).get("error_code").asInt()).isEqualTo(413);
        assertThat(answer.json().get("offsets").get(1).get("message").asString()).contains("max.message.bytes");
        assertThat(answer.json().get("offsets").get(2).get("offset").asLong()).isEqualTo(1);
        assertThat(gateway.broker.partition(topic, 0).values()).containsExactly("1", "3");
    }

    @Test
    void a_body_over_the_limit_is_413_announced_or_not() {
        String topic = topic(1);
        byte[] body = ("{\"records\":[{\"value\":\"" + "x".repeat(150 * 1024) + "\"}]}").getBytes(
                StandardCharsets.UTF_8);

        Answer announced = gateway.sendFrom("POST", "/topics/" + topic, HttpRequest.BodyPublishers.ofByteArray(body));
        Answer chunked = gateway.sendFrom("POST", "/topics/" + topic,
                HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)));

        assertThat(announced.status()).isEqualTo(413);
        assertThat(announced.json().get("error_code").asInt()).isEqualTo(413);
        assertThat(chunked.status()).isEqualTo(413);
        assertThat(gateway.broker.partition(topic, 0).values()).isEmpty();
    }

    @Test
    void a_full_queue_is_503_with_retry_after_and_clears() {
        String topic = topic(1);
        gateway.broker.onProduce((_, _) -> Verdict.HOLD);
        String body = "{\"records\":[{\"value\":\"" + "x".repeat(90 * 1024) + "\"}]}";
        post("/topics/" + topic + "?async=true", body, JSON);
        post("/topics/" + topic + "?async=true", body, JSON);

        Answer full = post("/topics/" + topic, body, JSON);

        assertThat(full.status()).isEqualTo(503);
        assertThat(full.header("Retry-After")).isEqualTo("1");
        assertThat(full.json().get("code").asString()).isEqualTo("QUEUE_FULL");
        gateway.broker.onProduce((_, _) -> Verdict.STORE);
        gateway.broker.release();
        await().until(() -> post("/topics/" + topic, "{\"records\":[{\"value\":1}]}", JSON).status() == 200);
    }

    @Test
    void a_leader_that_is_away_is_503_within_the_requests_time_and_used_again_when_back() {
        String topic = topic(1);
        gateway.brokerFenced(true);

        Answer away = post("/topics/" + topic, "{\"records\":[{\"value\":1},{\"value\":2}]}", JSON);

        assertThat(away.status()).isEqualTo(503);
        assertThat(away.json().get("code").asString()).isEqualTo("LEADER_UNAVAILABLE");
        assertThat(away.header("Retry-After")).isEqualTo("1");
        gateway.brokerFenced(false);
        assertThat(post("/topics/" + topic, "{\"records\":[{\"value\":1}]}", JSON).status()).isEqualTo(200);
    }

    @Test
    void a_leader_that_does_not_answer_is_503_and_the_outcome_said_to_be_unknown() {
        String topic = topic(1);
        gateway.broker.silent(true);

        Answer answer = post("/topics/" + topic, "{\"records\":[{\"value\":1}]}", JSON);

        gateway.broker.silent(false);
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.json().get("message").asString()).contains("may or may not be stored");
    }

    @Test
    void no_mutation_of_a_body_makes_the_gateway_fail() {
        var random = new Random(20);
        String topic = topic(2);
        String[] seeds = {ProduceOperations.KEYED, ProduceOperations.UNKEYED, ProduceOperations.TEXT,
                ProduceOperations.BINARY};
        String[] types = {JSON, TEXT, BINARY};
        for (int i = 0; i < 1500; i++) {
            byte[] body = seeds[random.nextInt(seeds.length)].getBytes(StandardCharsets.UTF_8);
            for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
                int at = random.nextInt(body.length);
                switch (random.nextInt(4)) {
                    case 0 -> body[at] = (byte) random.nextInt(256);
                    case 1 -> body[at] = (byte) "{}[]\",:\\u0e-.".charAt(random.nextInt(13));
                    case 2 -> body = Arrays.copyOf(body, Math.max(1, at));
                    default -> body = remove(body, at);
                }
            }
            Answer answer = gateway.sendFrom("POST", "/topics/" + topic, HttpRequest.BodyPublishers.ofByteArray(body),
                    "Content-Type",
                    types[random.nextInt(3)]);
            assertThat(answer.status()).as(new String(body, StandardCharsets.ISO_8859_1)).isIn(200, 400, 404, 422);
            assertThat(answer.json().isObject()).isTrue();
        }
    }

    private static byte[] remove(byte[] body, int at) {
        if (body.length == 1) {
            return body;
        }
        byte[] shorter = new byte[body.length - 1];
        System.arraycopy(body, 0, shorter, 0, at);
        System.arraycopy(body, at + 1, shorter, at, body.length - at - 1);
        return shorter;
    }
}
