package io.millrace.gateway.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReadEndpointTest {
    private static final String JSON = "application/vnd.kafka.json.v2+json";
    private static final String TEXT = "application/vnd.kafka.text.v2+json";
    private static final String BINARY = "application/vnd.kafka.binary.v2+json";
    private static GatewayUnderTest gateway;
    private static int topics;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.startOverWire("millrace.brokers.request-timeout=700ms",
                "millrace.brokers.unknown-topic-grace=5ms");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    private static String topicWith(String... values) {
        String topic = "read-" + topics++;
        gateway.createTopic(topic, 1);
        for (String value : values) {
            append(topic, Compression.NONE, new SimpleRecord(1000 + topics, null, value.getBytes(
                    StandardCharsets.UTF_8)));
        }
        return topic;
    }

    private static void append(String topic, Compression compression, SimpleRecord... records) {
        gateway.broker.partition(topic, 0).append(MemoryRecords.withRecords(compression, records));
    }

    private static String path(String topic) {
        return "/topics/" + topic + "/partitions/0/records";
    }

    @Test
    void records_come_in_order_with_all_their_parts() {
        String topic = topicWith("{\"a\" :1}", "[2]");
        append(topic, Compression.gzip().build(), new SimpleRecord(5, "\"k\"".getBytes(StandardCharsets.UTF_8), null),
                new SimpleRecord(6, "null".getBytes(StandardCharsets.UTF_8), "4".getBytes(StandardCharsets.UTF_8)));

        Answer answer = gateway.get(path(topic));

        assertThat(answer.body()).isEqualTo("[" + record(topic, 0, 1000 + topics, "null", "{\"a\" :1}") + ","
                + record(topic, 1, 1000 + topics, "null", "[2]") + "," + record(topic, 2, 5, "\"k\"", "null") + ","
                + record(topic, 3, 6, "null", "4") + "]");
        assertThat(answer.header("Millrace-Next-Offset")).isEqualTo("4");
        assertThat(answer.header("Millrace-End-Offset")).isEqualTo("4");
        assertThat(answer.header("Content-Type")).isEqualTo("application/json");
    }

    private static String record(String topic, long offset, long timestamp, String key, String value) {
        return "{\"topic\":\"" + topic + "\",\"partition\":0,\"offset\":" + offset + ",\"timestamp\":" + timestamp
                + ",\"key\":" + key
                + ",\"value\":" + value + "}";
    }

    @Test
    void each_format_shows_the_bytes_in_its_way() {
        String topic = topicWith("say \"hi\"");

        assertThat(gateway.get(path(topic), "Accept", TEXT).json().get(0).get("value").asString()).isEqualTo(
                "say \"hi\"");
        assertThat(gateway.get(path(topic), "Accept", BINARY).json().get(0).get("value").asString()).isEqualTo(
                "c2F5ICJoaSI=");
        assertThat(gateway.get(path(topic), "Accept", TEXT).header("Content-Type")).isEqualTo(TEXT);
        assertThat(gateway.get(path(topic)).json().get(0).get("value").asString()).isEqualTo("say \"hi\"");
        Answer strict = gateway.get(path(topic), "Accept", JSON);
        assertThat(strict.status()).isEqualTo(406);
        assertThat(strict.json().get("message").asString()).contains("value at offset 0", BINARY);
    }

    @ParameterizedTest
    @CsvSource({"offset=0,0", "offset=1,1", "offset=2,2", "offset=earliest,0", "timestamp=0,0"})
    void reading_begins_where_it_is_asked_to(String query, int first) {
        String topic = topicWith("0", "1", "2");

        Answer answer = gateway.get(path(topic) + "?" + query);

        assertThat(answer.json().get(0).get("offset").asInt()).isEqualTo(first);
        assertThat(answer.json()).hasSize(3 - first);
    }

    @Test
    void at_the_end_it_waits_and_answers_nothing_or_what_comes() throws Exception {
        String topic = topicWith("0");

        assertThat(gateway.get(path(topic) + "?offset=latest&timeout=50").body()).isEqualTo("[]");
        assertThat(gateway.get(path(topic) + "?timestamp=99999999999999&timeout=0").header("Millrace-Next-Offset"))
                .isEqualTo("1");
        var waiting = CompletableFuture.supplyAsync(() -> gateway.get(path(topic) + "?offset=latest&timeout=20000"));
        // Whether the read is waiting already or comes just after: it began at the end, so it sees the first or a later one of these.
        await().pollInterval(Duration.ofMillis(20)).until(() -> {
            append(topic, Compression.NONE, new SimpleRecord("1".getBytes(StandardCharsets.UTF_8)));
            return waiting.isDone();
        });
        assertThat(waiting.get().json().get(0).get("value").asInt()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"offset=earliest", "timestamp=0", "offset=0"})
    void a_leader_that_refuses_what_is_in_the_log_is_asked_again(String query) {
        String topic = topicWith("0", "1", "2");
        gateway.broker.partition(topic, 0).refuseNextFetch();

        assertThat(gateway.get(path(topic) + "?" + query).json()).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource({"offset=4", "offset=999999"})
    void an_offset_outside_the_log_is_416(String query) {
        String topic = topicWith("0", "1", "2");

        Answer answer = gateway.get(path(topic) + "?" + query);

        assertThat(answer.status()).isEqualTo(416);
        assertThat(answer.json().get("message").asString()).contains("from 0 to 3");
    }

    @Test
    void an_offset_that_retention_removed_is_416_and_earliest_moves_on() {
        String topic = topicWith("0", "1", "2");
        gateway.broker.partition(topic, 0).startAt(2);

        assertThat(gateway.get(path(topic) + "?offset=1").status()).isEqualTo(416);
        assertThat(gateway.get(path(topic)).json().get(0).get("offset").asInt()).isEqualTo(2);
    }

    @Test
    void max_bytes_bounds_an_answer_but_never_to_nothing() {
        String topic = topicWith();
        append(topic, Compression.NONE, new SimpleRecord(("\"" + "x".repeat(500) + "\"").getBytes(
                StandardCharsets.UTF_8)),
                new SimpleRecord("1".getBytes(StandardCharsets.UTF_8)), new SimpleRecord("2".getBytes(
                        StandardCharsets.UTF_8)));

        Answer one = gateway.get(path(topic) + "?max_bytes=1");
        Answer rest = gateway.get(path(topic) + "?max_bytes=12&offset=" + one.header("Millrace-Next-Offset"));

        assertThat(one.json()).hasSize(1);
        assertThat(one.json().get(0).get("value").asString()).hasSize(500);
        assertThat(rest.json()).hasSize(1);
        assertThat(rest.json().get(0).get("offset").asInt()).isEqualTo(1);
        assertThat(rest.header("Millrace-Next-Offset")).isEqualTo("2");
    }

    @Test
    void records_before_a_batch_that_cannot_be_read_are_given_out_and_the_batch_is_503() {
        String topic = topicWith("1");
        // Both together are more than a batch may decompress to.
        var zeros = new SimpleRecord(new byte[70 << 20]);
        append(topic, Compression.zstd().build(), zeros, zeros);

        Answer before = gateway.get(path(topic));
        Answer batch = gateway.get(path(topic) + "?offset=1");

        assertThat(before.json()).hasSize(1);
        assertThat(before.header("Millrace-Next-Offset")).isEqualTo("1");
        assertThat(batch.status()).as(batch.body()).isEqualTo(503);
        assertThat(batch.json().get("message").asString()).contains("offset 1");
    }

    @ParameterizedTest
    @CsvSource({"offset=-1,400", "offset=soon,400", "offset=1&timestamp=1,400", "timeout=-1,400", "max_bytes=-1,400",
            "timestamp=-5,400",
            "timestamp=x,400"})
    void a_query_that_makes_no_sense_is_400_naming_the_parameter(String query, int status) {
        Answer answer = gateway.get(path(topicWith("0")) + "?" + query);

        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.json().get("message").asString()).containsAnyOf("offset", "timeout", "max_bytes",
                "timestamp");
    }

    @Test
    void unknown_topics_and_partitions_are_404() {
        assertThat(gateway.get("/topics/nowhere/partitions/0/records").status()).isEqualTo(404);
        assertThat(gateway.get("/topics/" + topicWith() + "/partitions/1/records").status()).isEqualTo(404);
    }

    @Test
    void a_leader_that_is_away_is_503_and_used_again_when_back() {
        String topic = topicWith("0");
        gateway.brokerFenced(true);

        Answer away = gateway.get(path(topic));

        gateway.brokerFenced(false);
        assertThat(away.status()).isEqualTo(503);
        assertThat(away.header("Retry-After")).isEqualTo("1");
        assertThat(gateway.get(path(topic)).status()).isEqualTo(200);
    }

    @Test
    void what_was_produced_comes_out_as_it_went_in() {
        String topic = topicWith();
        String value = "{\"text\":\"é\\u00e9 😀\",\"n\":[1.0,-0e5,12345678901234567890],\"o\":{\"b\":true,\"a\":null}}";
        gateway.send("POST", "/topics/" + topic, "{\"records\":[{\"key\":[1],\"value\":" + value + "}]}");

        assertThat(gateway.get(path(topic), "Accept", JSON).body()).contains("\"key\":[1],\"value\":" + value + "}");
    }
}
