package io.millrace.broker.log;

import io.millrace.broker.log.RecordScan.BadRecord;
import io.millrace.common.metadata.TopicConfig;
import io.millrace.common.record.RequestKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;

/**
 * Checks what a producer sent before it may enter a log: everything that can be decided from the bytes alone, so it needs no lock. Nothing is
 * copied or re-encoded; timestamps are corrected in place.
 */
final class ProduceCheck {

    /** A batch at its position in the producer's buffer. */
    record PlacedBatch(int position, BatchHeader header) {}

    /** Either the batches, or why none of them is taken. */
    sealed interface Outcome {
        record Accepted(List<PlacedBatch> batches) implements Outcome {}

        record Rejected(AppendResult.Refused refusal) implements Outcome {}
    }

    private final TopicConfig config;
    private final DecompressionBuffers buffers;
    private final long nowMs;

    ProduceCheck(TopicConfig config, DecompressionBuffers buffers, long nowMs) {
        this.config = config;
        this.buffers = buffers;
        this.nowMs = nowMs;
    }

    /** @param bytes positioned at 0 */
    Outcome check(ByteBuffer bytes) {
        List<PlacedBatch> batches = new ArrayList<>(1);
        int position = 0;
        while (position < bytes.limit()) {
            AppendResult.Refused refusal = checkFrame(bytes, position, batches.size());
            if (refusal != null) {
                return new Outcome.Rejected(refusal);
            }
            BatchHeader header = BatchHeader.read(bytes, position);
            refusal = checkHeader(header, batches.size());
            if (refusal == null && !header.checksumHolds(bytes, position)) {
                refusal = AppendResult.Refused.batch(Errors.CORRUPT_MESSAGE, batches.size(),
                        "the batch's checksum does not match its bytes");
            }
            if (refusal != null) {
                return new Outcome.Rejected(refusal);
            }
            try {
                long maxTimestamp = scan(bytes, position, header);
                batches.add(new PlacedBatch(position, settleTimestamp(bytes, position, header, maxTimestamp)));
            } catch (BadRecord e) {
                return new Outcome.Rejected(new AppendResult.Refused(e.error(), String.valueOf(e.getMessage()), batches
                        .size(), e.recordIndex()));
            }
            position += header.sizeBytes();
        }
        if (batches.isEmpty()) {
            return new Outcome.Rejected(AppendResult.Refused.batch(Errors.INVALID_RECORD, -1,
                    "there is no batch to append"));
        }
        if (batches.size() > 1 && batches.stream().anyMatch(batch -> batch.header().hasProducerId())) {
            return new Outcome.Rejected(AppendResult.Refused.batch(Errors.INVALID_RECORD, 1,
                    "an idempotent producer appends one batch at a time"));
        }
        return new Outcome.Accepted(batches);
    }

    /** The batch of a request under a key, if the bytes are one that is whole: who looks for it takes nothing from bytes that are refused. */
    static @Nullable BatchHeader underKey(ByteBuffer bytes) {
        if (bytes.limit() < BatchHeader.SIZE_BYTES || bytes.get(
                BatchHeader.MAGIC_OFFSET) != RecordBatch.MAGIC_VALUE_V2
                || bytes.getInt(8) + (long) BatchHeader.LENGTH_PREFIX_BYTES != bytes.limit()) {
            return null;
        }
        BatchHeader header = BatchHeader.read(bytes, 0);
        return RequestKey.isProducerIdOfKey(header.producerId()) && header.checksumHolds(bytes, 0) ? header : null;
    }

    private AppendResult.@Nullable Refused checkFrame(ByteBuffer bytes, int position, int batchIndex) {
        int left = bytes.limit() - position;
        if (left < BatchHeader.MAGIC_OFFSET + 1) {
            return AppendResult.Refused.batch(Errors.CORRUPT_MESSAGE, batchIndex,
                    "the records end within a batch's header");
        }
        byte magic = bytes.get(position + BatchHeader.MAGIC_OFFSET);
        if (magic != RecordBatch.MAGIC_VALUE_V2) {
            return AppendResult.Refused.batch(magic == 0 || magic == 1 ? Errors.UNSUPPORTED_FOR_MESSAGE_FORMAT
                    : Errors.CORRUPT_MESSAGE, batchIndex,
                    "only message format 2 is taken, not " + magic);
        }
        long sizeBytes = bytes.getInt(position + 8) + (long) BatchHeader.LENGTH_PREFIX_BYTES;
        if (sizeBytes < BatchHeader.SIZE_BYTES || sizeBytes > left) {
            return AppendResult.Refused.batch(Errors.CORRUPT_MESSAGE, batchIndex, "the batch declares " + sizeBytes
                    + " bytes where " + left + " are");
        }
        if (sizeBytes > config.maxMessageBytes()) {
            return AppendResult.Refused.batch(Errors.MESSAGE_TOO_LARGE, batchIndex,
                    "the batch has " + sizeBytes + " bytes, more than max.message.bytes = " + config.maxMessageBytes());
        }
        return null;
    }

