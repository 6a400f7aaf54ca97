package io.millrace.workbench.cli;

import io.millrace.workbench.suite.LaunchRefusedException;
import io.millrace.workbench.suite.RunState;
import io.millrace.workbench.suite.SuiteDirectories;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Objects;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Requests to a gateway of the suite that runs on a directory. What it refuses is refused in its words. */
final class AdminCalls implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    /** Longer than the gateway's own longest wait: it is to answer before its client gives up. */
    private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(45);
    private static final int LAST_GOOD = 299;

    private final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final String gatewayUrl;

    private AdminCalls(String gatewayUrl) {
        this.gatewayUrl = gatewayUrl;
    }

    static AdminCalls to(SuiteDirectories directories) {
        String gateway = running(directories).processes().stream()
                .filter(process -> process.name().startsWith("gateway") && process.process().isAlive())
                .map(RunState.Entry::http).filter(Objects::nonNull).findFirst()
                .orElseThrow(() -> new LaunchRefusedException("no gateway is running: see \"./millrace status\""));
        return new AdminCalls(gateway);
    }

    /** The state of the suite; refused when there is none, or it is not ready. */
    static RunState running(SuiteDirectories directories) {
        return RunState.read(directories)
                .filter(state -> state.supervisor().isAlive() && state.phase() == RunState.Phase.READY)
                .orElseThrow(() -> new LaunchRefusedException("no suite is ready on " + directories.data()
                        + ": see \"./millrace status\""));
    }

    JsonNode get(String path) throws IOException, InterruptedException {
        return send(request(path).GET());
    }

    JsonNode post(String path, JsonNode body) throws IOException, InterruptedException {
        return send(request(path).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString())));
    }

    void delete(String path) throws IOException, InterruptedException {
        send(request(path).DELETE());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(gatewayUrl + path)).timeout(REQUEST_TIMEOUT);
    }

    private JsonNode send(HttpRequest.Builder request) throws IOException, InterruptedException {
        HttpResponse<String> response = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        JsonNode body;
        try {
            body = JSON.readTree(response.body().isBlank() ? "{}" : response.body());
        } catch (JacksonException e) {
            throw new IOException("status " + response.statusCode() + " of " + gatewayUrl + ", and no JSON", e);
        }
        if (response.statusCode() > LAST_GOOD) {
            throw new LaunchRefusedException(body.path("message").asString("status " + response.statusCode()));
        }
        return body;
    }

    @Override
    public void close() {
        http.close();
    }
}
