package io.millrace.broker.log;

/**
 * Bytes that a log lost when it was opened.
 *
 * @param file       the segment's file that was cut, or removed
 * @param bytes      how many of its bytes are gone
 * @param fromOffset the log held nothing at or after this offset that could be kept of the file
 */
public record Discarded(String file, int bytes, long fromOffset, Reason reason) {

    /** Why bytes are discarded. */
    public enum Reason {
        /** What follows the last whole batch with the right checksum, as a crash leaves it. */
        TORN_TAIL,
        /** As {@link #TORN_TAIL}, in a segment that had been flushed to its end: the disk or somebody changed it. */
        DAMAGED,
        /** Does not follow what is left of the segment before it. */
        DETACHED,
        /** The log starts behind the last record that was recovered. */
        BEFORE_LOG_START
    }
}
