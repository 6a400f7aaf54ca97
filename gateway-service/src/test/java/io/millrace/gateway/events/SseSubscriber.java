package io.millrace.gateway.events;

import io.millrace.gateway.events.SseParser.Event;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;

/** One connection to a stream, read by a thread of its own. */
final class SseSubscriber implements AutoCloseable {
    private final HttpResponse<InputStream> response;
    private final SseParser parser;
    private final Thread reader;
    private boolean ended;

    private SseSubscriber(HttpResponse<InputStream> response, String lastEventId, long cutAfterBytes) {
        this.response = response;
        this.parser = new SseParser(lastEventId);
        this.reader = Thread.ofVirtual().start(() -> read(cutAfterBytes));
    }

    static SseSubscriber open(HttpClient client, URI uri) {
        return open(client, uri, "", Long.MAX_VALUE);
    }

    static SseSubscriber resume(HttpClient client, URI uri, String lastEventId) {
        return open(client, uri, lastEventId, Long.MAX_VALUE);
    }

    /** @param cutAfterBytes the connection is closed when so many bytes have come */
    static SseSubscriber open(HttpClient client, URI uri, String lastEventId, long cutAfterBytes) {
        var request = HttpRequest.newBuilder(uri).header("Accept", "text/event-stream");
        if (!lastEventId.isEmpty()) {
            request.header("Last-Event-ID", lastEventId);
        }
        try {
            return new SseSubscriber(client.send(request.build(), BodyHandlers.ofInputStream()), lastEventId,
                    cutAfterBytes);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    HttpResponse<InputStream> response() {
        return response;
    }

    synchronized List<Event> events(String type) {
        return List.copyOf(parser.events(type));
    }

    /** Of all types. */
    synchronized List<Event> all() {
        return List.copyOf(parser.events());
    }

    /** The data of the records so far. */
    List<String> records() {
        return events("record").stream().map(Event::data).toList();
    }

    synchronized String lastEventId() {
        return parser.lastEventId();
    }

    synchronized long retryMs() {
        return parser.retryMs();
    }

    synchronized int comments() {
        return parser.comments();
    }

    /** Whether the connection is closed, by whomever. */
    synchronized boolean ended() {
        return ended;
    }

    @Override
    public void close() {
        cut();
    }

    /** Leaves at once; what has come is there to be looked at. */
    void cut() {
        try {
            response.body().close();
            reader.join();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void read(long cutAfterBytes) {
        var buffer = new byte[1024];
        long left = cutAfterBytes;
        try (var body = response.body()) {
            while (left > 0) {
                int length = body.read(buffer, 0, (int) Math.min(left, buffer.length));
                if (length < 0) {
                    break;
                }
                synchronized (this) {
                    parser.feed(buffer, 0, length);
                }
                left -= length;
            }
        } catch (IOException e) {
            // The other side, or the test, has closed it.
        }
        synchronized (this) {
            ended = true;
        }
    }
}
