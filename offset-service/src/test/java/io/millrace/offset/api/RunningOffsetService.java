package io.millrace.offset.api;

import io.millrace.offset.OffsetService;
import io.millrace.testing.TestPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The whole service on a free port, and a client of it. */
final class RunningOffsetService implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final HttpClient http = HttpClient.newHttpClient();
    private final ConfigurableApplicationContext service;
    private final int port;

    RunningOffsetService(TestPostgres postgres) {
        var arguments = new ArrayList<String>(List.of(
                "--server.port=0",
                "--millrace.offset.http.max-body-size=64KB",
                "--millrace.offset.commit.max-offsets=500",
                "--millrace.offset.commit.timeout=20s",
                "--millrace.offset.database.image-timeout=15s",
                "--millrace.offset.database.wait-timeout=15s",
                "--spring.datasource.hikari.connection-timeout=1000"));
        postgres.springProperties().forEach((key, value) -> arguments.add("--" + key + "=" + value));
        service = new SpringApplicationBuilder(OffsetService.class).run(arguments.toArray(String[]::new));
        port = ((ServletWebServerApplicationContext) service).getWebServer().getPort();
    }

    record Answer(int status, JsonNode body, HttpResponse<String> response) {
        String code() {
            return body.path("code").asString();
        }

        String message() {
            return body.path("message").asString();
        }
    }

    String prometheus() {
        var request = HttpRequest.newBuilder(uri("/actuator/prometheus")).build();
        try {
            return http.send(request, BodyHandlers.ofString()).body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        service.close();
        http.close();
    }

    Answer commit(String group, @Nullable String member, long epoch, String topic, int partition, long offset) {
        String fence = member == null ? "null" : "{\"memberId\": \"" + member + "\", \"epoch\": " + epoch + "}";
        return post("/internal/offsets/" + group + "/commit", "{\"member\": " + fence + ", \"offsets\": [{\"topic\": \""
                + topic
                + "\", \"partition\": " + partition + ", \"offset\": " + offset + "}]}");
    }

    Answer get(String path) {
        return send("GET", path, BodyPublishers.noBody());
    }

    Answer post(String path, String body) {
        return send("POST", path, BodyPublishers.ofString(body));
    }

    Answer send(String method, String path, BodyPublisher body) {
        var request = HttpRequest.newBuilder(uri(path))
                .method(method, body)
                .header("Content-Type", "application/json")
                .timeout(Duration.ofSeconds(30))
                .build();
        try {
            var response = http.send(request, BodyHandlers.ofString());
            return new Answer(response.statusCode(),
                    response.body().isEmpty() ? JSON.createObjectNode() : JSON.readTree(response.body()), response);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }
}
