package io.millrace.broker.log;

import io.millrace.broker.log.ProduceCheck.PlacedBatch;
import io.millrace.broker.log.TimeIndex.MaxTimestamp;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of the log: one file of batches with an offset index and a time index. Only the last segment of a log grows; it is sealed when the
 * log is rolled. Changed by the log's writer alone; readers may look up beside it, within a limit that the log has published.
 */
final class LogSegment {
    /** Batch headers are read in pieces of this size when a look-up walks from an index entry to its offset. */
    private static final int LOOKUP_WINDOW_BYTES = 1024;

    /** A batch's place in the file. */
    record Located(int position, BatchHeader header) {}

    /** Where whole batches end: the offset that follows them, and the size they take. */
    record Tail(long nextOffset, int validBytes) {}

    private final LogStore store;
    private final long baseOffset;
    private final LogFile file;
    private final OffsetIndex offsets;
    private final TimeIndex times;
    private final long createdMs;
    private volatile MaxTimestamp max = MaxTimestamp.NONE;
    private long firstTimestampMs = RecordBatch.NO_TIMESTAMP;
    private int bytesSinceIndexEntry;

    private LogSegment(LogStore store, long baseOffset, LogFile file, OffsetIndex offsets, TimeIndex times,
            long createdMs) {
        this.store = store;
        this.baseOffset = baseOffset;
        this.file = file;
        this.offsets = offsets;
        this.times = times;
        this.createdMs = createdMs;
    }

    /** A segment that may grow, with what its files hold already. */
    static LogSegment growing(LogStore store, long baseOffset, TopicConfig config, long nowMs) throws IOException {
        return growing(store, baseOffset, store.open(FileNames.of(baseOffset, FileNames.LOG)), config, nowMs);
    }

    static LogSegment growing(LogStore store, long baseOffset, LogFile file, TopicConfig config, long nowMs)
            throws IOException {
        IndexFile offsets = IndexFile.growing(store, FileNames.of(baseOffset, FileNames.OFFSET_INDEX),
                OffsetIndex.ENTRY_BYTES,
                config.segmentIndexBytes());
        // One entry is kept free for the one that sealing appends.
        IndexFile times = IndexFile.growing(store, FileNames.of(baseOffset, FileNames.TIME_INDEX),
                TimeIndex.ENTRY_BYTES,
                config.segmentIndexBytes() - TimeIndex.ENTRY_BYTES);
        return new LogSegment(store, baseOffset, file, new OffsetIndex(offsets, baseOffset), new TimeIndex(times,
                baseOffset), nowMs);
    }

    /** A complete segment; its indexes are read when they are first needed. */
    static LogSegment sealed(LogStore store, long baseOffset, LogFile file, int offsetIndexBytes, int timeIndexBytes,
            long nowMs)
            throws IOException {
        IndexFile offsets = IndexFile.sealed(store, FileNames.of(baseOffset, FileNames.OFFSET_INDEX),
                OffsetIndex.ENTRY_BYTES, offsetIndexBytes);
        IndexFile times = IndexFile.sealed(store, FileNames.of(baseOffset, FileNames.TIME_INDEX), TimeIndex.ENTRY_BYTES,
                timeIndexBytes);
        LogSegment segment = new LogSegment(store, baseOffset, file, new OffsetIndex(offsets, baseOffset),
                new TimeIndex(times, baseOffset), nowMs);
        segment.max = segment.times.last();
        return segment;
    }

    long baseOffset() {
        return baseOffset;
    }

    LogFile file() {
        return file;
    }

    int sizeBytes() {
        return file.sizeBytes();
    }

    MaxTimestamp maxTimestamp() {
        return max;
    }

    /** What retention by time goes by: the newest record, or the segment's own age when it holds none with a timestamp. */
    long newestMs() {
        long timestampMs = max.timestampMs();
        return timestampMs >= 0 ? timestampMs : createdMs;
    }

