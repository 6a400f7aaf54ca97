package io.millrace.workbench.bench;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Streams of JSON lines over HTTP, each on a connection of its own, whose reports are read beside and counted. */
final class LinesLoad {
    private static final int TIMEOUT_MS = 30_000;
    private static final int BUFFER_BYTES = 64 * 1024;
    private static final int BLOCK_LINES = 500;

    private final int port;

    LinesLoad(int port) {
        this.port = port;
    }

    static String lines() {
        return IntStream.range(0, BLOCK_LINES).mapToObj(line -> "{\"key\":\"user-" + line + "\",\"value\":{\"orderId\":"
                + line + ",\"amount\":99.95,\"currency\":\"EUR\",\"items\":[\"a\",\"b\",\"c\"]}}\n").collect(Collectors
                        .joining());
    }

    /** Answers records a second, from the first line to the last report. */
    Figures run(String topic, int streams, Duration duration) throws IOException, InterruptedException {
        long startedNanos = System.nanoTime();
        long reports = 0;
        try (ExecutorService clients = Executors.newFixedThreadPool(2 * streams)) {
            Callable<Long> stream = () -> stream(topic, clients, startedNanos + duration.toNanos());
            List<Future<Long>> results = new ArrayList<>();
            for (int i = 0; i < streams; i++) {
                results.add(clients.submit(stream));
            }
            for (Future<Long> result : results) {
                reports += result.get();
            }
        } catch (ExecutionException e) {
            throw new IOException("a stream of lines failed", e.getCause());
        }
        return new Figures(reports / ((System.nanoTime() - startedNanos) / 1e9), Map.of("streams", (double) streams));
    }

    private long stream(String topic, ExecutorService readers, long endNanos) throws Exception {
        byte[] lines = lines().getBytes(StandardCharsets.US_ASCII);
        byte[] block = (Integer.toHexString(lines.length) + "\r\n" + lines() + "\r\n").getBytes(
                StandardCharsets.US_ASCII);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(TIMEOUT_MS);
            Future<Long> reports = readers.submit(() -> countReports(socket.getInputStream()));
            OutputStream out = socket.getOutputStream();
            out.write(("POST /topics/" + topic + " HTTP/1.1\r\nHost: 127.0.0.1:" + port
                    + "\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            long sent = 0;
            while (System.nanoTime() - endNanos < 0) {
                out.write(block);
                sent += BLOCK_LINES;
            }
            out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            long reported = reports.get();
            if (reported != sent) {
                throw new IOException(reported + " of " + sent + " lines were reported");
            }
            return reported;
        }
    }

    /** A report has one brace, and an {@code m} only in the name of the message of an error. */
    private static long countReports(InputStream in) throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        skipHead(in);
        long reports = 0;
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
            for (int i = 0; i < read; i++) {
                if (buffer[i] == '{') {
                    reports++;
                } else if (buffer[i] == 'm') {
                    throw new IOException("a line was refused: " + new String(buffer, 0, read,
                            StandardCharsets.UTF_8));
                }
            }
        }
        return reports;
    }

    private static void skipHead(InputStream in) throws IOException {
        int breaks = 0;
        while (breaks < 4) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("the server closed the connection");
            }
            breaks = next == (breaks % 2 == 0 ? '\r' : '\n') ? breaks + 1 : next == '\r' ? 1 : 0;
        }
    }
}
