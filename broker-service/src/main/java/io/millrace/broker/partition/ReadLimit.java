package io.millrace.broker.partition;

/** How far a reader may read, and so what it waits for. */
public enum ReadLimit {
    /** Consumers: what is committed. */
    HIGH_WATERMARK,
    /** Followers: everything. */
    LOG_END
}
