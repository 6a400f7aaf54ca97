package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of the gateway's HTTP API, as plain as a test reads it. */
final class Gateway {
    static final String METADATA = "application/vnd.kafka.v2+json";
    static final String TEXT_RECORDS = "application/vnd.kafka.text.v2+json";
    static final String JSON_RECORDS = "application/vnd.kafka.json.v2+json";
    private static final JsonMapper JSON = JsonMapper.builder().build();
    /** Longer than the gateway's own longest wait (a delivery's 30 s): it is to answer before its client gives up. */
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(45);
    private static final HttpClient HTTP = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(
            Duration.ofSeconds(5)).build();

    private final String url;

    Gateway(String url) {
        this.url = url;
    }

    /** An answer, whatever its status. */
    record Answer(int status, JsonNode body, @Nullable String retryAfter) {
        Answer expect(int expected) {
            assertThat(status).as("status of %s", body).isEqualTo(expected);
            return this;
        }
    }

    /** Where a record went. */
    record Place(int partition, long offset) {}

    /** A record as a consumer sees it. */
    record Delivered(int partition, long offset, @Nullable String key, JsonNode value) {}

    Answer get(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(url + path)).GET());
    }

    Answer post(String path, String contentType, String body) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(url + path)).header("Content-Type", contentType)
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    /** As {@link #post}, to be stored once however often it is sent. */
    Answer postKeyed(String path, String idempotencyKey, String body) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(url + path)).header("Content-Type", JSON_RECORDS)
                .header("Idempotency-Key", idempotencyKey).POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    Answer put(String path, String body) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(url + path)).header("Content-Type", "application/json")
                .PUT(HttpRequest.BodyPublishers.ofString(body)));
    }

    Answer delete(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(url + path)).DELETE());
    }

    void createTopic(String name, int partitions) throws IOException, InterruptedException {
        post("/admin/topics", METADATA,
                "{\"topic_name\":\"" + name + "\",\"partitions_count\":" + partitions + "}").expect(201);
    }

    /** A topic of which a record is acknowledged once two brokers of three have it, and all that are in sync. */
    void createReplicatedTopic(String name, int partitions) throws IOException, InterruptedException {
        post("/admin/topics", METADATA, "{\"topic_name\":\"" + name + "\",\"partitions_count\":" + partitions
                + ",\"replication_factor\":3,\"configs\":{\"min.insync.replicas\":\"2\"}}").expect(201);
    }

    /** Produces records that are already JSON objects with key and value, and checks that each was taken. */
    List<Place> produce(String topic, List<String> records) throws IOException, InterruptedException {
        return places(post("/topics/" + topic, JSON_RECORDS, body(records)).expect(200));
    }

    static String body(List<String> records) {
        return "{\"records\":[" + String.join(",", records) + "]}";
    }

    static List<Place> places(Answer answer) {
        List<Place> places = new ArrayList<>();
        for (JsonNode offset : answer.body().get("offsets")) {
            assertThat(offset.has("error_code")).as("%s", offset).isFalse();
            places.add(new Place(offset.get("partition").asInt(), offset.get("offset").asLong()));
        }
        return places;
    }

    /** Creates an instance that starts at the beginning and subscribes it; answers its path. */
    String join(String group, String instance, String topic, Duration sessionTimeout)
            throws IOException, InterruptedException {
        post("/consumers/" + group, METADATA,
                "{\"name\":\"" + instance
                        + "\",\"format\":\"json\",\"auto.offset.reset\":\"earliest\",\"session.timeout.ms\":"
                        + sessionTimeout.toMillis() + "}")
                .expect(200);
        String path = "/consumers/" + group + "/instances/" + instance;
        post(path + "/subscription", METADATA, "{\"topics\":[\"" + topic + "\"]}").expect(204);
        return path;
    }

    List<Delivered> poll(String instancePath, int timeoutMs, int maxBytes) throws IOException, InterruptedException {
        URI records = URI.create(url + instancePath + "/records?timeout=" + timeoutMs + "&max_bytes=" + maxBytes);
        Answer answer = send(HttpRequest.newBuilder(records).header("Accept", JSON_RECORDS).GET());
        return delivered(answer.expect(200).body());
    }

    static List<Delivered> delivered(JsonNode records) {
        List<Delivered> delivered = new ArrayList<>();
        for (JsonNode record : records) {
            JsonNode key = record.get("key");
            delivered.add(new Delivered(record.get("partition").asInt(), record.get("offset").asLong(),
                    key == null || key.isNull() ? null : key.asString(), record.get("value")));
        }
        return delivered;
    }

    /** How many records the group has not committed, of every partition. */
    long lag(String group) throws IOException, InterruptedException {
        long lag = 0;
        for (JsonNode partition : get("/groups/" + group + "/lag").expect(200).body().get("partitions")) {
            JsonNode committed = partition.get("committed_offset");
            lag += partition.get("end_offset").asLong()
                    - (committed == null || committed.isNull() ? 0 : committed.asLong());
        }
        return lag;
    }

    URI uri(String path) {
        return URI.create(url + path);
    }

    static HttpClient http() {
        return HTTP;
    }

    private static Answer send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> response = HTTP.send(request.timeout(REQUEST_TIMEOUT).build(), HttpResponse.BodyHandlers
                .ofString());
        String body = response.body();
        boolean json = response.headers().firstValue("content-type").orElse("").contains("json");
        return new Answer(response.statusCode(), json ? JSON.readTree(body) : JSON.getNodeFactory().stringNode(body),
                response.headers().firstValue("retry-after").orElse(null));
    }
}
