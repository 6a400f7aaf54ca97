package io.millrace.workbench.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** A subscriber that reads one byte a second, and has its connection hold as little as the system allows. */
final class SlowReader implements AutoCloseable {
    private static final Duration PACE = Duration.ofSeconds(1);
    private static final int LEAST_BUFFER_BYTES = 1024;

    private final Socket socket = new Socket();
    private final AtomicLong bytes = new AtomicLong();
    private final Thread reader;

    SlowReader(int port, String path) throws IOException {
        socket.setReceiveBufferSize(LEAST_BUFFER_BYTES);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.getOutputStream().write(HttpConnection.get(port, path));
        reader = Thread.ofVirtual().name("slow-reader").start(this::read);
    }

    private void read() {
        try {
            InputStream in = socket.getInputStream();
            while (in.read() >= 0) {
                bytes.incrementAndGet();
                Thread.sleep(PACE);
            }
        } catch (IOException | InterruptedException e) {
            // Cut off, as one so slow may be, or closed.
        }
    }

    long bytes() {
        return bytes.get();
    }

    @Override
    public void close() throws IOException {
        reader.interrupt();
        socket.close();
    }
}
