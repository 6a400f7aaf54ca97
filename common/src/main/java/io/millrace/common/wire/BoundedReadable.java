package io.millrace.common.wire;

import java.nio.ByteBuffer;
import org.apache.kafka.common.protocol.ByteBufferAccessor;

/**
 * Reads a request with a bound on the elements that its arrays may claim, all together. The generated readers make room for as many
 * elements as an array claims once that is not above {@code remaining()}, which in a frame of 100 MiB would be 100 million; and an
 * element of a byte may become an object of a hundred.
 */
final class BoundedReadable extends ByteBufferAccessor {
    static final int MAX_ELEMENTS = 1_000_000;

    private int elementsLeft = MAX_ELEMENTS;
    /** What was read as a number just now: the readers ask for {@link #remaining} when that was an array's length. */
    private int claimed;

    BoundedReadable(ByteBuffer frame) {
        super(frame);
    }

    @Override
    public int readInt() {
        claimed = super.readInt();
        return claimed;
    }

    @Override
    public int readUnsignedVarint() {
        int number = super.readUnsignedVarint();
        // Where it stands before an array it is one more than that has elements.
        claimed = number - 1;
        return number;
    }

    @Override
    public int remaining() {
        int bound = Math.min(super.remaining(), elementsLeft);
        elementsLeft -= Math.clamp(claimed, 0, elementsLeft);
        claimed = 0;
        return bound;
    }
}
