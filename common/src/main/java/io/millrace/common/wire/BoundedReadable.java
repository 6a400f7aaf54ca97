package io.millrace.common.wire;

import java.nio.ByteBuffer;
import org.apache.kafka.common.protocol.ByteBufferAccessor;

/**
 * Reads a request with a bound on the length that any of its arrays may claim. The generated readers make room for as many
 * elements as an array claims once that is not above {@code remaining()}, which in a frame of 100 MiB would be 100 million.
 */
final class BoundedReadable extends ByteBufferAccessor {
    static final int MAX_ARRAY_LENGTH = 1_000_000;

    BoundedReadable(ByteBuffer frame) {
        super(frame);
    }

    @Override
    public int remaining() {
        return Math.min(super.remaining(), MAX_ARRAY_LENGTH);
    }
}
