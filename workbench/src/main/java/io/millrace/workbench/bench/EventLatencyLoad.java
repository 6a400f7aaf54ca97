package io.millrace.workbench.bench;

import io.millrace.workbench.suite.LaunchRefusedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/** One record after the other is produced over HTTP, and a subscriber measures how long each took to become its event. */
final class EventLatencyLoad {
    private static final Duration INTERVAL = Duration.ofMillis(2);
    private static final int WARM_UP = 1_000;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final long HIGHEST_NANOS = Duration.ofSeconds(60).toNanos();
    private static final String SENT_MARK = "\"sentNanos\":";

    private final int port;

    EventLatencyLoad(int port) {
        this.port = port;
    }

    /** Answers the median in ms, from before the request was sent until the event was read. */
    Figures run(String topic, int records) throws IOException, InterruptedException {
        Histogram latencies = new Histogram(HIGHEST_NANOS, 3);
        CountDownLatch subscribed = new CountDownLatch(1);
        HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpRequest subscription = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/topics/" + topic
                + "/events?from=latest"))
                .header("Accept", "text/event-stream").build();
        Thread subscriber = Thread.ofPlatform().daemon().name("subscriber")
                .start(() -> read(http, subscription, subscribed, latencies, records));
        if (!subscribed.await(TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
            throw new LaunchRefusedException("the subscription to " + topic + " does not begin");
        }
        try (HttpConnection connection = new HttpConnection(port)) {
            for (int record = 0; record < WARM_UP + records; record++) {
                if (!subscriber.isAlive()) {
                    throw broken(latencies, records);
                }
                LockSupport.parkNanos(INTERVAL.toNanos());
                byte[] request = HttpConnection.post(port, "/topics/" + topic, HttpProduceLoad.CONTENT_TYPE,
                        "{\"records\":[{\"value\":{" + SENT_MARK + System.nanoTime() + "}}]}");
                int status = connection.exchange(request);
                if (status != 200) {
                    throw new LaunchRefusedException("a produce request was answered " + status);
                }
            }
        }
        subscriber.join(TIMEOUT);
        if (subscriber.isAlive()) {
            throw new LaunchRefusedException(
                    latencies.getTotalCount() + " of " + records + " events came within " + TIMEOUT.toSeconds() + " s");
        }
        if (latencies.getTotalCount() != records) {
            throw broken(latencies, records);
        }
        return new Figures(latencies.getValueAtPercentile(50) / 1e6,
                Map.of("p99 ms", latencies.getValueAtPercentile(99) / 1e6, "p99.9 ms",
                        latencies.getValueAtPercentile(99.9) / 1e6, "max ms", latencies.getMaxValue() / 1e6));
    }

    private static LaunchRefusedException broken(Histogram latencies, int records) {
        return new LaunchRefusedException("the subscription ended after the latencies of " + latencies.getTotalCount()
                + " of " + records + " events");
    }

    /** Ends by itself once it has seen every event, or when the connection ends; what it saw is in the histogram. */
    private static void read(
            HttpClient http,
            HttpRequest subscription,
            CountDownLatch subscribed,
            Histogram latencies,
            int records) {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                http.send(subscription, HttpResponse.BodyHandlers.ofInputStream()).body(), StandardCharsets.UTF_8))) {
            int seen = 0;
            for (String line = lines.readLine(); line != null && seen < WARM_UP + records; line = lines.readLine()) {
                if (line.equals("event: caught-up")) {
                    subscribed.countDown();
                }
                int mark = line.indexOf(SENT_MARK);
                if (mark >= 0) {
                    seen++;
                    record(latencies, line, mark + SENT_MARK.length(), seen > WARM_UP);
                }
                if (seen == WARM_UP + records) {
                    return;
                }
            }
        } catch (IOException e) {
            System.err.println("the subscription broke: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            subscribed.countDown(); // one that could not begin is not waited for
        }
    }

    private static void record(Histogram latencies, String line, int from, boolean counts) {
        long nowNanos = System.nanoTime();
        int end = from;
        while (Character.isDigit(line.charAt(end))) {
            end++;
        }
        if (counts) {
            latencies.recordValue(Math.min(nowNanos - Long.parseLong(line, from, end, 10), HIGHEST_NANOS));
        }
    }
}
