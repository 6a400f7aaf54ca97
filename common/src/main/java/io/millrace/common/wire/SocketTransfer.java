package io.millrace.common.wire;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import org.apache.kafka.common.network.TransferableChannel;
import org.springframework.util.unit.DataSize;

/**
 * Lets Kafka's {@code Send}s write to a blocking socket; files go from the page cache to the socket without passing through
 * this process.
 */
final class SocketTransfer implements TransferableChannel {
    /** What is copied to wait for room in the socket; the kernel reports room for no less than this in practice. */
    private static final int WAIT_CHUNK_BYTES = 32 * 1024;

    private final SocketChannel socket;
    private final WriteProgress progress;

    /** Told after each write that got somewhere. */
    @FunctionalInterface
    interface WriteProgress {
        void wrote(long bytes);
    }

    SocketTransfer(SocketChannel socket, WriteProgress progress) {
        this.socket = socket;
        this.progress = progress;
    }

    @Override
    public boolean hasPendingWrites() {
        return false;
    }

    @Override
    public long transferFrom(FileChannel file, long position, long count) throws IOException {
        long transferred = file.transferTo(position, count, socket);
        if (transferred == 0 && count > 0) {
            // The socket is full. transferTo does not wait, a write does.
            ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(count, WAIT_CHUNK_BYTES));
            int read = file.read(chunk, position);
            if (read <= 0) {
                return read;
            }
            chunk.flip();
            while (chunk.hasRemaining()) {
                transferred += socket.write(chunk);
            }
        }
        progress.wrote(transferred);
        return transferred;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int written = socket.write(source);
        progress.wrote(written);
        return written;
    }

    @Override
    public long write(ByteBuffer[] sources) throws IOException {
        return write(sources, 0, sources.length);
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
        long written = socket.write(sources, offset, length);
        progress.wrote(written);
        return written;
    }

    @Override
    public boolean isOpen() {
        return socket.isOpen();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    static void writeFully(SocketChannel channel, ByteBuffer[] buffers) throws IOException {
        int first = 0;
        while (first < buffers.length) {
            channel.write(buffers, first, buffers.length - first);
            while (first < buffers.length && !buffers[first].hasRemaining()) {
                first++;
            }
        }
    }

    static void setBufferSizes(SocketChannel channel, DataSize send, DataSize receive) throws IOException {
        if (send.toBytes() > 0) {
            channel.setOption(StandardSocketOptions.SO_SNDBUF, Math.toIntExact(send.toBytes()));
        }
        if (receive.toBytes() > 0) {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, Math.toIntExact(receive.toBytes()));
        }
    }

    /** Closing is the last thing done to a channel; that it fails changes nothing. */
    static void closeQuietly(Channel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing is left to be done about it.
            return;
        }
    }
}
