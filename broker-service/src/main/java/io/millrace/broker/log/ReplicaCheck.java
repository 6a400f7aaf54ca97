package io.millrace.broker.log;

import io.millrace.broker.log.ProduceCheck.Outcome;
import io.millrace.broker.log.ProduceCheck.PlacedBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.RecordBatch;

/**
 * Checks what a leader sent to its follower: frames, checksums, rising offsets, and that nothing is of a later leader epoch. The records
 * themselves were checked by the leader.
 */
final class ReplicaCheck {
    private ReplicaCheck() {}

    /** The buffer's limit is lowered to the end of the last whole batch. */
    static Outcome check(ByteBuffer bytes, int leaderEpoch) {
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
            if (header.leaderEpoch() > leaderEpoch) {
                // The leader has followed another meanwhile, whose records now stand where it was read: they fit behind that one's, not behind ours.
                return refused(Errors.FENCED_LEADER_EPOCH, batches.size(), "the batch at offset " + header.baseOffset()
                        + " is of leader epoch " + header.leaderEpoch() + ", and was read in epoch " + leaderEpoch);
            }
            batches.add(new PlacedBatch(position, header));
            nextOffset = header.nextOffset();
            position += header.sizeBytes();
        }
        bytes.limit(position);
        return batches.isEmpty() ? corrupt(-1, "there is no whole batch to append") : new Outcome.Accepted(batches);
    }

    private static Outcome corrupt(int batchIndex, String message) {
        return refused(Errors.CORRUPT_MESSAGE, batchIndex, message);
    }

    private static Outcome refused(Errors error, int batchIndex, String message) {
        return new Outcome.Rejected(AppendResult.Refused.batch(error, batchIndex, message));
    }
}