    private AppendResult.@Nullable Refused checkHeader(BatchHeader header, int batchIndex) {
        if (header.baseOffset() != 0) {
            return invalid(batchIndex, "the base offset of a produced batch must be 0, not " + header.baseOffset());
        }
        if (header.lastOffsetDelta() < 0 || header.recordCount() <= 0) {
            return invalid(batchIndex, "the batch counts " + header.recordCount() + " records up to offset " + header
                    .lastOffsetDelta());
        }
        if (header.recordCount() != header.lastOffsetDelta() + 1L) {
            return invalid(batchIndex, "the batch counts " + header.recordCount() + " records but its last offset is "
                    + header.lastOffsetDelta());
        }
        if (header.isControl()) {
            return invalid(batchIndex, "clients may not write control batches");
        }
        if (header.isTransactional()) {
            return AppendResult.Refused.batch(Errors.INVALID_TXN_STATE, batchIndex, "transactions are not available");
        }
        if (header.hasProducerId() && (header.baseSequence() < 0 || header.producerEpoch() < 0)) {
            return invalid(batchIndex, "producer " + header.producerId() + " sent epoch " + header.producerEpoch()
                    + " and sequence "
                    + header.baseSequence() + ", which may not be negative");
        }
        if (header.timestampType() == TimestampType.LOG_APPEND_TIME) {
            return AppendResult.Refused.batch(Errors.INVALID_TIMESTAMP, batchIndex,
                    "a producer may not set the timestamp type to LogAppendTime");
        }
        if (header.compressionId() > CompressionType.ZSTD.id) {
            return AppendResult.Refused.batch(Errors.UNSUPPORTED_COMPRESSION_TYPE, batchIndex, "unknown compression "
                    + header.compressionId());
        }
        return null;
    }

    private static AppendResult.Refused invalid(int batchIndex, String message) {
        return AppendResult.Refused.batch(Errors.INVALID_RECORD, batchIndex, message);
    }

    private long scan(ByteBuffer bytes, int position, BatchHeader header) throws BadRecord {
        int from = position + BatchHeader.SIZE_BYTES;
        int sizeBytes = header.sizeBytes() - BatchHeader.SIZE_BYTES;
        try {
            if (header.compressionId() == CompressionType.NONE.id) {
                return RecordScan.inPlace(bytes, from, sizeBytes).walk(header, rules());
            }
            return scanCompressed(bytes.slice(from, sizeBytes), header);
        } catch (Unpacking.TooLarge e) {
            throw new BadRecord(Errors.MESSAGE_TOO_LARGE, -1, String.valueOf(e.getMessage()));
        } catch (VirtualMachineError e) {
            throw e;
        } catch (IOException | RuntimeException | Error e) {
            // Decompressors answer damaged input with whatever their library throws, errors among it.
            throw new BadRecord(Errors.INVALID_RECORD, -1, "the batch does not decompress: " + e.getMessage());
        }
    }

    private long scanCompressed(ByteBuffer compressed, BatchHeader header) throws BadRecord, IOException {
        DecompressionBuffers.Lent lent = buffers.borrow();
        try (Unpacking source = Unpacking.open(compressed, header.compressionId(), header.sizeBytes(), buffers, lent)) {
            return RecordScan.streamed(source, lent.window).walk(header, rules());
        } finally {
            buffers.giveBack(lent);
        }
    }

    private RecordScan.Rules rules() {
        if (config.timestampType() == TimestampType.LOG_APPEND_TIME) {
            return new RecordScan.Rules(config.compact(), Long.MIN_VALUE, Long.MAX_VALUE, false);
        }
        long earliest = config.timestampBeforeMaxMs() > nowMs ? Long.MIN_VALUE : nowMs - config.timestampBeforeMaxMs();
        long latest = config.timestampAfterMaxMs() > Long.MAX_VALUE - nowMs ? Long.MAX_VALUE
                : nowMs + config.timestampAfterMaxMs();
        return new RecordScan.Rules(config.compact(), earliest, latest, false);
    }

    private BatchHeader settleTimestamp(ByteBuffer bytes, int position, BatchHeader header, long maxTimestamp) {
        if (config.timestampType() == TimestampType.LOG_APPEND_TIME) {
            return BatchHeader.rewriteTimestamp(bytes, position, TimestampType.LOG_APPEND_TIME, nowMs);
        }
        return header.maxTimestamp() == maxTimestamp ? header
                : BatchHeader.rewriteTimestamp(bytes, position, TimestampType.CREATE_TIME, maxTimestamp);
    }
}
