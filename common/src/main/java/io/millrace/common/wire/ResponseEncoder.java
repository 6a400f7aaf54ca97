package io.millrace.common.wire;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.network.Send;
import org.apache.kafka.common.network.TransferableChannel;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageSizeAccumulator;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.TransferableRecords;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.ResponseHeader;

/**
 * Writes responses to a channel: small ones gather in a buffer and leave in one write, records included; large ones go out
 * piece by piece, with files sent by the kernel.
 */
final class ResponseEncoder {
    private final ByteBuffer gathered;
    private final TransferableChannel channel;

    /** @param scratch what small responses gather in */
    ResponseEncoder(ByteBuffer scratch, TransferableChannel channel) {
        this.gathered = scratch.clear();
        this.channel = channel;
    }

    void write(ResponseHeader header, AbstractResponse response, short version) throws IOException {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        MessageSizeAccumulator size = new MessageSizeAccumulator();
        ApiMessage body = response.data();
        header.data().addSize(size, cache, header.headerVersion());
        body.addSize(size, cache, version);
        int frameBytes = Integer.BYTES + size.totalSize();
        if (frameBytes > gathered.remaining()) {
            flush();
        }
        if (frameBytes <= gathered.remaining()) {
            CopyingWriter writer = new CopyingWriter(gathered);
            writer.writeInt(size.totalSize());
            header.data().write(writer, cache, header.headerVersion());
            body.write(writer, cache, version);
        } else {
            Send send = response.toSend(header, version);
            while (!send.completed()) {
                send.writeTo(channel);
            }
        }
    }

    void flush() throws IOException {
        gathered.flip();
        while (gathered.hasRemaining()) {
            channel.write(gathered);
        }
        gathered.clear();
    }

    /** Copies records into the buffer: for a few KiB one write costs less than three system calls. */
    private static final class CopyingWriter extends ByteBufferAccessor {
        CopyingWriter(ByteBuffer target) {
            super(target);
        }

        @Override
        public void writeRecords(BaseRecords records) {
            switch (records) {
                case MemoryRecords memory -> buffer().put(memory.buffer());
                case TransferableRecords transferable -> copy(transferable);
                default -> throw new IllegalArgumentException("records of the kind " + records.getClass().getName());
            }
        }

        private void copy(TransferableRecords records) {
            int bytes = records.sizeInBytes();
            ByteBuffer target = buffer();
            int end = target.position() + bytes;
            BufferChannel channel = new BufferChannel(target.slice(target.position(), bytes));
            try {
                int copied = 0;
                while (copied < bytes) {
                    copied += records.writeTo(channel, copied, bytes - copied);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            target.position(end);
        }
    }
}
