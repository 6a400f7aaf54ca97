package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.endtoend.Gateway.Delivered;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * A client of server-sent events (WHATWG HTML, "Server-sent events") whose connection is cut where the test says, in the middle of a line as
 * well. Each connection resumes with the {@code Last-Event-ID} of the last event that came whole.
 */
final class EventSubscription {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    /** The pause of a client that was turned away; nothing is waited for. */
    private static final Duration RETRY = Duration.ofMillis(50);
    private static final int BUFFER_BYTES = 16 * 1024;

    private final List<URI> uris;
    private int connections;
    private @Nullable String lastEventId;

    EventSubscription(URI uri) {
        this(List.of(uri));
    }

    /** @param uris each connection goes to the next of these */
    EventSubscription(List<URI> uris) {
        this.uris = uris;
    }

    /** Connects, reads this many bytes and cuts the connection; records that came whole are added to {@code seen}. */
    void readBytes(long bytes, List<Delivered> seen) throws IOException, InterruptedException {
        try (InputStream stream = connect()) {
            Parser parser = new Parser(seen);
            byte[] buffer = new byte[BUFFER_BYTES];
            for (long left = bytes; left > 0;) {
                int read = stream.read(buffer, 0, (int) Math.min(buffer.length, left));
                assertThat(read).as("the server ended the stream").isPositive();
                parser.feed(buffer, read);
                left -= read;
            }
        }
    }

    /** Connects and reads until {@code seen} holds this many records. */
    void readRecords(int count, List<Delivered> seen, Duration timeout) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        BooleanSupplier late = () -> System.nanoTime() - deadline > 0;
        try (InputStream stream = connect()) {
            Parser parser = new Parser(seen);
            byte[] buffer = new byte[BUFFER_BYTES];
            while (seen.size() < count) {
                int read = stream.read(buffer);
                assertThat(read).as("the server ended the stream").isPositive();
                parser.feed(buffer, read);
                assertThat(late.getAsBoolean()).as("%d of %d records in time", seen.size(), count).isFalse();
            }
        }
    }

    /** Connects, and again where the connection breaks, until {@code seen} holds this many records or it is told to stop. */
    void follow(int count, List<Delivered> seen, BooleanSupplier stopped) throws InterruptedException {
        while (seen.size() < count && !stopped.getAsBoolean()) {
            try (InputStream stream = connect()) {
                Parser parser = new Parser(seen);
                byte[] buffer = new byte[BUFFER_BYTES];
                for (int read = stream.read(buffer); read > 0 && seen.size() < count && !stopped
                        .getAsBoolean(); read = stream
                                .read(buffer)) {
                    parser.feed(buffer, read);
                }
            } catch (IOException e) {
                TimeUnit.NANOSECONDS.sleep(RETRY.toNanos());
            }
        }
    }

    private InputStream connect() throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uris.get(connections++ % uris.size())).header("Accept",
                "text/event-stream");
        if (lastEventId != null) {
            request.header("Last-Event-ID", lastEventId);
        }
        HttpResponse<InputStream> response = Gateway.http().send(request.build(), HttpResponse.BodyHandlers
                .ofInputStream());
        if (response.statusCode() == 503) {
            response.body().close();
            throw new IOException("answered 503");
        }
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type").orElse("")).startsWith("text/event-stream");
        return response.body();
    }

    /** Lines to events; an event counts once its empty line has come. */
    private final class Parser {
        private final List<Delivered> seen;
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();
        private @Nullable String event;
        private @Nullable String id;
        private final StringBuilder data = new StringBuilder();

        Parser(List<Delivered> seen) {
            this.seen = seen;
        }

        void feed(byte[] bytes, int length) {
            for (int at = 0; at < length; at++) {
                if (bytes[at] == '\n') {
                    line(line.toString(StandardCharsets.UTF_8));
                    line.reset();
                } else {
                    line.write(bytes[at]);
                }
            }
        }

        private void line(String text) {
            if (text.isEmpty()) {
                dispatch();
                return;
            }
            int colon = text.indexOf(':');
            String field = colon < 0 ? text : text.substring(0, colon);
            String value = colon < 0 ? "" : text.substring(colon + 1).replaceFirst("^ ", "");
            switch (field) {
                case "event" -> event = value;
                case "id" -> id = value;
                case "data" -> data.append(data.isEmpty() ? "" : "\n").append(value);
                default -> {
                    // a comment, "retry", or something newer than this client
                }
            }
        }

        private void dispatch() {
            if (id != null) {
                lastEventId = id;
            }
            if ("record".equals(event)) {
                seen.addAll(Gateway.delivered(JSON.readTree("[" + data + "]")));
            }
            event = null;
            id = null;
            data.setLength(0);
        }
    }
}
