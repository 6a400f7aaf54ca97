package io.millrace.broker.log;

import io.millrace.broker.log.AppendResult.Appended;
import io.millrace.broker.log.AppendResult.Duplicate;
import io.millrace.broker.log.AppendResult.Refused;
import io.millrace.broker.log.LogSegment.Located;
import io.millrace.broker.log.ProduceCheck.PlacedBatch;
import io.millrace.broker.log.ProducerEntry.WrittenBatch;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;

/**
 * What a log consists of, and every change of it. Changes are made under {@link PartitionLog}'s write lock; what is volatile may be read without.
 */
final class LogState {
    /** What readers may see: the end, and the segment and position where it lies. */
    private record End(long offset, LogSegment segment, int position) {}

    private record DeadSegment(LogSegment segment, long purgeAtMs) {}

    private final LogStore store;
    private final LeaderEpochs epochs;
    private final JoinedEpoch joined;
    private final ProducerStates producers;
    private final ProducerSnapshots snapshots;
    private final ArrayDeque<DeadSegment> deadSegments = new ArrayDeque<>();
    /** Guards the end against the high watermark, so that raising the one does not wait for a write. */
    private final Object marks = new Object();
    private volatile TopicConfig config;
    private volatile LogSegments segments;
    private volatile End end;
    private volatile long logStartOffset;
    private volatile long highWatermark;
    private volatile long recoveryPoint;
    private volatile int truncations;

    LogState(LogStore store, TopicConfig config, LogOpening opening, LogLoader.Loaded loaded) {
        this.store = store;
        this.config = config;
        this.epochs = loaded.epochs();
        this.joined = loaded.joined();
        this.producers = loaded.producers();
        this.snapshots = loaded.snapshots();
        this.segments = loaded.segments();
        this.logStartOffset = loaded.logStartOffset();
        this.end = new End(loaded.nextOffset(), segments.last(), segments.last().sizeBytes());
        this.highWatermark = Math.clamp(opening.highWatermark(), logStartOffset, end.offset());
        this.recoveryPoint = opening.cleanShutdown() ? end.offset()
                : Math.clamp(opening.recoveryPoint(), logStartOffset, end.offset());
    }

    TopicConfig config() {
        return config;
    }

    void config(TopicConfig changed) {
        config = changed;
    }

    LogSegments segments() {
        return segments;
    }

    LeaderEpochs epochs() {
        return epochs;
    }

    ProducerStates producers() {
        return producers;
    }

    long endOffset() {
        return end.offset();
    }

    long logStartOffset() {
        return logStartOffset;
    }

    long highWatermark() {
        return highWatermark;
    }

    long recoveryPoint() {
        return recoveryPoint;
    }

    /** Counts the truncations, so that a read can tell that files changed under it. */
    int truncations() {
        return truncations;
    }

    LogReads.View view() {
        // The end is read before the segments, so the segments hold at least what it covers.
        End seen = end;
        return new LogReads.View(segments, seen.offset(), seen.segment(), seen.position(), logStartOffset);
    }

    /** Needs no lock of the caller's. */
    void advanceHighWatermark(long offset) {
        synchronized (marks) {
            highWatermark = Math.max(highWatermark, Math.min(offset, end.offset()));
        }
    }

    /** @param current by which the batches were checked and stamped */
    AppendResult appendAsLeader(TopicConfig current, ByteBuffer bytes, List<PlacedBatch> batches, int leaderEpoch,
            long nowMs) throws IOException {
        if (leaderEpoch < epochs.latestEpoch()) {
            return deposed(leaderEpoch);
        }
        BatchHeader first = batches.getFirst().header();
        Duplicate duplicate = first.hasProducerId() ? duplicate(current, first) : null;
        if (duplicate != null) {
            return duplicate;
        }
        if (bytes.limit() > current.segmentBytes()) {
            return Refused.batch(Errors.RECORD_LIST_TOO_LARGE, -1, "the append has " + bytes.limit()
                    + " bytes, more than a segment's "
                    + current.segmentBytes());
        }
        Refused refusal = first.hasProducerId() ? producers.check(first, nowMs) : null;
        if (refusal != null) {
            return refusal;
        }
        long baseOffset = end.offset();
        List<PlacedBatch> placed = place(bytes, batches, baseOffset, leaderEpoch);
        write(bytes, placed, nowMs);
        for (PlacedBatch batch : placed) {
            producers.noteAppended(batch.header(), nowMs);
        }
        boolean stamped = current.timestampType() == TimestampType.LOG_APPEND_TIME;
        return new Appended(baseOffset, end.offset() - 1, stamped ? nowMs : RecordBatch.NO_TIMESTAMP, logStartOffset);
    }

