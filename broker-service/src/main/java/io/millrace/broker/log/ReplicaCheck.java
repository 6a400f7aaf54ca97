package io.millrace.broker.log;

import io.millrace.broker.log.ProduceCheck.Outcome;
import io.millrace.broker.log.ProduceCheck.PlacedBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.RecordBatch;

/** Checks what a leader sent to its follower: frames, checksums and rising offsets. The records themselves were checked by the leader. */
final class ReplicaCheck {
    private ReplicaCheck() {}

    /** The buffer's limit is lowered to the end of the last whole batch. */
    static Outcome check(ByteBuffer bytes) {
        List<PlacedBatch> batches = new ArrayList<>();
        int position = 0;
        long nextOffset = 0;
        while (bytes.limit() - position >= BatchHeader.SIZE_BYTES) {
            BatchHeader header = BatchHeader.read(bytes, position);
            if (header.magic() != RecordBatch.MAGIC_VALUE_V2 || header.sizeBytes() < BatchHeader.SIZE_BYTES) {
                return corrupt(batches.size(), "the bytes at position " + position + " are no batch");
            }
            if (header.sizeBytes() > bytes.limit() - position) {
                break;
            }
            if (!header.checksumHolds(bytes, position)) {
                return corrupt(batches.size(), "the checksum of the batch at offset " + header.baseOffset()
                        + " does not match its bytes");
            }
            if (header.baseOffset() < nextOffset || header.lastOffsetDelta() < 0) {
                return corrupt(batches.size(), "the batch at offset " + header.baseOffset() + " does not follow offset "
                        + (nextOffset - 1));
            }
            batches.add(new PlacedBatch(position, header));
            nextOffset = header.nextOffset();
            position += header.sizeBytes();
        }
        bytes.limit(position);
        return batches.isEmpty() ? corrupt(-1, "there is no whole batch to append") : new Outcome.Accepted(batches);
    }

    private static Outcome corrupt(int batchIndex, String message) {
        return new Outcome.Rejected(AppendResult.Refused.batch(Errors.CORRUPT_MESSAGE, batchIndex, message));
    }
}
