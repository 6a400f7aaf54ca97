package io.millrace.gateway.read;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.CorruptBatchException;
import io.millrace.common.record.RecordCursor;
import io.millrace.gateway.answers.AnswerBody;
import io.millrace.gateway.answers.AnswerShare;
import io.millrace.gateway.records.RecordJsonWriter;
import java.nio.ByteBuffer;

/** The answer of one read as it grows, and where the next one begins. */
final class PartitionAnswer {
    private final AnswerShare share;
    private final AnswerBody body;
    private final RecordJsonWriter writer;
    private final int budgetBytes;
    private long nextOffset;

    /**
     * @param writer      set to the partition
     * @param fromOffset  where reading begins
     * @param budgetBytes what the records may take by their stored size; a first record that is larger is given nevertheless (KIP-74)
     */
    PartitionAnswer(AnswerShare share, RecordJsonWriter writer, long fromOffset, int budgetBytes) {
        this.share = share;
        this.body = new AnswerBody(share);
        this.writer = writer;
        this.nextOffset = fromOffset;
        this.budgetBytes = budgetBytes;
    }

    AnswerBody body() {
        return body;
    }

    int budgetBytes() {
        return budgetBytes;
    }

    /** Behind the records that were added, and what is passed over after them. */
    long nextOffset() {
        return nextOffset;
    }

    /**
     * Adds what was fetched from the next offset, as far as there is room. Refused when there is none for the first record, or it cannot be
     * read.
     */
    void addAll(ByteBuffer fetched) {
        var records = new RecordCursor(fetched, nextOffset, share.batches());
        try {
            if (!addAll(records)) {
                return;
            }
        } catch (CorruptBatchException e) {
            if (body.records() == 0) {
                throw new RefusedException(ErrorCode.STORAGE_FAILED, "the records from offset " + nextOffset
                        + " on cannot be read: " + e.getMessage(), e);
            }
            return;
        }
        nextOffset = records.nextOffset();
        if (records.isStarved()) {
            requireRecord();
        }
    }

    /** Returns false when there is no room for all. */
    private boolean addAll(RecordCursor records) {
        long usedBytes = 0;
        while (records.next()) {
            usedBytes += records.sizeBytes();
            if (usedBytes > budgetBytes && body.records() > 0) {
                return false;
            }
            if (!body.add(writer, records)) {
                requireRecord();
                return false;
            }
            nextOffset = records.nextOffset();
        }
        return true;
    }

    private void requireRecord() {
        if (body.records() == 0) {
            throw share.refusal();
        }
    }
}
