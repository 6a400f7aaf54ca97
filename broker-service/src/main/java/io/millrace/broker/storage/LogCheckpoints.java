package io.millrace.broker.storage;

import io.millrace.broker.log.PartitionLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ToLongFunction;

/** What a data directory writes down of its logs beside them: recovery points, high watermarks, and where they start. */
final class LogCheckpoints {
    private final Collection<StoredLog> logs;
    private final OffsetCheckpoint recoveryPoints;
    private final OffsetCheckpoint highWatermarks;
    private final OffsetCheckpoint logStarts;
    /** Held while log starts are looked at and written, so that an older state never replaces a newer one. */
    private final Object logStartsLock = new Object();

    /** @param logs those that are there at the time, of which each writing tells */
    LogCheckpoints(Path root, Collection<StoredLog> logs) {
        this.logs = logs;
        this.recoveryPoints = new OffsetCheckpoint(root.resolve(OffsetCheckpoint.RECOVERY_POINTS));
        this.highWatermarks = new OffsetCheckpoint(root.resolve(OffsetCheckpoint.HIGH_WATERMARKS));
        this.logStarts = new OffsetCheckpoint(root.resolve(OffsetCheckpoint.LOG_STARTS));
    }

    /** How the logs are to be opened. */
    LogOpenings read(boolean clean) throws IOException {
        return new LogOpenings(clean, recoveryPoints.read(), highWatermarks.read(), logStarts.read());
    }

    /** Writes all of it down; one call at a time. */
    void write() throws IOException {
        recoveryPoints.write(offsets(PartitionLog::recoveryPoint));
        writeLogStarts();
        highWatermarks.write(offsets(PartitionLog::highWatermark));
    }

    /** Beside {@link #write}, too. */
    void writeLogStarts() throws IOException {
        synchronized (logStartsLock) {
            Map<StoredLog, Long> starts = new HashMap<>();
            logs.forEach(stored -> starts.put(stored, stored.log().logStartOffset()));
            Map<PartitionFolder, Long> byFolder = new HashMap<>();
            starts.forEach((stored, offset) -> byFolder.put(stored.folder(), offset));
            logStarts.write(byFolder);
            starts.forEach(StoredLog::startRemembered);
        }
    }

    private Map<PartitionFolder, Long> offsets(ToLongFunction<PartitionLog> offset) {
        Map<PartitionFolder, Long> offsets = new HashMap<>();
        for (StoredLog stored : logs) {
            offsets.put(stored.folder(), offset.applyAsLong(stored.log()));
        }
        return offsets;
    }
}
