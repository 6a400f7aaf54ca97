package io.millrace.workbench.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A program that knows Confluent's REST Proxy v3 and nothing else, but for what reads. */
@WithSteadySuite
class V3DialectIT {
    private static final String JSON = "application/json";
    private static final int STREAMED = 20_000;

    private final Gateway gateway;

    V3DialectIT(Gateway gateway) {
        this.gateway = gateway;
    }

    @Test
    void a_topic_lives_from_its_creation_over_other_settings_and_a_stream_to_the_groups_lag() throws Exception {
        JsonNode cluster = gateway.get("/v3/clusters").expect(200).body().get("data").get(0);
        String topics = follow(cluster.get("topics"));
        String topic = topics + "/v3-journey";

        gateway.post(topics, JSON, "{\"topic_name\":\"v3-journey\",\"partitions_count\":1,"
                + "\"configs\":[{\"name\":\"retention.ms\",\"value\":\"86400000\"}]}").expect(201);
        assertThat(patch(topic, "{\"partitions_count\":2}").get("partitions_count").asInt()).isEqualTo(2);
        JsonNode partitions = gateway.get(topic + "/partitions").expect(200).body().get("data");
        assertThat(partitions).hasSize(2);
        assertThat(gateway.get(follow(partitions.get(1).get("leader"))).expect(200).body().get("is_leader").asBoolean())
                .isTrue();

        gateway.post(topic + "/configs:alter", JSON,
                "{\"data\":[{\"name\":\"message.timestamp.type\",\"value\":\"LogAppendTime\"},"
                        + "{\"name\":\"retention.ms\",\"operation\":\"DELETE\"}]}").expect(204);
        assertThat(gateway.get(topic + "/configs/retention.ms").expect(200).body().get("is_default").asBoolean())
                .isTrue();
        assertThat(gateway.put(topic + "/configs/min.insync.replicas", "{\"value\":\"99\"}").expect(400).body().get(
                "error_code").asInt()).isEqualTo(40002);

        List<JsonNode> reports = stream(topic + "/records");
        assertThat(reports).hasSize(STREAMED + 1);
        assertThat(reports.getFirst().get("error_code").asInt()).isEqualTo(400);
        for (int i = 0; i < STREAMED; i++) {
            assertThat(reports.get(i + 1).path("offset").asInt(-1)).as("%s", reports.get(i + 1)).isEqualTo(i);
        }

        String instance = gateway.join("v3-readers", "r1", "v3-journey", Duration.ofSeconds(30));
        var delivered = gateway.poll(instance, 10_000, 10_000);
        assertThat(delivered).isNotEmpty();
        gateway.post(instance + "/offsets", Gateway.METADATA, "").expect(204);
        String group = follow(cluster.get("consumer_groups")) + "/v3-readers";
        JsonNode lag = gateway.get(group + "/lags/v3-journey/partitions/1").expect(200).body();
        assertThat(lag.get("lag").asInt()).isEqualTo(STREAMED - delivered.size());
        assertThat(lag.get("consumer_id").asString()).isEqualTo("r1");
        assertThat(gateway.get(group + "/consumers/r1/assignments").expect(200).body().get("data")).hasSize(2);
        gateway.delete(instance).expect(204);

        JsonNode first = gateway.get("/topics/v3-journey/partitions/1/records?offset=0&max_bytes=100").expect(200)
                .body().get(0);
        assertThat(Instant.ofEpochMilli(first.get("timestamp").asLong())).as(
                "the broker's time, by the altered setting")
                .isAfter(Instant.parse("2026-01-01T00:00:00Z"));
        gateway.delete(topic).expect(204);
        assertThat(gateway.get(topic).expect(404).body().get("error_code").asInt()).isEqualTo(40403);
    }

    /** One object that is no record, then those that are, with a time of the year 2020. */
    private List<JsonNode> stream(String path) throws Exception {
        byte[] body = IntStream.range(0, STREAMED).mapToObj(
                i -> "{\"partition_id\":1,\"timestamp\":\"2020-01-01T00:00:00Z\","
                        + "\"value\":{\"type\":\"JSON\",\"data\":{\"n\":" + i + "}}}").collect(Collectors.joining("\n",
                                "{\"n\":1}",
                                "")).getBytes(UTF_8);
        HttpResponse<String> response = Gateway.http().send(HttpRequest.newBuilder(gateway.uri(path))
                .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body))).timeout(Duration
                        .ofSeconds(60)).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        try (var reports = JsonMapper.shared().readerFor(JsonNode.class).<JsonNode>readValues(response.body())) {
            return reports.readAll();
        }
    }

    private JsonNode patch(String path, String body) throws Exception {
        HttpResponse<String> response = Gateway.http().send(HttpRequest.newBuilder(gateway.uri(path)).method("PATCH",
                HttpRequest.BodyPublishers.ofString(body)).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JsonMapper.shared().readTree(response.body());
    }

    /** The link's path: it names the address by which this program reaches the gateway. */
    private String follow(JsonNode link) {
        String url = link.get("related").asString();
        assertThat(url).startsWith(gateway.uri("/v3/clusters/").toString());
        return gateway.uri("").relativize(URI.create(url)).toString().replaceFirst("^/?", "/");
    }
}
