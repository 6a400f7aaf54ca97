package io.millrace.broker.log;

/**
 * What the data directory's checkpoints know about a log before it is opened.
 *
 * @param cleanShutdown  whether the log was closed in order, so that its files can be trusted as they are
 * @param recoveryPoint  everything before this offset was flushed
 * @param logStartOffset the log's start, which record deletion may have moved past the first segment's
 * @param highWatermark  the last one written down; it may be behind
 */
public record LogOpening(boolean cleanShutdown, long recoveryPoint, long logStartOffset, long highWatermark) {
    /** Nothing is known: everything in the folder is checked. */
    public static final LogOpening UNKNOWN = new LogOpening(false, 0, 0, 0);
}
