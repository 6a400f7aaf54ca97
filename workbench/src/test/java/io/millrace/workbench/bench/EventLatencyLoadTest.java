package io.millrace.workbench.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.millrace.workbench.suite.LaunchRefusedException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EventLatencyLoadTest {
    private static final int RECORDS = 20;
    private static final int WARM_UP = 1_000;

    private final BlockingQueue<String> produced = new LinkedBlockingQueue<>();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private HttpServer server;
    private int eventsBeforeTheEnd;

    /** Takes records, and gives each as an event until it has given so many. */
    @BeforeEach
    void a_gateway() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/topics/watched", this::take);
        server.createContext("/topics/watched/events", this::give);
        server.start();
    }

    @AfterEach
    void the_gateway_ends() {
        server.stop(0);
        threads.shutdownNow();
    }

    private void take(HttpExchange exchange) throws IOException {
        produced.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
        byte[] answer = "{}".getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, answer.length);
        try (OutputStream body = exchange.getResponseBody()) {
            body.write(answer);
        }
    }

    private void give(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream body = exchange.getResponseBody()) {
            write(body, "event: caught-up\n\n");
            for (int event = 0; event < eventsBeforeTheEnd; event++) {
                write(body, "data: " + produced.take() + "\n\n");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void write(OutputStream body, String text) throws IOException {
        body.write(text.getBytes(StandardCharsets.UTF_8));
        body.flush();
    }

    @Test
    void as_many_latencies_as_records_give_a_figure() throws Exception {
        eventsBeforeTheEnd = WARM_UP + RECORDS;
        assertThat(load().run("watched", RECORDS).value()).isPositive();
    }

    @Test
    void a_subscription_that_breaks_while_records_are_sent_gives_no_figure() {
        eventsBeforeTheEnd = 5;
        assertThatThrownBy(() -> load().run("watched", RECORDS)).isInstanceOf(LaunchRefusedException.class)
                .hasMessageContaining("0 of 20");
    }

    @Test
    void a_subscription_that_ends_before_the_last_event_gives_no_figure() {
        eventsBeforeTheEnd = WARM_UP + RECORDS - 1;
        assertThatThrownBy(() -> load().run("watched", RECORDS)).isInstanceOf(LaunchRefusedException.class)
                .hasMessageContaining("19 of 20");
    }

    private EventLatencyLoad load() {
        return new EventLatencyLoad(server.getAddress().getPort());
    }
}
