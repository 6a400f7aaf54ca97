package io.millrace.workbench.failover;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Requests to one gateway. */
final class HttpCalls {
    private static final String RECORDS = "application/vnd.kafka.json.v2+json";
    private static final JsonMapper JSON = JsonMapper.builder().build();
    /** Longer than the gateway's own longest wait: it is to answer before its client gives up. */
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(45);

    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5)).build();
    private final String gatewayUrl;

    HttpCalls(String gatewayUrl) {
        this.gatewayUrl = gatewayUrl;
    }

    JsonNode produce(String topic, int partition, String value) throws IOException, InterruptedException {
        String body = "{\"records\":[{\"partition\":" + partition + ",\"value\":\"" + value + "\"}]}";
        return send(HttpRequest.newBuilder(URI.create(gatewayUrl + "/topics/" + topic))
                .header("Content-Type", RECORDS).POST(HttpRequest.BodyPublishers.ofString(body)))
                .path("offsets").path(0);
    }

    /** Records from an offset on; waits a while for the first. */
    JsonNode fetch(String topic, int partition, long offset, Duration wait) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(gatewayUrl + "/topics/" + topic + "/partitions/" + partition
                + "/records?offset=" + offset + "&timeout=" + wait.toMillis())).header("Accept", RECORDS).GET());
    }

    private JsonNode send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = http.send(request.timeout(REQUEST_TIMEOUT).build(),
                HttpResponse.BodyHandlers.ofByteArray());
        JsonNode body;
        try {
            body = JSON.readTree(response.body());
        } catch (JacksonException e) {
            throw new IOException("status " + response.statusCode() + " and no JSON", e);
        }
        if (response.statusCode() != 200) {
            throw new IOException(response.statusCode() + " " + body.path("code").asString(""));
        }
        return body;
    }
}