    /** @param otherwise the answer if the batch is not in the log already */
    AppendResult findDuplicate(TopicConfig current, BatchHeader batch, int leaderEpoch, Refused otherwise) {
        if (leaderEpoch < epochs.latestEpoch()) {
            return deposed(leaderEpoch);
        }
        Duplicate duplicate = duplicate(current, batch);
        return duplicate == null ? otherwise : duplicate;
    }

    private @Nullable Duplicate duplicate(TopicConfig current, BatchHeader batch) {
        WrittenBatch written = producers.findDuplicate(batch);
        return written == null ? null
                : new Duplicate(written.firstOffset(), written.lastOffset(),
                        current.timestampType() == TimestampType.LOG_APPEND_TIME ? written.timestampMs()
                                : RecordBatch.NO_TIMESTAMP,
                        logStartOffset);
    }

    private Refused deposed(int leaderEpoch) {
        return Refused.batch(Errors.NOT_LEADER_OR_FOLLOWER, -1, "leader epoch " + leaderEpoch + " is older than "
                + epochs.latestEpoch());
    }

    private static List<PlacedBatch> place(ByteBuffer bytes, List<PlacedBatch> batches, long baseOffset,
            int leaderEpoch) {
        List<PlacedBatch> placed = new ArrayList<>(batches.size());
        long next = baseOffset;
        for (PlacedBatch batch : batches) {
            BatchHeader header = batch.header().withBaseOffset(next, leaderEpoch);
            header.writePlacement(bytes, batch.position());
            placed.add(new PlacedBatch(batch.position(), header));
            next = header.nextOffset();
        }
        return placed;
    }

    AppendResult appendAsFollower(ByteBuffer bytes, List<PlacedBatch> batches, long nowMs) throws IOException {
        long first = batches.getFirst().header().baseOffset();
        if (config.compact() ? first < end.offset() : first != end.offset()) {
            return Refused.batch(Errors.OFFSET_OUT_OF_RANGE, 0, "the batch begins at " + first + " but the log ends at "
                    + end.offset());
        }
        writeCopied(bytes, batches, nowMs);
        return new Appended(first, end.offset() - 1, RecordBatch.NO_TIMESTAMP, logStartOffset);
    }

    /** Whether this log is empty and starts inside the batch. */
    boolean startsWithin(BatchHeader batch) {
        long offset = end.offset();
        return offset == logStartOffset && batch.baseOffset() < offset && offset < batch.nextOffset();
    }

    /** Appends to an empty log whose start is inside the first batch; what of it lies before the start stays unreadable. */
    AppendResult appendAroundStart(ByteBuffer bytes, List<PlacedBatch> batches, long nowMs) throws IOException {
        BatchHeader first = batches.getFirst().header();
        if (startsWithin(first)) {
            long start = logStartOffset;
            restartAt(first.baseOffset(), nowMs);
            writeCopied(bytes, batches, nowMs);
            advanceHighWatermark(start);
            logStartOffset = start;
            return new Appended(start, end.offset() - 1, RecordBatch.NO_TIMESTAMP, start);
        }
        return appendAsFollower(bytes, batches, nowMs);
    }

    private void writeCopied(ByteBuffer bytes, List<PlacedBatch> batches, long nowMs) throws IOException {
        write(bytes, batches, nowMs);
        for (PlacedBatch batch : batches) {
            producers.note(batch.header(), nowMs);
        }
    }

