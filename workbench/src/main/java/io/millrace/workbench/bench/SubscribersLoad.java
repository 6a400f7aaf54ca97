package io.millrace.workbench.bench;

import io.millrace.workbench.suite.LaunchRefusedException;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/** Records are produced over HTTP while many subscribers listen. */
final class SubscribersLoad {
    private static final Duration TIMEOUT = Duration.ofMinutes(2);
    private static final int RECORDS_PER_REQUEST = 10;
    private static final int REQUESTS = 20;
    private static final int WARM_UP_REQUESTS = 5;
    private static final Duration PACE = Duration.ofMillis(1);
    private static final int PACED_CONNECTIONS = 4;
    private static final int PACED_RECORDS = 10_000;
    private static final int PACED_WARM_UP = 3_000;
    private static final Duration SLOW_PACE = Duration.ofMillis(20);
    /** For longer than a client may take nothing before it is cut off. */
    private static final int SLOW_RECORDS = 1_500;
    private static final int SLOW_WARM_UP = 100;
    /** What lies before the slow reader is many times what the system keeps of a connection. */
    private static final int SLOW_BACKLOG_REQUESTS = 64;
    private static final int SLOW_BACKLOG_RECORDS = 1_000;
    /** More than a stream's first block: what it is given before it is blocked. */
    private static final int SLOW_LEAST_BYTES = 32 * 1024;
    private static final double SLOW_RATIO = 1.5;
    private static final double SLOW_ALLOWANCE_MS = 10;
    private static final String OPEN = "millrace_streams_open";
    private static final String CLOSED = "millrace_streams_closed_total";
    private static final String WRITTEN = "millrace_streams_written_bytes_total";
    private static final String P99 = "p99 ms";
    private static final String PAYLOAD = "\"text\":\"" + "x".repeat(50) + "\"";

    private final int port;
    private final long gatewayPid;
    private final String managementUrl;

    SubscribersLoad(int port, long gatewayPid, String managementUrl) {
        this.port = port;
        this.gatewayPid = gatewayPid;
        this.managementUrl = managementUrl;
    }

    /** Answers events per second that came to all subscribers together, and what the gateway's memory holds of them. */
    Figures deliver(String topic, int count) throws IOException, InterruptedException {
        long before = Memory.liveHeapBytes(gatewayPid);
        long startedNanos = System.nanoTime();
        try (Subscribers subscribers = new Subscribers(port, topic, count, TIMEOUT)) {
            Map<String, Double> details = new LinkedHashMap<>();
            details.put("s to connect", (System.nanoTime() - startedNanos) / 1e9);
            details.put("KB of heap per idle subscriber", (Memory.liveHeapBytes(gatewayPid) - before) / 1e3 / count);
            produceAtOnce(topic, subscribers, count, WARM_UP_REQUESTS);
            double perSecond = produceAtOnce(topic, subscribers, count, REQUESTS);
            details.put("gateway MiB resident", Memory.residentMib(gatewayPid));
            return new Figures(perSecond, details);
        }
    }

    private double produceAtOnce(String topic, Subscribers subscribers, int count, int requests) throws IOException,
            InterruptedException {
        long events = subscribers.events() + (long) requests * RECORDS_PER_REQUEST * count;
        long startedNanos = System.nanoTime();
        try (HttpConnection connection = new HttpConnection(port)) {
            for (int request = 0; request < requests; request++) {
                produce(connection, topic, RECORDS_PER_REQUEST);
            }
        }
        subscribers.awaitEvents(events, TIMEOUT);
        return (double) requests * RECORDS_PER_REQUEST * count / ((System.nanoTime() - startedNanos) / 1e9);
    }

    /** Answers the median in ms from before a record was sent until its event was read, at 1,000 records a second. */
    Figures latency(String topic, int count) throws IOException, InterruptedException {
        return latency(topic, count, PACED_WARM_UP, PACED_RECORDS, PACE);
    }

    /**
     * Answers the 99th percentile of such latencies, at 50 records a second, beside one that reads a byte a second of many megabytes, once of old
     * records and once of new ones; the worse of both, which must not be much more than without it. By the gateway's own metrics that one is blocked
     * before the first record, and cut off in the end.
     */
    Figures latencyBesideSlowReader(String topic, int count) throws IOException, InterruptedException {
        try (HttpConnection connection = new HttpConnection(port);
                GatewayMetrics metrics = new GatewayMetrics(managementUrl)) {
            produceBacklog(connection, topic);
            double alone = latency(topic, count, SLOW_WARM_UP, SLOW_RECORDS, SLOW_PACE).details().get(P99);
            Beside behind = latencyBeside(topic, count, metrics, "earliest", () -> {});
            Beside following = latencyBeside(topic, count, metrics, "latest", () -> produceBacklog(connection, topic));
            double worse = Math.max(behind.p99Ms, following.p99Ms);
            require(worse <= SLOW_RATIO * alone + SLOW_ALLOWANCE_MS, "p99 was " + behind.p99Ms
                    + " ms beside a slow reader of old records and " + following.p99Ms + " ms beside one of new ones, "
                    + alone + " ms without it");
            Map<String, Double> details = new LinkedHashMap<>();
            details.put("ms p99 without it", alone);
            details.put("ms p99 beside one of old records", behind.p99Ms);
            details.put("ms p99 beside one of new records", following.p99Ms);
            details.put("KB written to it when it blocked", behind.blockedAfterBytes / 1e3);
            return new Figures(worse, details);
        }
    }

