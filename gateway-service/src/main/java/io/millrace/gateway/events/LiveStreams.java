package io.millrace.gateway.events;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.events.LiveStream.End;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * The streams open on this gateway. When it stops, ends them at a whole event each, so that their clients go on elsewhere, and waits for
 * that before the web server closes its connections.
 */
@Component
final class LiveStreams implements SmartLifecycle {
    private static final Logger log = LoggerFactory.getLogger(LiveStreams.class);
    private static final String HTTP_2 = "HTTP/2";

    private final EventsProperties properties;
    private final Semaphore room;
    private final Set<LiveStream> open = ConcurrentHashMap.newKeySet();
    private final StreamMeters meters;
    private final Gzip gzip;
    /** The web server may have requests before {@link #start}. */
    private volatile boolean running = true;

    LiveStreams(EventsProperties properties, MeterRegistry registry) {
        this.properties = properties;
        this.room = new Semaphore(properties.maxStreams());
        this.meters = new StreamMeters(registry, open);
        this.gzip = new Gzip();
    }

    /** Gets a stream ready, or refuses it while a status can still be answered. */
    @FunctionalInterface
    interface Opening {
        LiveStream open() throws InterruptedException;
    }

    /**
     * Answers with a stream; answers nothing before it is certain that it can begin. Refused with {@code QUEUE_FULL}, and as the opening
     * refuses. Returns before the stream ends, where the connection can be had for it alone.
     */
    void serve(HttpServletRequest request, HttpServletResponse response, Opening opening) throws IOException,
            InterruptedException {
        if (!running || !room.tryAcquire()) {
            throw new RefusedException(ErrorCode.QUEUE_FULL, "this gateway has " + properties.maxStreams()
                    + " streams open already or is shutting down; try again, or at another gateway");
        }
        var stream = open(opening);
        boolean compressed = Gzip.isAccepted(request);
        if (request.getProtocol().startsWith(HTTP_2)) {
            try (stream) {
                announce(response, compressed);
                write(stream, line(new ResponseLine(response), compressed));
            }
            return;
        }
        boolean handedOver = false;
        try {
            announce(response, compressed);
            takeConnection(request, response, stream, compressed);
            handedOver = true;
        } finally {
            if (!handedOver) {
                stream.close();
            }
        }
    }

    /** The room that was taken is the stream's from here on. */
    private ClosedOnce open(Opening opening) throws InterruptedException {
        boolean opened = false;
        try {
            var stream = new ClosedOnce(opening.open(), room::release);
            opened = true;
            return stream;
        } finally {
            if (!opened) {
                room.release();
            }
        }
    }

    /**
     * The answer's body lasts as long as the connection: so neither Tomcat's buffers for requests nor the request's thread with its deep
     * stack are held for as long as the client listens, and its departure is noticed at once.
     */
    private void takeConnection(HttpServletRequest request, HttpServletResponse response, ClosedOnce stream,
            boolean compressed) throws IOException {
        RawConnection connection;
        try {
            connection = request.upgrade(RawConnection.class);
        } catch (ServletException e) {
            throw new IllegalStateException("the connection cannot be taken over", e);
        }
        response.setStatus(HttpServletResponse.SC_OK);
        response.setHeader("Connection", "close");
        connection.prepare(new RawConnection.Limits(properties.writeTimeout(), properties.maxIgnored().toBytes()),
                () -> {
                    try (connection; stream) {
                        write(stream, line(connection, compressed));
                    }
                }, stream::close, stream::wake);
        response.flushBuffer();
    }

    private void write(LiveStream stream, ClientLine client) {
        open.add(stream);
        End end = null;
        try {
            end = stream.writeTo(client, () -> !running || client.hasLeft());
            client.finish();
            if (client.hasLeft()) {
                meters.left();
            } else {
                meters.closed(end);
            }
        } catch (IOException e) {
            if (end == End.TOO_SLOW) {
                // Cut off, it cannot be told that it has ended.
                meters.closed(end);
            } else {
                meters.left();
            }
            log.debug("The client of a stream left: {}", e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            log.error("A stream failed; its client comes back for the rest", e);
        } finally {
            open.remove(stream);
        }
    }

    private ClientLine line(ClientLine client, boolean compressed) {
        var counted = meters.counting(client);
        return compressed ? gzip.over(counted) : counted;
    }

    /** Sets the headers of a stream. */
    static void announce(HttpServletResponse response, boolean compressed) {
        response.setStatus(HttpServletResponse.SC_OK);
        response.setContentType("text/event-stream;charset=UTF-8");
        response.setHeader("Cache-Control", "no-store");
        response.addHeader("Vary", "Accept-Encoding");
        if (compressed) {
            response.setHeader("Content-Encoding", "gzip");
        }
        // nginx would gather events before it passes them on.
        response.setHeader("X-Accel-Buffering", "no");
    }

    @Override
    public void start() {
        running = true;
    }

    /** Ends the streams, each at an id from which it goes on elsewhere. */
    @Override
    public void stop() {
        running = false;
        open.forEach(LiveStream::wake);
        try {
            if (!room.tryAcquire(properties.maxStreams(), properties.drainTimeout().toMillis(),
                    TimeUnit.MILLISECONDS)) {
                log.info("{} streams are cut off, for they did not end in {}", open.size(), properties.drainTimeout());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Before the web server, which waits for its requests to end. */
    @Override
    public int getPhase() {
        return Integer.MAX_VALUE - 512;
    }

    /** A connection that breaks while it is taken over may end the stream both here and there. */
    private static final class ClosedOnce implements LiveStream, AutoCloseable {
        private final LiveStream stream;
        private final Runnable then;
        private final AtomicBoolean closed = new AtomicBoolean();

        ClosedOnce(LiveStream stream, Runnable then) {
            this.stream = stream;
            this.then = then;
        }

        @Override
        public End writeTo(ClientLine client, BooleanSupplier stopped) throws IOException, InterruptedException {
            return stream.writeTo(client, stopped);
        }

        @Override
        public void wake() {
            stream.wake();
        }

        @Override
        public void close() {
            if (closed.compareAndSet(false, true)) {
                try {
                    stream.close();
                } finally {
                    then.run();
                }
            }
        }
    }
}
