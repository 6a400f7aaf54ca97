package io.millrace.workbench.torture.load;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Requests to gateways: to one of them until it fails, then to the next. */
final class HttpCalls {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
    private static final int LOWEST_SERVER_ERROR = 500;
    private static final String METADATA = "application/vnd.kafka.v2+json";
    private static final String PLAIN = "application/json";
    private static final String RECORDS = "application/vnd.kafka.json.v2+json";

    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT).build();
    private final List<String> gateways;
    private final Duration timeout;
    private int current;

    /**
     * An answer.
     *
     * @param status 0 when none came
     * @param error  what went wrong, where no status says so
     */
    record Answer(int status, JsonNode body, String error) {
        boolean isOk() {
            return status / 100 == 2;
        }

        @Override
        public String toString() {
            return status == 0 ? error : status + " " + body.path("code").asString("");
        }
    }

    HttpCalls(List<String> gateways, int first, Duration timeout) {
        this.gateways = gateways;
        this.current = first % gateways.size();
        this.timeout = timeout;
    }

    Answer get(String path) throws InterruptedException {
        return send(request(path).header("Accept", RECORDS + ", application/json").GET());
    }

    Answer delete(String path) throws InterruptedException {
        return send(request(path).DELETE());
    }

    Answer post(String path, String body) throws InterruptedException {
        return send(request(path).header("Content-Type", METADATA)
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    Answer postJson(String path, String body) throws InterruptedException {
        return send(request(path).header("Content-Type", PLAIN).POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    Answer produce(String topic, String body) throws InterruptedException {
        return send(request("/topics/" + topic).header("Content-Type", RECORDS)
                .POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(gateways.get(current) + path)).timeout(timeout);
    }

    private Answer send(HttpRequest.Builder request) throws InterruptedException {
        try {
            HttpResponse<String> response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() >= LOWEST_SERVER_ERROR) {
                next();
            }
            String body = response.body();
            return new Answer(response.statusCode(), body.isBlank() ? JSON.createObjectNode() : JSON.readTree(body),
                    "");
        } catch (IOException e) {
            next();
            return new Answer(0, JSON.createObjectNode(), e.getClass().getSimpleName());
        }
    }

    private void next() {
        current = (current + 1) % gateways.size();
    }
}
