package io.millrace.gateway.events;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;

/** A stream over HTTP/2 without TLS (RFC 9113), frame by frame, so that it can be left in any way and at any moment. */
final class Http2Subscriber implements AutoCloseable {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RESET = 3;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int WINDOW_UPDATE = 8;
    private static final int ACK = 0x1;
    private static final int END_OF_STREAM_AND_HEADERS = 0x5;
    private static final int CANCEL = 8;
    private static final int STREAM = 1;
    private static final int AUTHORITY = 1;
    private static final int METHOD_GET = 0x82;
    private static final int PATH = 4;
    private static final int SCHEME_HTTP = 0x86;

    private final Socket socket;
    private final DataOutputStream out;
    private final SseParser parser = new SseParser("");

    Http2Subscriber(int port, String path) {
        try {
            socket = new Socket("127.0.0.1", port);
            out = new DataOutputStream(socket.getOutputStream());
            out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII));
            send(SETTINGS, 0, 0, new byte[0]);
            send(HEADERS, END_OF_STREAM_AND_HEADERS, STREAM, headers(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::read);
    }

    synchronized int events(String type) {
        return parser.events(type).size();
    }

    synchronized int comments() {
        return parser.comments();
    }

    /** Has read so many bytes, so that so many more may come (RFC 9113, section 5.2); what came at first, 64 KB, needs no leave. */
    void take(int bytes) {
        send(WINDOW_UPDATE, 0, STREAM, ByteBuffer.allocate(4).putInt(bytes).array());
        send(WINDOW_UPDATE, 0, 0, ByteBuffer.allocate(4).putInt(bytes).array());
    }

    /** Gives the stream up, and keeps the connection. */
    void reset() {
        send(RESET, 0, STREAM, new byte[]{0, 0, 0, CANCEL});
    }

    /** Drops the connection without a word about the stream. */
    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void read() {
        try (var in = new DataInputStream(socket.getInputStream())) {
            while (true) {
                int lengthAndType = in.readInt();
                int flags = in.readUnsignedByte();
                in.readInt();
                var payload = in.readNBytes(lengthAndType >>> 8);
                switch (lengthAndType & 0xff) {
                    case DATA -> show(payload);
                    case SETTINGS, PING -> acknowledge(lengthAndType & 0xff, flags, payload);
                    default -> {
                        // Headers and window updates tell nothing that a test asks for.
                    }
                }
            }
        } catch (EOFException | SocketException e) {
            // One of the two has closed the connection.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private synchronized void show(byte[] payload) {
        parser.feed(payload, 0, payload.length);
    }

    private void acknowledge(int type, int flags, byte[] payload) {
        if ((flags & ACK) == 0) {
            send(type, ACK, 0, type == PING ? payload : new byte[0]);
        }
    }

    private synchronized void send(int type, int flags, int stream, byte[] payload) {
        try {
            out.writeInt(payload.length << 8 | type);
            out.write(flags);
            out.writeInt(stream);
            out.write(payload);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** By the static table (RFC 7541, appendix A): two whole fields, and two names of which the values follow. */
    private static byte[] headers(String path) {
        var block = new ByteArrayOutputStream();
        block.write(METHOD_GET);
        block.write(SCHEME_HTTP);
        literal(block, AUTHORITY, "localhost");
        literal(block, PATH, path);
        return block.toByteArray();
    }

    /** Neither Huffman-coded nor remembered. */
    private static void literal(ByteArrayOutputStream block, int name, String value) {
        block.write(name);
        block.write(value.length());
        block.writeBytes(value.getBytes(US_ASCII));
    }
}
