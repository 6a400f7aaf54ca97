package io.millrace.workbench.bench;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.RequestHeader;

/** Thousands of connections to a broker that ask once and are silent from then on, and a few that ask all the time. */
public final class IdleConnectionsLoad {
    public static final String HEAP_EACH = "KiB of heap each";
    public static final String ALONE = "requests/s alone";
    public static final String BESIDE = "requests/s beside";
    private static final int BUSY = 10;
    static final Duration DURATION = Duration.ofSeconds(10);
    private static final int TIMEOUT_MS = 30_000;
    private static final double KIB = 1024;
    private static final double MILLIS_NANOS = 1e6;

    private final String host;
    private final int port;
    private final long pid;
    private final Duration duration;

    /**
     * @param bootstrapServer host and port of the broker with this process id
     * @param duration        how long the busy ones ask, alone and beside the others
     */
    public IdleConnectionsLoad(String bootstrapServer, long pid, Duration duration) {
        int colon = bootstrapServer.lastIndexOf(':');
        this.host = bootstrapServer.substring(0, colon);
        this.port = Integer.parseInt(bootstrapServer.substring(colon + 1));
        this.pid = pid;
        this.duration = duration;
    }

    /**
     * Answers how many MiB the broker's process grew by so many idle connections.
     *
     * @throws IOException also when one of them was closed meanwhile
     */
    public Figures run(int idle) throws IOException, InterruptedException {
        ask(duration.dividedBy(2));
        Histogram alone = ask(duration);
        long heapBefore = Memory.liveHeapBytes(pid);
        double residentBefore = Memory.residentMib(pid);
        List<Connection> idlers = new ArrayList<>(idle);
        try {
            long startedNanos = System.nanoTime();
            for (int i = 0; i < idle; i++) {
                Connection connection = new Connection();
                idlers.add(connection);
                connection.ask(versions());
                connection.ask(metadata());
            }
            Map<String, Double> details = new LinkedHashMap<>();
            details.put("s to connect", (System.nanoTime() - startedNanos) / 1e9);
            details.put(HEAP_EACH, (Memory.liveHeapBytes(pid) - heapBefore) / KIB / idle);
            double grownMib = Memory.residentMib(pid) - residentBefore;
            Histogram beside = ask(duration);
            details.put(ALONE, rate(alone));
            details.put(BESIDE, rate(beside));
            details.put("p50 ms alone", alone.getValueAtPercentile(50) / MILLIS_NANOS);
            details.put("p50 ms beside", beside.getValueAtPercentile(50) / MILLIS_NANOS);
            details.put("p99 ms alone", alone.getValueAtPercentile(99) / MILLIS_NANOS);
            details.put("p99 ms beside", beside.getValueAtPercentile(99) / MILLIS_NANOS);
            for (Connection idler : idlers) {
                idler.ask(metadata()); // none of them was closed
            }
            return new Figures(grownMib, details);
        } finally {
            for (Connection idler : idlers) {
                idler.close();
            }
        }
    }

    private double rate(Histogram histogram) {
        return histogram.getTotalCount() / (double) duration.toSeconds();
    }

    private Histogram ask(Duration duration) throws IOException, InterruptedException {
        try (ExecutorService threads = Executors.newFixedThreadPool(BUSY)) {
            List<Future<Histogram>> loads = new ArrayList<>();
            for (int i = 0; i < BUSY; i++) {
                loads.add(threads.submit(() -> askAgainAndAgain(duration)));
            }
            Histogram all = new Histogram(3);
            for (Future<Histogram> load : loads) {
                all.add(load.get());
            }
            return all;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException failure ? failure
                    : new IOException("asking failed", e.getCause());
        }
    }

    private Histogram askAgainAndAgain(Duration duration) throws IOException {
        Histogram latencies = new Histogram(3);
        byte[] request = metadata();
        try (Connection connection = new Connection()) {
            connection.ask(versions());
            long endNanos = System.nanoTime() + duration.toNanos();
            long startedNanos;
            while ((startedNanos = System.nanoTime()) - endNanos < 0) {
                connection.ask(request);
                latencies.recordValue(System.nanoTime() - startedNanos);
            }
        }
        return latencies;
    }

    private static byte[] versions() {
        return frame(new ApiVersionsRequest(new ApiVersionsRequestData().setClientSoftwareName("bench")
                .setClientSoftwareVersion("1"), (short) 3));
    }

    private static byte[] metadata() {
        return frame(new MetadataRequest.Builder(List.of(), false).build((short) 12));
    }

    private static byte[] frame(AbstractRequest request) {
        ByteBuffer body = request.serializeWithHeader(new RequestHeader(request.apiKey(), request.version(), "bench",
                1));
        return ByteBuffer.allocate(Integer.BYTES + body.remaining()).putInt(body.remaining()).put(body).array();
    }

    private final class Connection implements AutoCloseable {
        private final Socket socket;

        Connection() throws IOException {
            socket = new Socket(host, port);
            socket.setSoTimeout(TIMEOUT_MS);
            socket.setTcpNoDelay(true);
        }

        void ask(byte[] request) throws IOException {
            socket.getOutputStream().write(request);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            in.readFully(new byte[in.readInt()]);
        }

        @Override
        public void close() {
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
