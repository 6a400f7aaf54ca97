package io.millrace.common.wire;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.apache.kafka.common.network.TransferableChannel;

/** Takes what is sent into a buffer that has room for all of it. */
final class BufferChannel implements TransferableChannel {
    private final ByteBuffer target;

    BufferChannel(ByteBuffer target) {
        this.target = target;
    }

    @Override
    public boolean hasPendingWrites() {
        return false;
    }

    @Override
    public long transferFrom(FileChannel file, long position, long count) throws IOException {
        ByteBuffer part = target.slice(target.position(), Math.toIntExact(count));
        int read = file.read(part, position);
        if (read < 0) {
            throw new EOFException("a file ended before the records in it did");
        }
        target.position(target.position() + read);
        return read;
    }

    @Override
    public int write(ByteBuffer source) {
        int bytes = source.remaining();
        target.put(source);
        return bytes;
    }

    @Override
    public long write(ByteBuffer[] sources) {
        return write(sources, 0, sources.length);
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) {
        long written = 0;
        for (int i = offset; i < offset + length; i++) {
            written += write(sources[i]);
        }
        return written;
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {
        // The buffer belongs to the caller.
    }
}
