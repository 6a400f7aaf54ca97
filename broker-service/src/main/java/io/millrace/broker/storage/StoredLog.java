package io.millrace.broker.storage;

import io.millrace.broker.log.PartitionLog;
import java.util.concurrent.Executor;
import org.apache.kafka.common.Uuid;

/** A log with its place in the data directory. */
final class StoredLog {
    private final PartitionFolder folder;
    private final Uuid topicId;
    private final DirectoryLogStore store;
    private final PartitionLog log;
    private final GroupFlush groupFlush;
    private volatile long lastFlushMs;

    StoredLog(PartitionFolder folder, Uuid topicId, DirectoryLogStore store, PartitionLog log, Executor flushExecutor,
            long nowMs) {
        this.folder = folder;
        this.topicId = topicId;
        this.store = store;
        this.log = log;
        this.groupFlush = new GroupFlush(log, flushExecutor);
        this.lastFlushMs = nowMs;
    }

    PartitionFolder folder() {
        return folder;
    }

    Uuid topicId() {
        return topicId;
    }

    DirectoryLogStore store() {
        return store;
    }

    PartitionLog log() {
        return log;
    }

    GroupFlush groupFlush() {
        return groupFlush;
    }

    /** Whether {@code flush.ms} is over, or a sealed segment waits to be flushed, so that recovery never reads more than the last segment. */
    boolean isFlushDue(long nowMs) {
        boolean unflushed = log.recoveryPoint() < log.logEndOffset();
        if (!unflushed || log.failed()) {
            return false;
        }
        return nowMs - lastFlushMs >= log.config().flushMs() || log.recoveryPoint() < log.activeSegmentBaseOffset();
    }

    void flushInBackground(long nowMs) {
        lastFlushMs = nowMs;
        groupFlush.flush();
    }
}
