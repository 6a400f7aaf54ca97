package io.millrace.broker.log;

/**
 * Where a leader epoch ends in this log (KIP-101, KIP-279).
 *
 * @param leaderEpoch the greatest epoch at or below the one asked for, or -1 when the one asked for is not known here
 * @param endOffset   the first offset after that epoch, or -1
 */
public record EpochEndOffset(int leaderEpoch, long endOffset) {
    static final EpochEndOffset UNKNOWN = new EpochEndOffset(-1, -1);
}
