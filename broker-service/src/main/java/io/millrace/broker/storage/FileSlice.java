package io.millrace.broker.storage;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.network.TransferableChannel;
import org.apache.kafka.common.record.internal.AbstractRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.Records;
import org.apache.kafka.common.utils.AbstractIterator;

/** A range of a segment file, sent with {@code sendfile(2)}; its batches are read into memory only when somebody looks at them. */
final class FileSlice extends AbstractRecords {
    private final ChannelFile file;
    private final int start;
    private final int sizeBytes;

    FileSlice(ChannelFile file, int start, int sizeBytes) {
        this.file = file;
        this.start = start;
        this.sizeBytes = sizeBytes;
    }

    @Override
    public int sizeInBytes() {
        return sizeBytes;
    }

    @Override
    public int writeTo(TransferableChannel target, int position, int length) throws IOException {
        if (start + sizeBytes > file.sizeBytes()) {
            // Nothing would be transferred, for ever.
            throw new EOFException("the segment was truncated while it was sent");
        }
        return file.transferTo(target, start + position, Math.min(length, sizeBytes - position));
    }

    @Override
    public Iterable<? extends RecordBatch> batches() {
        return load().batches();
    }

    @Override
    public AbstractIterator<? extends RecordBatch> batchIterator() {
        return load().batchIterator();
    }

    @Override
    public Records slice(int position, int length) {
        if (position < 0 || position > sizeBytes || length < 0) {
            throw new IllegalArgumentException("no slice of " + length + " bytes at " + position + " in " + sizeBytes);
        }
        return new FileSlice(file, start + position, Math.min(length, sizeBytes - position));
    }

    private MemoryRecords load() {
        ByteBuffer bytes = ByteBuffer.allocate(sizeBytes);
        try {
            if (file.read(start, bytes) < sizeBytes) {
                throw new EOFException("the segment was truncated while it was read");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return MemoryRecords.readableRecords(bytes.flip());
    }
}
