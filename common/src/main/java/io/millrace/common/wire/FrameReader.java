package io.millrace.common.wire;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Cuts what a broker answers into frames: many small ones from one read, a large one straight into a buffer of its own. */
final class FrameReader {
    /** One read into the heap goes through a native buffer of this size at most. */
    private static final int MAX_READ_BYTES = 256 * 1024;
    private static final int PREFIX_BYTES = Integer.BYTES + Integer.BYTES;

    private final SocketChannel channel;
    private final ByteBuffer inbound;
    private final int maxFrameBytes;
    private int frameBytes;
    private int releasedAt;

    FrameReader(SocketChannel channel, int bufferBytes, int maxFrameBytes) {
        this.channel = channel;
        this.inbound = ByteBuffer.allocateDirect(bufferBytes).limit(0);
        this.maxFrameBytes = maxFrameBytes;
    }

    /**
     * Waits for a frame's beginning.
     *
     * @return the correlation id, which every response begins with
     */
    int awaitFrame() throws IOException {
        fill(PREFIX_BYTES);
        frameBytes = inbound.getInt(inbound.position());
        if (frameBytes < Integer.BYTES || frameBytes > maxFrameBytes) {
            throw new IOException("a response of " + frameBytes + " bytes, where " + maxFrameBytes + " is the limit");
        }
        return inbound.getInt(inbound.position() + Integer.BYTES);
    }

    /** Of the frame that {@link #awaitFrame} found, without its size. */
    int frameBytes() {
        return frameBytes;
    }

    /** Reads past the frame that {@link #awaitFrame} found, keeping nothing of it. */
    void skipFrame() throws IOException {
        long left = Integer.BYTES + (long) frameBytes;
        while (true) {
            int buffered = (int) Math.min(inbound.remaining(), left);
            inbound.position(inbound.position() + buffered);
            left -= buffered;
            if (left == 0) {
                return;
            }
            fill(1);
        }
    }

    /**
     * The whole frame that {@link #awaitFrame} found, without its size.
     *
     * @param owned true for a buffer that stays; false for one that {@link #releaseFrame} takes back where possible
     */
    ByteBuffer takeFrame(boolean owned) throws IOException {
        if (!owned && Integer.BYTES + frameBytes <= inbound.capacity()) {
            fill(Integer.BYTES + frameBytes);
            ByteBuffer frame = inbound.slice(inbound.position() + Integer.BYTES, frameBytes);
            releasedAt = inbound.position() + Integer.BYTES + frameBytes;
            return frame;
        }
        ByteBuffer frame = ByteBuffer.allocate(frameBytes);
        inbound.position(inbound.position() + Integer.BYTES);
        int buffered = Math.min(inbound.remaining(), frameBytes);
        frame.put(0, inbound, inbound.position(), buffered).position(buffered);
        inbound.position(inbound.position() + buffered);
        releasedAt = inbound.position();
        while (frame.position() < frameBytes) {
            frame.limit(Math.min(frameBytes, frame.position() + MAX_READ_BYTES));
            if (channel.read(frame) < 0) {
                throw new EOFException("the connection ended within a response");
            }
        }
        return frame.limit(frameBytes).position(0);
    }

    void releaseFrame() {
        inbound.position(releasedAt);
    }

    private void fill(int bytes) throws IOException {
        if (inbound.remaining() >= bytes) {
            return;
        }
        inbound.compact();
        try {
            while (inbound.position() < bytes) {
                if (channel.read(inbound) < 0) {
                    throw new EOFException("the connection ended");
                }
            }
        } finally {
            inbound.flip();
        }
    }
}
