package io.millrace.workbench.bench;

import io.millrace.workbench.peer.ChildJvm;
import io.millrace.workbench.suite.Commands;
import io.millrace.workbench.suite.LaunchRefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.HdrHistogram.Histogram;

/** Requests over HTTP, most of them to produce, from many connections: with wrk where it is installed, else with a generator of our own. */
final class HttpProduceLoad {
    private static final String FLOOR_PATH = "/";
    static final String CONTENT_TYPE = "application/vnd.kafka.json.v2+json";
    private static final long HIGHEST_LATENCY_NANOS = Duration.ofMinutes(1).toNanos();
    private static final int LATENCY_DIGITS = 3;
    private static final Pattern RATE = Pattern.compile("Requests/sec:\\s+([\\d.]+)");
    private static final Pattern PERCENTILE = Pattern.compile("\\s+(\\d+)%\\s+([\\d.]+)(us|ms|s)");
    private static final Pattern REFUSED = Pattern.compile("\\s*Non-2xx or 3xx responses: (\\d+)");
    private static final String KEY_LINE = "\r\nIdempotency-Key: 0123456789abcdef";
    private static final String KEYS = """
            local sent = 0
            request = function()
                sent = sent + 1
                wrk.headers["idempotency-key"] = "%d-" .. sent
                return wrk.format()
            end
            """;
    private static final String ONE_RECORD = "{\"key\":\"user-1234\",\"value\":{\"orderId\":12345,\"amount\":99.95,\"currency\":\"EUR\",\"items\":[\"a\",\"b\",\"c\"]}}";

    private final int port;
    private final Path outputs;
    private final boolean isKeyed;

    /** @param isKeyed whether each request has an {@code Idempotency-Key} of its own */
    HttpProduceLoad(int port, Path outputs, boolean isKeyed) {
        this.port = port;
        this.outputs = outputs;
        this.isKeyed = isKeyed;
    }

    /** Whether wrk drives the load. */
    static boolean usesWrk() {
        return Commands.isOnPath("wrk");
    }

    static String body(int records) {
        if (records == 1) {
            return "{\"records\":[" + ONE_RECORD + "]}";
        }
        return IntStream.rangeClosed(1, records)
                .mapToObj(record -> "{\"key\":\"user-" + record + "\",\"value\":{\"orderId\":" + record
                        + ",\"amount\":99.95,\"currency\":\"EUR\",\"items\":[\"a\",\"b\",\"c\"]}}")
                .collect(Collectors.joining(",", "{\"records\":[", "]}"));
    }

    /** Answers requests a second. */
    Figures run(String topic, int recordsPerRequest, int connections, Duration duration)
            throws IOException, InterruptedException {
        String path = "/topics/" + topic;
        String body = body(recordsPerRequest);
        if (usesWrk() && connections > 1) {
            return wrk(path, """
                    wrk.method = "POST"
                    wrk.headers["content-type"] = "%s"
                    wrk.body = [[%s]]
                    %s
                    """.formatted(CONTENT_TYPE, body, isKeyed ? KEYS.formatted(System.nanoTime()) : ""), connections,
                    duration);
        }
        return own(HttpConnection.post(port, path, CONTENT_TYPE + (isKeyed ? KEY_LINE : ""), body), connections,
                duration);
    }

    /** The same with the cheapest request that there is. */
    Figures floor(int connections, Duration duration) throws IOException, InterruptedException {
        return usesWrk() ? wrk(FLOOR_PATH, "", connections, duration)
                : own(HttpConnection.get(port, FLOOR_PATH), connections, duration);
    }

    private Figures wrk(String path, String lua, int connections, Duration duration)
            throws IOException, InterruptedException {
        Path script = outputs.resolve("requests.lua");
        Files.writeString(script, lua);
        List<String> output = ChildJvm.run(
                List.of("wrk", "-t1", "-c" + connections, "-d" + duration.toSeconds() + "s", "--latency", "-s",
                        script.toString(), "http://127.0.0.1:" + port + path),
                outputs.resolve("wrk.txt"), duration.plusSeconds(30));
        double rate = 0;
        double p50Ms = 0;
        double p99Ms = 0;
        for (String line : output) {
            Matcher refused = REFUSED.matcher(line);
            if (refused.matches()) {
                throw new LaunchRefusedException(refused.group(1) + " requests were refused");
            }
            Matcher found = RATE.matcher(line);
            if (found.matches()) {
                rate = Double.parseDouble(found.group(1));
            }
            Matcher percentile = PERCENTILE.matcher(line);
            if (percentile.matches()) {
                double ms = Double.parseDouble(percentile.group(2)) * switch (percentile.group(3)) {
                    case "us" -> 0.001;
                    case "s" -> 1_000;
                    default -> 1;
                };
                p50Ms = percentile.group(1).equals("50") ? ms : p50Ms;
                p99Ms = percentile.group(1).equals("99") ? ms : p99Ms;
            }
        }
        return new Figures(rate, Map.of("p50 ms", p50Ms, "p99 ms", p99Ms));
    }

    private Figures own(byte[] request, int connections, Duration duration) throws IOException, InterruptedException {
        long startedNanos = System.nanoTime();
        long endNanos = startedNanos + duration.toNanos();
        Histogram all = new Histogram(HIGHEST_LATENCY_NANOS, LATENCY_DIGITS);
        try (ExecutorService clients = Executors.newFixedThreadPool(connections)) {
            List<Future<Histogram>> results = new ArrayList<>();
            Callable<Histogram> client = () -> client(request, endNanos);
            for (int connection = 0; connection < connections; connection++) {
                results.add(clients.submit(client));
            }
            for (Future<Histogram> result : results) {
                all.add(result.get());
            }
        } catch (ExecutionException e) {
            throw new IOException("a request failed", e.getCause());
        }
        double seconds = (System.nanoTime() - startedNanos) / 1e9;
        return new Figures(all.getTotalCount() / seconds,
                Map.of("p50 ms", all.getValueAtPercentile(50) / 1e6, "p99 ms", all.getValueAtPercentile(99) / 1e6));
    }

    private Histogram client(byte[] request, long endNanos) throws IOException {
        Histogram latencies = new Histogram(HIGHEST_LATENCY_NANOS, LATENCY_DIGITS);
        byte[] own = request.clone();
        int key = isKeyed ? new String(own, StandardCharsets.US_ASCII).indexOf(KEY_LINE) + KEY_LINE.length() : 0;
        long nextKey = ThreadLocalRandom.current().nextLong();
        try (HttpConnection connection = new HttpConnection(port)) {
            for (long sentNanos = System.nanoTime(); sentNanos - endNanos < 0;) {
                if (isKeyed) {
                    byte[] digits = HexFormat.of().toHexDigits(nextKey++).getBytes(StandardCharsets.US_ASCII);
                    System.arraycopy(digits, 0, own, key - digits.length, digits.length);
                }
                int status = connection.exchange(own);
                if (status != 200) {
                    throw new IOException("a request was answered " + status);
                }
                long nowNanos = System.nanoTime();
                latencies.recordValue(Math.min(nowNanos - sentNanos, HIGHEST_LATENCY_NANOS));
                sentNanos = nowNanos;
            }
        }
        return latencies;
    }
}