    private record Beside(double p99Ms, double blockedAfterBytes) {}

    @FunctionalInterface
    private interface Backlog {
        void produce() throws IOException;
    }

    /** @param backlog what is produced once the slow reader has subscribed */
    private Beside latencyBeside(String topic, int count, GatewayMetrics metrics, String from, Backlog backlog)
            throws IOException, InterruptedException {
        require(metrics.await(OPEN, open -> open == 0, TIMEOUT), "streams of clients that left stay open");
        double closedBefore = metrics.value(CLOSED);
        double writtenBefore = metrics.value(WRITTEN);
        try (SlowReader slow = new SlowReader(port, "/topics/" + topic + "/events?from=" + from)) {
            require(metrics.await(OPEN, open -> open == 1, TIMEOUT), "the slow reader does not subscribe");
            backlog.produce();
            require(metrics.await(WRITTEN, written -> written > writtenBefore + SLOW_LEAST_BYTES, TIMEOUT) && metrics
                    .awaitRest(WRITTEN, TIMEOUT) && metrics.value(OPEN) == 1, "the slow reader of the " + from
                            + " records is not blocked");
            double blockedAfter = metrics.value(WRITTEN) - writtenBefore;
            Figures beside = latency(topic, count, SLOW_WARM_UP, SLOW_RECORDS, SLOW_PACE);
            require(metrics.await(OPEN, open -> open == 0, TIMEOUT) && metrics.value(CLOSED) == closedBefore + count
                    + 1, "the slow reader was not cut off after " + slow.bytes() + " bytes");
            return new Beside(beside.details().get(P99), blockedAfter);
        }
    }

    private void produceBacklog(HttpConnection connection, String topic) throws IOException {
        for (int request = 0; request < SLOW_BACKLOG_REQUESTS; request++) {
            produce(connection, topic, SLOW_BACKLOG_RECORDS);
        }
    }

    private static void require(boolean isSo, String otherwise) {
        if (!isSo) {
            throw new LaunchRefusedException(otherwise);
        }
    }

    private Figures latency(String topic, int count, int warmUp, int records, Duration pace) throws IOException,
            InterruptedException {
        try (Subscribers subscribers = new Subscribers(port, topic, count, TIMEOUT)) {
            subscribers.countFrom((long) warmUp * count);
            long startedNanos = System.nanoTime();
            produceAtPace(topic, warmUp + records, pace);
            double perSecond = (warmUp + records) / ((System.nanoTime() - startedNanos) / 1e9);
            subscribers.awaitEvents((long) (warmUp + records) * count, TIMEOUT);
            var latencies = subscribers.latencies();
            Map<String, Double> details = new LinkedHashMap<>();
            details.put(P99, latencies.getValueAtPercentile(99) / 1e6);
            details.put("max ms", latencies.getMaxValue() / 1e6);
            details.put("records/s", perSecond);
            return new Figures(latencies.getValueAtPercentile(50) / 1e6, details);
        }
    }

    /** In turn by a few connections, so that one answer that is late does not hold up the next records. */
    private void produceAtPace(String topic, int records, Duration pace) throws IOException, InterruptedException {
        long startedNanos = System.nanoTime();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Void>> producers = IntStream.range(0, PACED_CONNECTIONS).<Callable<Void>>mapToObj(
                    first -> () -> {
                        try (HttpConnection connection = new HttpConnection(port)) {
                            for (int record = first; record < records; record += PACED_CONNECTIONS) {
                                long due = startedNanos + record * pace.toNanos();
                                for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                                    LockSupport.parkNanos(left);
                                }
                                produce(connection, topic, 1);
                            }
                        }
                        return null;
                    }).toList();
            for (Future<Void> producer : threads.invokeAll(producers)) {
                producer.get();
            }
        } catch (ExecutionException e) {
            throw new IOException("a produce request failed", e.getCause());
        }
    }

    private void produce(HttpConnection connection, String topic, int records) throws IOException {
        StringBuilder body = new StringBuilder("{\"records\":[");
        for (int record = 0; record < records; record++) {
            body.append(record == 0 ? "" : ",").append("{\"value\":{").append(Subscribers.SENT_MARK).append(System
                    .nanoTime()).append(',').append(PAYLOAD).append("}}");
        }
        int status = connection.exchange(HttpConnection.post(port, "/topics/" + topic, HttpProduceLoad.CONTENT_TYPE,
                body
                        .append("]}").toString()));
        if (status != 200) {
            throw new LaunchRefusedException("a produce request was answered " + status);
        }
    }
}