    private void write(ByteBuffer bytes, List<PlacedBatch> batches, long nowMs) throws IOException {
        long maxTimestampMs = RecordBatch.NO_TIMESTAMP;
        for (PlacedBatch batch : batches) {
            maxTimestampMs = Math.max(maxTimestampMs, batch.header().maxTimestamp());
        }
        BatchHeader last = batches.getLast().header();
        if (segments.last().mustRollBefore(bytes.limit(), maxTimestampMs, last.lastOffset(), config, jitterMs(),
                nowMs)) {
            roll(nowMs);
        }
        for (PlacedBatch batch : batches) {
            // The epoch is durable before its first batch, so that a log never holds an epoch that the checkpoint does not know.
            epochs.assign(batch.header().leaderEpoch(), batch.header().baseOffset());
        }
        LogSegment active = segments.last();
        active.append(bytes, batches, config.indexIntervalBytes());
        end = new End(last.nextOffset(), active, active.sizeBytes());
    }

    /** Taken off the segment's age limit: differs between segments and partitions, but is always the same for the same one. */
    private long jitterMs() {
        long bound = Math.min(config.segmentJitterMs(), config.segmentMs());
        long seed = store.name().hashCode() * 31L + segments.last().baseOffset();
        return bound == 0 ? 0 : Math.floorMod(seed * 0x9E3779B97F4A7C15L, bound);
    }

    /** Ends the growing segment and begins the next one, unless it is empty. */
    void roll(long nowMs) throws IOException {
        if (segments.last().sizeBytes() == 0) {
            return;
        }
        long baseOffset = end.offset();
        snapshots.take(producers, baseOffset);
        segments.last().seal();
        if (recoveryPoint >= baseOffset) {
            // As soon as the next segment is there, recovery trusts this one's indexes.
            segments.last().flush(true);
        }
        LogSegment next = LogSegment.growing(store, baseOffset, config, nowMs);
        segments = segments.with(next);
        end = new End(baseOffset, next, 0);
    }

    boolean beginEpoch(int leaderEpoch) throws IOException {
        if (leaderEpoch <= joinedEpoch()) {
            return false;
        }
        epochs.assign(leaderEpoch, end.offset());
        producers.beginLeading();
        return true;
    }

    int joinedEpoch() {
        return Math.max(joined.epoch(), epochs.latestEpoch());
    }

    void joinEpoch(int leaderEpoch) throws IOException {
        joined.raise(leaderEpoch);
    }

    void truncateTo(long offset, long nowMs) throws IOException {
        joined.raise(epochs.latestEpoch());
        if (offset >= end.offset()) {
            // An epoch that this broker led without appending anything begins here, where another epoch may have begun at its leader.
            epochs.truncateEnd(end.offset());
            return;
        }
        if (offset <= segments.first().baseOffset()) {
            restartAt(offset, nowMs);
            return;
        }
        int index = segments.floorIndex(offset);
        LogSegment cut = segments.get(index);
        Located located = cut.locate(offset, cut.sizeBytes());
        List<LogSegment> kept = new ArrayList<>(segments.keepFirst(index + 1).all());
        buryFrom(index + 1, nowMs);
        if (index + 1 < segments.size()) {
            cut.renewIndexFiles();
            cut = LogSegment.growing(store, cut.baseOffset(), cut.file(), config, nowMs);
            cut.resume();
            kept.set(index, cut);
        }
        if (located != null) {
            cut.truncateTo(located);
        }
        settleAfterTruncation(new LogSegments(kept), located != null ? located.header().baseOffset() : offset, nowMs);
    }

    void restartAt(long offset, long nowMs) throws IOException {
        joined.raise(epochs.latestEpoch());
        buryFrom(0, nowMs);
        snapshots.deleteAll();
        epochs.clear();
        producers.missSome();
        logStartOffset = offset;
        settleAfterTruncation(new LogSegments(List.of(LogSegment.growing(store, offset, config, nowMs))), offset,
                nowMs);
        advanceHighWatermark(offset);
    }

    private void settleAfterTruncation(LogSegments remaining, long newEnd, long nowMs) throws IOException {
        segments = remaining;
        synchronized (marks) {
            end = new End(newEnd, remaining.last(), remaining.last().sizeBytes());
            // A start or high watermark within a batch goes back to the batch's begin when the whole of it goes.
            logStartOffset = Math.min(logStartOffset, newEnd);
            highWatermark = Math.min(highWatermark, newEnd);
            recoveryPoint = Math.min(recoveryPoint, newEnd);
        }
        epochs.truncateEnd(newEnd);
        snapshots.deleteAfter(newEnd);
        LogLoader.restoreProducers(producers, snapshots, remaining, newEnd, nowMs);
        store.flushDirectory();
        truncations = truncations + 1;
    }

