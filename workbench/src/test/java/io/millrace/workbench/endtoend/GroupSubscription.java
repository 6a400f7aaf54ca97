package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.endtoend.Gateway.Delivered;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import tools.jackson.databind.json.JsonMapper;

/** A connection that is a member of a group, read event by event. */
final class GroupSubscription implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final List<String> events = new CopyOnWriteArrayList<>();
    private final InputStream body;
    private final Consumer<Delivered> records;
    private volatile String baseUri = "";

    private GroupSubscription(InputStream body, Consumer<Delivered> records) {
        this.body = body;
        this.records = records;
    }

    static GroupSubscription connect(URI uri, Consumer<Delivered> records) throws IOException, InterruptedException {
        HttpResponse<InputStream> answer = Gateway.http().send(HttpRequest.newBuilder(uri).build(),
                HttpResponse.BodyHandlers.ofInputStream());
        if (answer.statusCode() == 503) {
            answer.body().close();
            throw new IOException("answered 503");
        }
        assertThat(answer.statusCode()).isEqualTo(200);
        return new GroupSubscription(answer.body(), records);
    }

    /** Reads on a thread of its own until it is closed. */
    GroupSubscription inBackground() {
        Thread.ofVirtual().start(() -> {
            try {
                read();
            } catch (IOException e) {
                // closed
            }
        });
        return this;
    }

    /** Reads until the connection ends. */
    void read() throws IOException {
        var lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
        String event = "";
        String data = "";
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            if (line.startsWith("event: ")) {
                event = line.substring("event: ".length());
            } else if (line.startsWith("data: ")) {
                data = line.substring("data: ".length());
            } else if (line.isEmpty() && !event.isEmpty()) {
                take(event, data);
                event = "";
            }
        }
    }

    private void take(String event, String data) {
        if (event.equals("record")) {
            Gateway.delivered(JSON.readTree("[" + data + "]")).forEach(records);
        } else if (event.equals("joined")) {
            baseUri = JSON.readTree(data).get("base_uri").asString();
            events.add(event);
        } else {
            events.add(event);
        }
    }

    /** The types of the events so far, but for those of records: they are many. */
    List<String> events() {
        return events;
    }

    String instancePath() {
        return URI.create(baseUri).getPath();
    }

    @Override
    public void close() throws IOException {
        body.close();
    }
}
