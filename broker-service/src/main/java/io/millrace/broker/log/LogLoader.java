package io.millrace.broker.log;

import io.millrace.broker.log.Discarded.Reason;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Brings a partition's folder into a state that can be served. Segments that were flushed whole are taken as they are, if their indexes fit;
 * all others are walked batch by batch with checksums, the tail that does not hold is cut, and what cannot follow it is removed. Nothing is lost
 * without being reported.
 */
final class LogLoader {
    private static final int SCAN_WINDOW_BYTES = 1 << 20;

    /** A log ready to be served. */
    record Loaded(
            LogSegments segments,
            long nextOffset,
            long logStartOffset,
            LeaderEpochs epochs,
            JoinedEpoch joined,
            ProducerStates producers,
            ProducerSnapshots snapshots,
            List<Discarded> discarded) {}

    private final LogStore store;
    private final TopicConfig config;
    private final KeyLimits keyLimits;
    private final LogOpening opening;
    private final long nowMs;
    private final Set<String> names;
    private final List<Discarded> discarded = new ArrayList<>();

    LogLoader(LogStore store, TopicConfig config, KeyLimits keyLimits, LogOpening opening, long nowMs)
            throws IOException {
        this.store = store;
        this.config = config;
        this.keyLimits = keyLimits;
        this.opening = opening;
        this.nowMs = nowMs;
        this.names = store.list();
    }

    Loaded load() throws IOException {
        TreeSet<Long> baseOffsets = tidy();
        LeaderEpochs checkpointed = LeaderEpochs.load(store);
        LeaderEpochs epochs = checkpointed != null ? checkpointed : LeaderEpochs.empty(store);
        ProducerSnapshots snapshots = new ProducerSnapshots(store);
        List<LogSegment> segments = new ArrayList<>();
        long nextOffset = openSegments(baseOffsets, segments);
        long logStartOffset = segments.isEmpty() ? opening.logStartOffset()
                : Math.max(opening.logStartOffset(), segments.getFirst().baseOffset());
        if (segments.isEmpty() || logStartOffset > nextOffset) {
            dropAll(segments, logStartOffset);
            snapshots.deleteAll();
            nextOffset = logStartOffset;
            segments.add(LogSegment.growing(store, nextOffset, config, nowMs));
        }
        if (checkpointed == null || !opening.cleanShutdown()) {
            restoreEpochs(epochs, segments, checkpointed == null ? 0 : opening.recoveryPoint());
        }
        JoinedEpoch joined = JoinedEpoch.load(store);
        if (epochs.beginsFrom(nextOffset)) {
            joined.raise(epochs.latestEpoch());
            epochs.truncateEnd(nextOffset);
        }
        epochs.truncateStart(segments.getFirst().baseOffset());
        snapshots.deleteAfter(nextOffset);
        snapshots.deleteStrays(segments.stream().map(LogSegment::baseOffset).toList());
        LogSegments loaded = new LogSegments(segments);
        ProducerStates producers = new ProducerStates(keyLimits, nextOffset == 0);
        boolean isRestored = false;
        try {
            restoreProducers(producers, snapshots, loaded, nextOffset, nowMs);
            isRestored = true;
        } finally {
            if (!isRestored) {
                // Nobody gets to know this log, which may be opened again.
                producers.clear();
            }
        }
        return new Loaded(loaded, nextOffset, logStartOffset, epochs, joined, producers, snapshots, List.copyOf(
                discarded));
    }

    /** Fills the states from the newest usable snapshot and the batches behind it. */
    static void restoreProducers(ProducerStates producers, ProducerSnapshots snapshots, LogSegments segments,
            long endOffset, long nowMs)
            throws IOException {
        // An older one knows nothing of the batches between it and the first segment.
        snapshots.deleteBefore(segments.first().baseOffset());
        long from = snapshots.restore(producers, endOffset, nowMs);
        if (from < 0 && segments.first().baseOffset() > 0) {
            producers.missSome();
        }
        if (from >= endOffset) {
            return;
        }
        for (int i = segments.floorIndex(from); i < segments.size(); i++) {
            LogSegment segment = segments.get(i);
            BatchCursor cursor = new BatchCursor(segment.file(), 0, segment.sizeBytes(), SCAN_WINDOW_BYTES);
            while (cursor.advance()) {
                if (cursor.header().baseOffset() >= from) {
                    producers.note(cursor.header(), nowMs);
                }
            }
        }
    }