    boolean mustRollBefore(int appendBytes, long appendMaxTimestampMs, long appendLastOffset, TopicConfig config,
            long jitterMs, long nowMs) {
        int sizeBytes = sizeBytes();
        if (sizeBytes == 0) {
            return false;
        }
        long ageMs = firstTimestampMs >= 0 && appendMaxTimestampMs >= 0 ? appendMaxTimestampMs - firstTimestampMs
                : nowMs - createdMs;
        return sizeBytes > config.segmentBytes() - appendBytes
                || ageMs > config.segmentMs() - jitterMs
                || offsets.file().isFull() || times.file().isFull()
                || appendLastOffset - baseOffset > Integer.MAX_VALUE;
    }

    /** Writes batches that already carry their offsets, and indexes them. */
    void append(ByteBuffer bytes, List<PlacedBatch> batches, int indexIntervalBytes) throws IOException {
        int start = file.sizeBytes();
        file.append(bytes);
        for (PlacedBatch batch : batches) {
            index(batch.header(), start + batch.position(), indexIntervalBytes);
        }
    }

    /** Notes a batch that is in the file; used after each append and when the indexes are made anew. */
    void index(BatchHeader header, int position, int indexIntervalBytes) throws IOException {
        if (header.maxTimestamp() > max.timestampMs()) {
            max = new MaxTimestamp(header.maxTimestamp(), header.lastOffset());
        }
        if (position == 0) {
            firstTimestampMs = header.maxTimestamp();
        }
        if (bytesSinceIndexEntry > indexIntervalBytes) {
            offsets.append(header.lastOffset(), position);
            times.maybeAppend(max);
            bytesSinceIndexEntry = 0;
        }
        bytesSinceIndexEntry += header.sizeBytes();
    }

    void clearIndexes() throws IOException {
        offsets.file().truncateToEntries(0);
        times.file().truncateToEntries(0);
        max = MaxTimestamp.NONE;
        firstTimestampMs = RecordBatch.NO_TIMESTAMP;
        bytesSinceIndexEntry = 0;
    }

    /** Takes up the state of a growing segment whose indexes can be trusted, by walking the batches behind the last index entry. */
    Tail resume() throws IOException {
        max = times.last();
        BatchCursor first = cursor(0, sizeBytes());
        firstTimestampMs = first.advance() ? first.header().maxTimestamp() : RecordBatch.NO_TIMESTAMP;
        long next = baseOffset;
        int from = offsets.lookup(Long.MAX_VALUE);
        BatchCursor cursor = cursor(from, sizeBytes());
        while (cursor.advance()) {
            next = cursor.header().nextOffset();
            if (cursor.header().maxTimestamp() > max.timestampMs()) {
                max = new MaxTimestamp(cursor.header().maxTimestamp(), cursor.header().lastOffset());
            }
        }
        bytesSinceIndexEntry = cursor.position() - from;
        return new Tail(next, cursor.position());
    }

    /** Whether the last index entries fit the batches; a cheap check, for segments that were flushed whole. */
    boolean indexesFit() throws IOException {
        int last = offsets.file().entries();
        if (last > 0) {
            ByteBuffer data = offsets.file().data();
            long lastOffset = baseOffset + data.getInt((last - 1) * OffsetIndex.ENTRY_BYTES);
            int position = data.getInt((last - 1) * OffsetIndex.ENTRY_BYTES + 4);
            // The first batch of a segment has no entry, so a position of 0 is a file of zeros.
            if (position <= 0 || position >= sizeBytes()) {
                return false;
            }
            BatchCursor cursor = cursor(position, sizeBytes());
            if (!cursor.advance() || cursor.header().lastOffset() != lastOffset) {
                return false;
            }
        }
        MaxTimestamp newest = times.last();
        if (times.file().entries() == 0) {
            return true;
        }
        Located located = newest.lastOffset() < baseOffset ? null : locate(newest.lastOffset(), sizeBytes());
        return located != null && located.header().maxTimestamp() == newest.timestampMs()
                && located.header().lastOffset() == newest.lastOffset();
    }

    /** The batch that holds an offset, or the next one behind it; null when there is none before the limit. */
    @Nullable
    Located locate(long offset, int limit) throws IOException {
        BatchCursor cursor = cursor(Math.min(offsets.lookup(offset), limit), limit);
        while (cursor.advance()) {
            if (cursor.header().lastOffset() >= offset) {
                return new Located(cursor.position(), cursor.header());
            }
        }
        return null;
    }

