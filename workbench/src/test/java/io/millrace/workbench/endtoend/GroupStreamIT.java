package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.endtoend.Gateway.Delivered;
import io.millrace.workbench.suite.Suite;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** A connection as a member of a group, beside one that polls. */
@WithSuite
class GroupStreamIT {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int PARTITIONS = 4;
    private static final int SHARED = 400;
    private static final int ALONE = 100;

    private final Suite suite;
    private final Gateway gateway;

    GroupStreamIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @Test
    void a_stream_and_a_poller_share_a_group_and_the_poller_goes_on_where_the_stream_left() throws Exception {
        gateway.createTopic("shared-work", PARTITIONS);
        List<Delivered> polled = new CopyOnWriteArrayList<>();
        List<Delivered> streamed;
        String poller;
        try (var stream = new Streamed(suite.gatewayUrl()
                + "/consumers/workers/events?topics=shared-work&from=earliest")) {
            streamed = stream.records;
            await().atMost(TIMEOUT).until(() -> stream.events.contains("assigned"));
            poller = gateway.join("workers", "poller", "shared-work", Duration.ofSeconds(30));
            await().atMost(TIMEOUT).until(() -> polled.addAll(gateway.poll(poller, 200, 100_000)) || stream.events
                    .contains("revoked"));
            assertThat(stream.events.getFirst()).isEqualTo("joined");

            produce(0, SHARED);

            await().atMost(TIMEOUT).until(() -> {
                polled.addAll(gateway.poll(poller, 200, 100_000));
                return polled.size() + streamed.size() >= SHARED;
            });
            assertThat(streamed).isNotEmpty();
            assertThat(polled).isNotEmpty();
        }
        produce(SHARED, ALONE);

        await().atMost(TIMEOUT).until(() -> {
            polled.addAll(gateway.poll(poller, 200, 100_000));
            return polled.size() + streamed.size() >= SHARED + ALONE;
        });
        assertThat(Stream.concat(polled.stream(), streamed.stream()).map(each -> each.value().get("n").asInt()))
                .containsExactlyInAnyOrderElementsOf(IntStream.range(0, SHARED + ALONE).boxed().toList());
        gateway.delete(poller).expect(204);
    }

    @Test
    void what_a_manual_stream_has_not_committed_comes_again() throws Exception {
        gateway.createTopic("careful-work", 1);
        gateway.produce("careful-work", List.of("{\"value\":{\"n\":0}}", "{\"value\":{\"n\":1}}",
                "{\"value\":{\"n\":2}}"));
        String url = suite.gatewayUrl() + "/consumers/careful/events?topics=careful-work&from=earliest&commit=manual";
        try (var stream = new Streamed(url)) {
            await().atMost(TIMEOUT).until(() -> stream.records.size() == 3);

            gateway.post(stream.instancePath() + "/offsets", Gateway.METADATA,
                    "{\"offsets\":[{\"topic\":\"careful-work\",\"partition\":0,\"offset\":1}]}").expect(204);
        }

        try (var stream = new Streamed(url)) {
            await().atMost(TIMEOUT).until(() -> stream.records.size() == 2);
            assertThat(stream.records).extracting(Delivered::offset).containsExactly(1L, 2L);
        }
    }

    private void produce(int from, int count) throws IOException, InterruptedException {
        gateway.produce("shared-work", IntStream.range(from, from + count).mapToObj(n -> "{\"partition\":" + n
                % PARTITIONS + ",\"value\":{\"n\":" + n + "}}").toList());
    }

    /** A stream as it is read, event by event. */
    private static final class Streamed implements AutoCloseable {
        private final List<String> events = new CopyOnWriteArrayList<>();
        private final List<Delivered> records = new CopyOnWriteArrayList<>();
        private final InputStream body;
        private volatile String baseUri = "";

        private Streamed(String url) throws IOException, InterruptedException {
            HttpResponse<InputStream> answer = Gateway.http().send(HttpRequest.newBuilder(URI.create(url)).build(),
                    HttpResponse.BodyHandlers.ofInputStream());
            assertThat(answer.statusCode()).isEqualTo(200);
            body = answer.body();
            Thread.ofVirtual().start(this::read);
        }

        private void read() {
            var lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
            try {
                String event = "";
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith("event: ")) {
                        event = line.substring("event: ".length());
                    } else if (line.startsWith("data: ")) {
                        take(event, line.substring("data: ".length()));
                    }
                }
            } catch (IOException | UncheckedIOException e) {
                // closed
            }
        }

        private void take(String event, String data) {
            if (event.equals("record")) {
                records.addAll(Gateway.delivered(JSON.readTree("[" + data + "]")));
            } else if (event.equals("joined")) {
                baseUri = JSON.readTree(data).get("base_uri").asString();
            }
            events.add(event);
        }

        private String instancePath() {
            return URI.create(baseUri).getPath();
        }

        @Override
        public void close() throws IOException {
            body.close();
        }
    }
}