    private TreeSet<Long> tidy() throws IOException {
        TreeSet<Long> baseOffsets = new TreeSet<>();
        for (String name : names) {
            Long logOffset = FileNames.offset(name, FileNames.LOG);
            if (FileNames.isLeftover(name)) {
                store.deleteIfExists(name);
            } else if (logOffset != null) {
                baseOffsets.add(logOffset);
            } else if (isOrphan(name, FileNames.OFFSET_INDEX) || isOrphan(name, FileNames.TIME_INDEX)) {
                store.deleteIfExists(name);
            }
        }
        return baseOffsets;
    }

    private boolean isOrphan(String name, String suffix) {
        Long offset = FileNames.offset(name, suffix);
        return offset != null && !names.contains(FileNames.of(offset, FileNames.LOG));
    }

    /** Opens the segments in order and returns the offset that follows the last whole batch. */
    private long openSegments(TreeSet<Long> baseOffsets, List<LogSegment> segments) throws IOException {
        long nextOffset = baseOffsets.isEmpty() ? 0 : baseOffsets.first();
        boolean damaged = false;
        List<Long> detached = new ArrayList<>();
        for (Long baseOffset : baseOffsets) {
            Long following = baseOffsets.higher(baseOffset);
            boolean flushedWhole = opening.cleanShutdown() || following != null && following <= opening.recoveryPoint();
            if ((damaged || !flushedWhole) && baseOffset != nextOffset) {
                // The segment before lost its end, or is younger than this one's truncated past: nothing here can follow it.
                detached.add(baseOffset);
                continue;
            }
            LogFile file = store.open(FileNames.of(baseOffset, FileNames.LOG));
            if (following != null && flushedWhole) {
                LogSegment trusted = openTrusted(baseOffset, file);
                LogSegment segment = trusted != null ? trusted
                        : LogSegment.growing(store, baseOffset, file, config, nowMs);
                segments.add(segment);
                nextOffset = trusted != null ? following : rebuild(segment, following);
                damaged = nextOffset < following;
            } else {
                LogSegment segment = LogSegment.growing(store, baseOffset, file, config, nowMs);
                nextOffset = flushedWhole ? resumeOrRecover(segment) : recover(segment, Reason.TORN_TAIL);
                segments.add(segment);
            }
        }
        // Newest first, so that a crash in between leaves no gap.
        for (Long baseOffset : detached.reversed()) {
            delete(baseOffset, nextOffset);
        }
        for (int i = 0; i + 1 < segments.size(); i++) {
            segments.get(i).seal();
        }
        return nextOffset;
    }

    /** A sealed segment as it is, or null when its indexes do not fit. */
    private @Nullable LogSegment openTrusted(long baseOffset, LogFile file) throws IOException {
        int offsetIndexBytes = indexBytes(FileNames.of(baseOffset, FileNames.OFFSET_INDEX), OffsetIndex.ENTRY_BYTES);
        int timeIndexBytes = indexBytes(FileNames.of(baseOffset, FileNames.TIME_INDEX), TimeIndex.ENTRY_BYTES);
        if (offsetIndexBytes >= 0 && timeIndexBytes > 0) {
            LogSegment segment = LogSegment.sealed(store, baseOffset, file, offsetIndexBytes, timeIndexBytes, nowMs);
            if (segment.indexesFit()) {
                return segment;
            }
        }
        return null;
    }

    /**
     * Makes the indexes of a sealed segment anew. Returns where the log goes on: at the following segment, or before it when the end of this one is
     * lost. Then it becomes the last, as in Kafka, for a log with a gap would be read as one without those records.
     */
    private long rebuild(LogSegment segment, long following) throws IOException {
        int discardedBefore = discarded.size();
        long nextOffset = recover(segment, Reason.DAMAGED);
        // Compaction may have removed a segment's last offsets.
        boolean complete = nextOffset >= following || config.compact() && discarded.size() == discardedBefore;
        if (!complete) {
            return nextOffset;
        }
        segment.seal();
        // Indexes before the recovery point are trusted after the next crash.
        segment.flush(true);
        return following;
    }

