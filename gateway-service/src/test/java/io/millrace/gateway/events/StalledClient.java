package io.millrace.gateway.events;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Asks for a stream and does not read it, with the smallest of receive buffers. HTTP/1.0, so that the body comes without chunks. */
final class StalledClient implements AutoCloseable {
    private final Socket socket = new Socket();

    StalledClient(int port, String path) {
        try {
            socket.setReceiveBufferSize(4096);
            socket.connect(new InetSocketAddress("127.0.0.1", port));
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(("GET " + path + " HTTP/1.0\r\nHost: localhost\r\n\r\n").getBytes(
                    StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads one byte a second, on a thread of its own, until {@code done}. */
    Thread drip(CountDownLatch done, ByteArrayOutputStream dripped) {
        return Thread.ofVirtual().start(() -> {
            try {
                while (!done.await(1, TimeUnit.SECONDS)) {
                    dripped.write(socket.getInputStream().read());
                }
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    void awaitHeaders() {
        try {
            int matched = 0;
            while (matched < 4) {
                int b = socket.getInputStream().read();
                matched = b == "\r\n\r\n".charAt(matched) ? matched + 1 : b == '\r' ? 1 : 0;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Reads what had been sent until the stream was closed. */
    SseParser readToTheEnd() {
        return readToTheEnd(new byte[0]);
    }

    /** @param before what had been read of the stream already */
    SseParser readToTheEnd(byte[] before) {
        var parser = new SseParser("");
        parser.feed(before, 0, before.length);
        var buffer = new byte[16 * 1024];
        try {
            for (int length = socket.getInputStream().read(buffer); length >= 0; length = socket.getInputStream().read(
                    buffer)) {
                parser.feed(buffer, 0, length);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return parser;
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
