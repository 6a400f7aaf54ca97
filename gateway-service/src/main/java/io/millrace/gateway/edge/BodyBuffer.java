package io.millrace.gateway.edge;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** A body that is taken whole, counted while it is large. Can be reused from request to request; one thread's own. */
public final class BodyBuffer implements AutoCloseable {
    private static final int INITIAL_BYTES = 8 * 1024;

    private final BodyMemory memory;
    /** Kept from request to request, for whoever keeps this object. */
    private byte[] bytes = new byte[INITIAL_BYTES];
    private int length;
    private long reservedBytes;
    private long reservedForMoreBytes;

    public BodyBuffer(BodyMemory memory) {
        this.memory = memory;
    }

    /** The body is at the beginning. */
    public byte[] bytes() {
        return bytes;
    }

    public int length() {
        return length;
    }

    /**
     * Reads the whole body in the place of what was there.
     *
     * @param announcedBytes {@code Content-Length}, or -1
     * @throws RefusedException with {@code BODY_TOO_LARGE}, by the announced length before anything is read, or {@code QUEUE_FULL} when
     *                          too many large bodies are being read
     */
    public void read(InputStream in, long announcedBytes, int limitBytes) throws IOException {
        if (announcedBytes > limitBytes) {
            throw tooLarge(limitBytes);
        }
        length = 0;
        while (announcedBytes < 0 || length < announcedBytes) {
            if (length == bytes.length) {
                // As bytes come: a client that announces much and sends nothing takes no memory.
                long mostBytes = announcedBytes < 0 ? limitBytes + 1L : announcedBytes;
                grow((int) Math.min(2L * length, mostBytes));
            }
            int read = in.read(bytes, length, bytes.length - length);
            if (read < 0) {
                return;
            }
            length += read;
            if (length > limitBytes) {
                throw tooLarge(limitBytes);
            }
            if (length > BodyMemory.SMALL_BODY_BYTES) {
                // The array may be large from an earlier body.
                count(bytes.length);
            }
        }
    }

    /** Adds bytes behind the body. @return where they begin */
    public int append(byte[] more) {
        int start = length;
        if (bytes.length - length < more.length) {
            // By half at least: many small ones must not copy the whole each.
            grow(Math.max(length + more.length, length + (length >> 1)));
        }
        System.arraycopy(more, 0, bytes, length, more.length);
        length += more.length;
        return start;
    }

    /** Counts so much more as is made of the body. @throws RefusedException with {@code QUEUE_FULL}, or {@code BODY_TOO_LARGE} if it never fits */
    public void reserve(long moreBytes) {
        memory.reserve(moreBytes, reservedBytes + reservedForMoreBytes);
        reservedForMoreBytes += moreBytes;
    }

    private void grow(int capacity) {
        if (capacity > BodyMemory.SMALL_BODY_BYTES) {
            count(capacity);
        }
        bytes = Arrays.copyOf(bytes, capacity);
    }

    private void count(int capacity) {
        if (capacity > reservedBytes) {
            memory.reserve(capacity - reservedBytes, reservedBytes + reservedForMoreBytes);
            reservedBytes = capacity;
        }
    }

    /** The body is not needed any more. */
    @Override
    public void close() {
        memory.release(reservedBytes + reservedForMoreBytes);
        reservedBytes = 0;
        reservedForMoreBytes = 0;
    }

    private static RefusedException tooLarge(int limitBytes) {
        return new RefusedException(ErrorCode.BODY_TOO_LARGE, "the body is larger than " + limitBytes + " bytes");
    }
}
