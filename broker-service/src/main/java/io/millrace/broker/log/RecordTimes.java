package io.millrace.broker.log;

import io.millrace.broker.log.RecordScan.BadRecord;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;

/** Offsets and times of the records of stored batches, without an object for a record or an array for what a batch unpacks to. */
final class RecordTimes {
    /** Hears of records, one after the other. */
    interface Visitor {
        /** @return whether to go on */
        boolean visit(long offset, long timestampMs);
    }

    private final LogFile file;
    private final DecompressionBuffers buffers;

    RecordTimes(LogFile file, DecompressionBuffers buffers) {
        this.file = file;
        this.buffers = buffers;
    }

    /** @throws CorruptRecordException where the batch cannot be read */
    void visit(int position, BatchHeader header, Visitor visitor) throws IOException {
        ByteBuffer records = records(position, header);
        RecordScan.Visitor visits = header.timestampType() == TimestampType.LOG_APPEND_TIME
                ? (delta, _) -> visitor.visit(header.baseOffset() + delta, header.maxTimestamp())
                : (delta, timestampMs) -> visitor.visit(header.baseOffset() + delta, timestampMs);
        try {
            if (header.compressionId() == CompressionType.NONE.id) {
                RecordScan.inPlace(records, 0, records.limit()).visit(header, visits);
            } else {
                unpack(records, header, visits);
            }
        } catch (VirtualMachineError e) {
            throw e;
        } catch (BadRecord | IOException | RuntimeException | Error e) {
            // Of the batch, not of the disk: the file was read before.
            throw new CorruptRecordException("the batch at offset " + header.baseOffset() + " cannot be read: " + e
                    .getMessage(), e);
        }
    }

    private void unpack(ByteBuffer records, BatchHeader header, RecordScan.Visitor visitor) throws BadRecord,
            IOException {
        DecompressionBuffers.Lent lent = buffers.borrow();
        try (Unpacking source = Unpacking.open(records, header.compressionId(), header.sizeBytes(), buffers, lent)) {
            RecordScan.streamed(source, lent.window).visit(header, visitor);
        } finally {
            buffers.giveBack(lent);
        }
    }

    private ByteBuffer records(int position, BatchHeader header) throws IOException {
        ByteBuffer records = ByteBuffer.allocate(header.sizeBytes() - BatchHeader.SIZE_BYTES);
        while (records.hasRemaining()) {
            if (file.read(position + BatchHeader.SIZE_BYTES + records.position(), records) <= 0) {
                throw new EOFException("the file ends within the batch at offset " + header.baseOffset());
            }
        }
        return records.flip();
    }
}