    int applyRetention(long nowMs) throws IOException {
        int count = Retention.deletable(segments.all(), config, logStartOffset, highWatermark, end.offset(), nowMs);
        if (count == 0) {
            return 0;
        }
        if (count == segments.size()) {
            roll(nowMs);
        }
        LogSegments before = segments;
        // What remains must be there after a crash, or the log would begin again at offsets it has already used. With the segments go the
        // batches that tell of producers and requests' keys, so the snapshot that still does must be there too.
        snapshots.flushIfTaken(before.get(count).baseOffset());
        store.flushDirectory();
        long newStart = Math.max(logStartOffset, before.get(count).baseOffset());
        logStartOffset = newStart;
        segments = before.withoutFirst(count);
        for (LogSegment dropped : before.all().subList(0, count)) {
            bury(dropped, nowMs);
        }
        snapshots.deleteBefore(segments.first().baseOffset());
        epochs.truncateStart(segments.first().baseOffset());
        return count;
    }

    boolean deleteRecordsBefore(long offset) throws IOException {
        if (offset > highWatermark) {
            return false;
        }
        if (offset > logStartOffset) {
            // The epochs of what stays in the files stay known: after a crash the log start may be an older one, and followers that have
            // something else there must hear where an epoch truly began.
            logStartOffset = offset;
        }
        return true;
    }

    /**
     * Flushes what lies before an offset; called under the files lock alone, while appends go on.
     *
     * @return the segments as they were, for {@link #markFlushed}
     */
    LogSegments flush(long upToOffset) throws IOException {
        LogSegments current = segments;
        for (int i = current.floorIndex(recoveryPoint); i < current.size() && current.get(i)
                .baseOffset() < upToOffset; i++) {
            current.get(i).flush(isWholeBefore(current, i, upToOffset));
        }
        store.flushDirectory();
        return current;
    }

    /** Raises the recovery point after a flush; false when a roll came between, so that a segment that is now complete lacks its indexes' flush. */
    boolean markFlushed(LogSegments flushed, long upToOffset) {
        boolean wasWhole = isWholeBefore(flushed, flushed.floorIndex(upToOffset - 1), upToOffset);
        boolean isWhole = isWholeBefore(segments, segments.floorIndex(upToOffset - 1), upToOffset);
        if (isWhole && !wasWhole) {
            return false;
        }
        recoveryPoint = Math.max(recoveryPoint, upToOffset);
        return true;
    }

    private static boolean isWholeBefore(LogSegments segments, int index, long offset) {
        LogSegment following = segments.after(index);
        return following != null && following.baseOffset() <= offset;
    }

    /** Newest first, so that a crash in between leaves no gap. */
    private void buryFrom(int index, long nowMs) throws IOException {
        LogSegments current = segments;
        for (int i = current.size() - 1; i >= index; i--) {
            bury(current.get(i), nowMs);
        }
    }

    private void bury(LogSegment segment, long nowMs) throws IOException {
        segment.markDeleted();
        deadSegments.addLast(new DeadSegment(segment, nowMs + config.fileDeleteDelayMs()));
    }

    /** Takes the deleted segments out whose files may go. */
    List<LogSegment> takeDead(long nowMs) {
        List<LogSegment> taken = new ArrayList<>();
        while (!deadSegments.isEmpty() && deadSegments.getFirst().purgeAtMs() <= nowMs) {
            taken.add(deadSegments.removeFirst().segment());
        }
        return taken;
    }

    void close() throws IOException {
        for (LogSegment segment : segments.all()) {
            segment.closeClean();
        }
        snapshots.take(producers, end.offset());
        snapshots.flush(end.offset());
        store.flushDirectory();
        for (LogSegment dead : takeDead(Long.MAX_VALUE)) {
            dead.purge();
        }
        recoveryPoint = end.offset();
        producers.clear();
    }

    void abandon() throws IOException {
        producers.clear();
        for (LogSegment segment : segments.all()) {
            segment.abandon();
        }
        for (LogSegment dead : takeDead(Long.MAX_VALUE)) {
            dead.abandon();
        }
    }
}