    /** The first record from an offset on whose timestamp is at or after the target. */
    @Nullable
    TimestampedOffset findByTimestamp(long targetMs, long fromOffset, int limit, DecompressionBuffers buffers)
            throws IOException {
        RecordTimes records = new RecordTimes(file, buffers);
        Earliest earliest = new Earliest(targetMs, fromOffset);
        int from = offsets.lookup(Math.max(times.lookup(targetMs), fromOffset));
        BatchCursor cursor = cursor(Math.min(from, limit), limit);
        while (cursor.advance()) {
            BatchHeader header = cursor.header();
            if (header.maxTimestamp() >= targetMs && header.lastOffset() >= fromOffset) {
                earliest.leaderEpoch = header.leaderEpoch();
                records.visit(cursor.position(), header, earliest);
                if (earliest.found != null) {
                    return earliest.found;
                }
            }
        }
        return null;
    }

    /** Stops at the first record that is late enough. */
    private static final class Earliest implements RecordTimes.Visitor {
        private final long targetMs;
        private final long fromOffset;
        private int leaderEpoch;
        private @Nullable TimestampedOffset found;

        Earliest(long targetMs, long fromOffset) {
            this.targetMs = targetMs;
            this.fromOffset = fromOffset;
        }

        @Override
        public boolean visit(long offset, long timestampMs) {
            if (timestampMs >= targetMs && offset >= fromOffset) {
                found = new TimestampedOffset(offset, timestampMs, leaderEpoch);
            }
            return found == null;
        }
    }

    /** Cuts the file at a batch's start. */
    void truncateTo(Located cut) throws IOException {
        offsets.truncateToPosition(cut.position());
        times.truncateToOffset(cut.header().baseOffset());
        file.truncateTo(cut.position());
        resume();
    }

    /** The last entry of a complete time index is its segment's newest, so that opening the log again needs no scan. */
    void seal() throws IOException {
        times.maybeAppend(max);
        offsets.file().seal();
        times.file().seal();
    }

    /** Puts copies in the place of a sealed segment's indexes, since readers may still look at the old files, which must not shrink under them. */
    void renewIndexFiles() throws IOException {
        flush(true);
        for (String suffix : List.of(FileNames.OFFSET_INDEX, FileNames.TIME_INDEX)) {
            String name = FileNames.of(baseOffset, suffix);
            store.replace(name, store.view(name));
        }
    }

    /** @param whole whether the indexes must be durable as well, because the segment will not be scanned at recovery */
    void flush(boolean whole) throws IOException {
        file.flush();
        if (whole) {
            offsets.file().flush();
            times.file().flush();
        }
    }

    /** Renames the files out of the way. The segment stays readable until {@link #purge}. */
    void markDeleted() throws IOException {
        offsets.file().data();
        times.file().data();
        for (String suffix : List.of(FileNames.LOG, FileNames.OFFSET_INDEX, FileNames.TIME_INDEX)) {
            String name = FileNames.of(baseOffset, suffix);
            store.rename(name, name + FileNames.DELETED);
        }
    }

    void purge() throws IOException {
        closeFiles();
        for (String suffix : List.of(FileNames.LOG, FileNames.OFFSET_INDEX, FileNames.TIME_INDEX)) {
            store.deleteIfExists(FileNames.of(baseOffset, suffix) + FileNames.DELETED);
        }
    }

    void closeClean() throws IOException {
        if (!times.file().isSealed()) {
            times.maybeAppend(max);
        }
        flush(true);
        closeFiles();
    }

    void abandon() throws IOException {
        offsets.file().abandon();
        times.file().abandon();
        file.close();
    }

    private void closeFiles() throws IOException {
        offsets.file().close();
        times.file().close();
        file.close();
    }

    private BatchCursor cursor(int from, int limit) {
        return new BatchCursor(file, from, limit, LOOKUP_WINDOW_BYTES);
    }
}
