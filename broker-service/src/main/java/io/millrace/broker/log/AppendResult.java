package io.millrace.broker.log;

import org.apache.kafka.common.protocol.Errors;

/** What became of an append. All batches of one append share one fate. */
public sealed interface AppendResult {

    /**
     * @param baseOffset      of the first record
     * @param lastOffset      of the last record
     * @param logAppendTimeMs the time the records were stamped with, or -1 when they keep their producer's
     * @param logStartOffset  of the partition
     */
    record Appended(long baseOffset, long lastOffset, long logAppendTimeMs, long logStartOffset)
            implements
                AppendResult {}

    /** The batch is in the log already; the figures are those of its first arrival (KIP-98). */
    record Duplicate(long baseOffset, long lastOffset, long logAppendTimeMs, long logStartOffset)
            implements
                AppendResult {}

    /**
     * Nothing was stored.
     *
     * @param batchIndex  the offending batch within the append, or -1
     * @param recordIndex the offending record within that batch, or -1 when it is the batch as a whole (KIP-467)
     */
    record Refused(Errors error, String message, int batchIndex, int recordIndex) implements AppendResult {
        static Refused batch(Errors error, int batchIndex, String message) {
            return new Refused(error, message, batchIndex, -1);
        }
    }
}
