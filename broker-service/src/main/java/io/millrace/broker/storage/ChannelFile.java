package io.millrace.broker.storage;

import io.millrace.broker.log.LogFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.apache.kafka.common.network.TransferableChannel;
import org.apache.kafka.common.record.internal.Records;

/**
 * A file behind one channel that many threads use. The JDK closes a channel under everybody when one of its threads is interrupted; a log must
 * not fail for that, so the channel is opened again, and writes go to explicit positions, which makes repeating them harmless.
 */
final class ChannelFile implements LogFile {
    private volatile Path path;
    private volatile FileChannel channel;
    private volatile int sizeBytes;
    private volatile boolean closed;
    private Runnable onClose = () -> {};

    ChannelFile(Path path) throws IOException {
        this.path = path;
        this.channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        this.sizeBytes = Math.toIntExact(Files.size(path));
    }

    void movedTo(Path newPath) {
        path = newPath;
    }

    void onClose(Runnable action) {
        onClose = action;
    }

    @Override
    public int sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void append(ByteBuffer bytes) throws IOException {
        int start = sizeBytes;
        int length = bytes.remaining();
        retrying(open -> {
            ByteBuffer rest = bytes.duplicate();
            while (rest.hasRemaining()) {
                open.write(rest, start + (long) (length - rest.remaining()));
            }
            return length;
        });
        sizeBytes = start + length;
    }

    @Override
    public int read(int position, ByteBuffer target) throws IOException {
        int from = target.position();
        return retrying(open -> {
            target.position(from);
            int read = 0;
            while (target.hasRemaining() && read >= 0) {
                read = open.read(target, position + (long) (target.position() - from));
            }
            return target.position() - from;
        });
    }

    @Override
    public Records slice(int position, int sliceBytes) {
        return new FileSlice(this, position, sliceBytes);
    }

    /** Sends bytes to a socket without bringing them into this process; returns how many it took. */
    int transferTo(TransferableChannel target, int position, int length) throws IOException {
        while (true) {
            FileChannel open = openChannel();
            try {
                return (int) target.transferFrom(open, position, length);
            } catch (ClosedChannelException e) {
                // Either the socket is gone or this thread is to end, both of which the caller must see, or another thread was interrupted.
                if (closed || !target.isOpen() || Thread.currentThread().isInterrupted() || open.isOpen()) {
                    throw e;
                }
            }
        }
    }

    @Override
    public void truncateTo(int newSizeBytes) throws IOException {
        retrying(open -> {
            open.truncate(newSizeBytes);
            open.force(true);
            return newSizeBytes;
        });
        sizeBytes = newSizeBytes;
    }

    @Override
    public void flush() throws IOException {
        retrying(open -> {
            open.force(true);
            return 0;
        });
    }

    @Override
    public synchronized void close() throws IOException {
        if (!closed) {
            closed = true;
            channel.close();
            onClose.run();
        }
    }

    private interface ChannelUse {
        int run(FileChannel open) throws IOException;
    }

    private int retrying(ChannelUse use) throws IOException {
        return Uninterrupted.call(() -> {
            while (true) {
                try {
                    return use.run(openChannel());
                } catch (ClosedByInterruptException e) {
                    throw e;
                } catch (ClosedChannelException e) {
                    // Another thread was interrupted.
                    if (closed) {
                        throw e;
                    }
                }
            }
        });
    }

    private FileChannel openChannel() throws IOException {
        FileChannel present = channel;
        return present.isOpen() ? present : reopen();
    }

    private synchronized FileChannel reopen() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        if (!channel.isOpen()) {
            channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        }
        return channel;
    }
}