    /** The size of an index file, or -1 when it is missing or cannot be one. */
    private int indexBytes(String name, int entryBytes) throws IOException {
        if (!names.contains(name)) {
            return -1;
        }
        int sizeBytes = store.view(name).limit();
        return sizeBytes % entryBytes == 0 ? sizeBytes : -1;
    }

    private long resumeOrRecover(LogSegment segment) throws IOException {
        if (segment.indexesFit()) {
            LogSegment.Tail tail = segment.resume();
            if (tail.validBytes() == segment.sizeBytes()) {
                return tail.nextOffset();
            }
        }
        return recover(segment, Reason.DAMAGED);
    }

    /** Walks all batches with their checksums, makes the indexes anew and cuts what does not hold. Returns the next offset. */
    private long recover(LogSegment segment, Reason reason) throws IOException {
        segment.clearIndexes();
        long nextOffset = segment.baseOffset();
        BatchCursor cursor = new BatchCursor(segment.file(), 0, segment.sizeBytes(), SCAN_WINDOW_BYTES);
        int validBytes = 0;
        while (cursor.advance() && follows(cursor.header(), nextOffset) && cursor.checksumHolds()) {
            segment.index(cursor.header(), cursor.position(), config.indexIntervalBytes());
            nextOffset = cursor.header().nextOffset();
            validBytes = cursor.position() + cursor.header().sizeBytes();
        }
        if (validBytes < segment.sizeBytes()) {
            discarded.add(new Discarded(FileNames.of(segment.baseOffset(), FileNames.LOG), segment.sizeBytes()
                    - validBytes, nextOffset, reason));
            segment.file().truncateTo(validBytes);
        }
        return nextOffset;
    }

    private boolean follows(BatchHeader header, long nextOffset) {
        boolean inPlace = config.compact() ? header.baseOffset() >= nextOffset : header.baseOffset() == nextOffset;
        return inPlace && header.lastOffsetDelta() >= 0;
    }

    private void restoreEpochs(LeaderEpochs epochs, List<LogSegment> segments, long fromOffset) throws IOException {
        for (int i = 0; i < segments.size(); i++) {
            if (i + 1 < segments.size() && segments.get(i + 1).baseOffset() <= fromOffset) {
                continue;
            }
            BatchCursor cursor = new BatchCursor(segments.get(i).file(), 0, segments.get(i).sizeBytes(),
                    SCAN_WINDOW_BYTES);
            while (cursor.advance()) {
                if (cursor.header().leaderEpoch() >= 0) {
                    epochs.assign(cursor.header().leaderEpoch(), cursor.header().baseOffset());
                }
            }
        }
    }

    private void dropAll(List<LogSegment> segments, long logStartOffset) throws IOException {
        while (!segments.isEmpty()) {
            LogSegment dropped = segments.removeLast();
            if (dropped.sizeBytes() > 0) {
                discarded.add(new Discarded(FileNames.of(dropped.baseOffset(), FileNames.LOG), dropped.sizeBytes(),
                        logStartOffset, Reason.BEFORE_LOG_START));
            }
            dropped.markDeleted();
            dropped.purge();
        }
    }

    private void delete(long baseOffset, long endOffset) throws IOException {
        try (LogFile file = store.open(FileNames.of(baseOffset, FileNames.LOG))) {
            if (file.sizeBytes() > 0) {
                discarded.add(new Discarded(FileNames.of(baseOffset, FileNames.LOG), file.sizeBytes(), endOffset,
                        Reason.DETACHED));
            }
        }
        for (String suffix : List.of(FileNames.LOG, FileNames.OFFSET_INDEX, FileNames.TIME_INDEX)) {
            store.deleteIfExists(FileNames.of(baseOffset, suffix));
        }
    }
}
