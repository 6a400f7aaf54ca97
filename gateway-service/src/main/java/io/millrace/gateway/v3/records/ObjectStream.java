package io.millrace.gateway.v3.records;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.memory.StreamMemory;
import io.millrace.gateway.memory.StreamShare;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/**
 * Finds the JSON objects that a body has one after the other, with or without white space between them. Looks at brackets and strings
 * alone: an object that is malformed within has an end all the same, and what follows is not lost. Holds no more than one longest object;
 * of a longer one nothing is kept but where it ends. What it holds beyond the first read is counted, waited for, and given back as soon as
 * the large object that needed it was passed.
 *
 * <pre>
 *   while (stream.fill()) { while (stream.next()) { ... stream.bytes(), stream.start(), stream.end() ... } }
 * </pre>
 */
final class ObjectStream {
    private static final StreamMemory UNCOUNTED = new StreamMemory(Long.MAX_VALUE, Duration.ZERO, "nobody");

    private final InputStream in;
    private final int readBytes;
    private final int longestBytes;
    private final StreamShare memory;
    private byte[] buffer;
    private int limit;
    private int at;
    /** Of everything before the buffer. */
    private long passedBytes;
    private boolean ended;
    /** All of the body is in the buffer from the beginning. */
    private final boolean isWhole;
    private int depth;
    private boolean inString;
    private boolean afterBackslash;
    private int start;
    private int end;
    private boolean dropping;
    private boolean foundTooLong;

    /**
     * @param readBytes    how much is taken in at a time at the most, while it comes
     * @param longestBytes of an object
     * @param memory       which has as much for the first read already
     */
    ObjectStream(InputStream in, int readBytes, int longestBytes, StreamShare memory) {
        this.in = in;
        this.readBytes = Math.min(readBytes, longestBytes);
        this.longestBytes = longestBytes;
        this.memory = memory;
        this.isWhole = false;
        this.buffer = new byte[this.readBytes];
    }

    private ObjectStream(byte[] whole, int length) {
        this.memory = UNCOUNTED.open(0);
        this.in = InputStream.nullInputStream();
        this.readBytes = 0;
        this.longestBytes = length;
        this.buffer = whole;
        this.limit = length;
        this.isWhole = true;
    }

    /** The objects of a body that is there, which is not copied, nor counted. */
    static ObjectStream of(byte[] whole, int length) {
        return new ObjectStream(whole, length);
    }

    /**
     * Waits for more of the body, then takes what is there already. What was found before is gone.
     *
     * @return false at the end
     * @throws RefusedException with {@code MALFORMED_BODY} where the body ends within an object, {@code QUEUE_FULL} where there is no memory
     *                          for a large one, or it does not come to its end, for too long
     */
    boolean fill() throws IOException, InterruptedException {
        if (ended) {
            return refuseHalfAnObject();
        }
        if (isWhole) {
            ended = true;
            return limit > 0;
        }
        makeRoom();
        int before = limit;
        int target = Math.min(buffer.length, limit + readBytes);
        do {
            int read = in.read(buffer, limit, target - limit);
            if (read < 0) {
                ended = true;
                return limit > before || refuseHalfAnObject();
            }
            limit += read;
            memory.checkProgress();
        } while (limit < target && in.available() > 0);
        return true;
    }

    private boolean refuseHalfAnObject() {
        if (depth > 0) {
            throw malformed("the body ends within an object");
        }
        return false;
    }

    private void makeRoom() throws InterruptedException {
        int keptFrom = depth > 0 && !dropping ? start : at;
        if (limit - keptFrom >= longestBytes) {
            dropping = true;
            keptFrom = at;
        }
        int keptBytes = limit - keptFrom;
        int wanted = (int) Math.min((long) keptBytes + readBytes, longestBytes);
        boolean isTooSmall = wanted > buffer.length;
        boolean isTooLarge = wanted == readBytes && buffer.length > readBytes;
        byte[] target = buffer;
        if (isTooSmall || isTooLarge) {
            int capacity = isTooLarge ? readBytes : (int) Math.min(2L * wanted, longestBytes);
            if (isTooSmall) {
                memory.reserve(capacity - buffer.length);
            }
            target = new byte[capacity];
        }
        System.arraycopy(buffer, keptFrom, target, 0, keptBytes);
        if (isTooLarge) {
            memory.release(buffer.length - target.length);
        }
        buffer = target;
        passedBytes += keptFrom;
        limit -= keptFrom;
        at -= keptFrom;
        start = 0;
    }

    /**
     * Goes on to the next object that is whole.
     *
     * @return false when more of the body is needed
     * @throws RefusedException with {@code MALFORMED_BODY} where there is no object
     */
    boolean next() {
        while (at < limit) {
            byte b = buffer[at++];
            if (inString) {
                passInString(b);
                continue;
            }
            switch (b) {
                case '{' -> {
                    if (depth++ == 0) {
                        start = at - 1;
                    }
                }
                case '}', ']' -> {
                    if (depth > 0 && --depth == 0) {
                        end = at;
                        foundTooLong = dropping || end - start > longestBytes;
                        dropping = false;
                        return true;
                    }
                    requireWithin();
                }
                case '[' -> {
                    requireWithin();
                    depth++;
                }
                case '"' -> {
                    requireWithin();
                    inString = true;
                }
                case ' ', '\t', '\r', '\n' -> {}
                default -> requireWithin();
            }
        }
        return false;
    }

    private void passInString(byte b) {
        if (afterBackslash) {
            afterBackslash = false;
        } else if (b == '\\') {
            afterBackslash = true;
        } else if (b == '"') {
            inString = false;
        }
    }

    private void requireWithin() {
        if (depth == 0) {
            at--;
            throw malformed("expected an object");
        }
    }

    /** The array that the object found last is in. */
    byte[] bytes() {
        return buffer;
    }

    int start() {
        return start;
    }

    int end() {
        return end;
    }

    /** Whether the object found last was too long to be kept. */
    boolean isTooLong() {
        return foundTooLong;
    }

    private RefusedException malformed(String what) {
        return new RefusedException(ErrorCode.MALFORMED_BODY, what + ", at byte " + (passedBytes + at)
                + "; nothing after it is read");
    }
}
