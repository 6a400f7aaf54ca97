package io.millrace.common.wire;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.RequestHeader;

/** A socket that sends whatever bytes a test likes. */
final class RawClient implements AutoCloseable {
    private static final int READ_TIMEOUT_MS = 20_000;

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;

    RawClient(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(READ_TIMEOUT_MS);
        in = new DataInputStream(socket.getInputStream());
        out = new DataOutputStream(socket.getOutputStream());
    }

    Socket socket() {
        return socket;
    }

    void write(byte... bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    void writeSize(int size) throws IOException {
        write(ByteBuffer.allocate(Integer.BYTES).putInt(size).array());
    }

    void writeFrame(byte... frame) throws IOException {
        writeSize(frame.length);
        write(frame);
    }

    void send(RequestHeader header, AbstractRequest request) throws IOException {
        write(bytes(header, request));
    }

    /** One byte after end of stream, or -1; a reset counts as the end. */
    int read() {
        try {
            return in.read();
        } catch (IOException e) {
            return -1;
        }
    }

    ByteBuffer readFrame() throws IOException {
        byte[] frame = new byte[in.readInt()];
        in.readFully(frame);
        return ByteBuffer.wrap(frame);
    }

    static byte[] bytes(RequestHeader header, AbstractRequest request) {
        ByteBuffer[] parts = FrameWriter.frame(header, request);
        int size = 0;
        for (ByteBuffer part : parts) {
            size += part.remaining();
        }
        ByteBuffer whole = ByteBuffer.allocate(size);
        for (ByteBuffer part : parts) {
            whole.put(part);
        }
        return whole.array();
    }

    static RequestHeader metadataHeader(int correlationId) {
        return new RequestHeader(ApiKeys.METADATA, (short) 9, "raw", correlationId);
    }

    static MetadataRequest metadataRequest() {
        return new MetadataRequest(new MetadataRequestData(), (short) 9);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
