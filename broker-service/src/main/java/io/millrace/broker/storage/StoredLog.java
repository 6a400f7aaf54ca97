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
    /** Where the log starts by the checkpoint on disk. */
    private volatile long rememberedStart;

    StoredLog(PartitionFolder folder, Uuid topicId, DirectoryLogStore store, PartitionLog log, Executor flushExecutor,
            long nowMs) {
        this.folder = folder;
        this.topicId = topicId;
        this.store = store;
        this.log = log;
        this.groupFlush = new GroupFlush(log, flushExecutor);
        this.lastFlushMs = nowMs;
    }

    ReplicaName name() {
        return new ReplicaName(topicId, folder.partition());
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

    /** Whether a crash would leave the log's start where it is. */
    boolean startRemembered() {
        return rememberedStart == log.logStartOffset();
    }

    void startRemembered(long offset) {
        rememberedStart = offset;
    }

    /**
     * Starts an fsync that is due: of everything when {@code flush.ms} is over, else of sealed segments, so that recovery never reads more than
     * the last one.
     */
    void flushIfDue(long nowMs) {
        if (log.failed()) {
            return;
        }
        if (nowMs - lastFlushMs >= log.config().flushMs()) {
            lastFlushMs = nowMs;
            groupFlush.flush(log.logEndOffset());
        } else {
            groupFlush.flush(log.activeSegmentBaseOffset());
        }
    }
}
