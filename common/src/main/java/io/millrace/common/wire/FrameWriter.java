package io.millrace.common.wire;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageSizeAccumulator;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.RequestHeader;

/** Encodes a request as a size-prefixed frame whose records are not copied but take their place between slices of the rest. */
final class FrameWriter extends ByteBufferAccessor {
    private final List<ByteBuffer> parts = new ArrayList<>(3);
    private int partStart;

    private FrameWriter(int sizeWithoutRecords) {
        super(ByteBuffer.allocate(sizeWithoutRecords));
    }

    static ByteBuffer[] frame(RequestHeader header, AbstractRequest request) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        MessageSizeAccumulator size = new MessageSizeAccumulator();
        ApiMessage body = request.data();
        header.data().addSize(size, cache, header.headerVersion());
        body.addSize(size, cache, header.apiVersion());
        FrameWriter writer = new FrameWriter(Integer.BYTES + size.sizeExcludingZeroCopy());
        writer.writeInt(size.totalSize());
        header.data().write(writer, cache, header.headerVersion());
        body.write(writer, cache, header.apiVersion());
        writer.endPart();
        return writer.parts.toArray(ByteBuffer[]::new);
    }

    @Override
    public void writeRecords(BaseRecords records) {
        if (!(records instanceof MemoryRecords memory)) {
            throw new IllegalArgumentException("a request carries records in memory, not " + records.getClass()
                    .getSimpleName());
        }
        endPart();
        parts.add(memory.buffer());
    }

    @Override
    public void writeByteBuffer(ByteBuffer bytes) {
        endPart();
        parts.add(bytes.duplicate());
    }

    private void endPart() {
        ByteBuffer buffer = buffer();
        if (buffer.position() > partStart) {
            parts.add(buffer.slice(partStart, buffer.position() - partStart));
            partStart = buffer.position();
        }
    }
}
