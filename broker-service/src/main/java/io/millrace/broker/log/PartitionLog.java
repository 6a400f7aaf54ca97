package io.millrace.broker.log;

import io.millrace.broker.log.AppendResult.Appended;
import io.millrace.broker.log.AppendResult.Duplicate;
import io.millrace.broker.log.AppendResult.Refused;
import io.millrace.broker.log.LogSegment.Located;
import io.millrace.broker.log.ProduceCheck.PlacedBatch;
import io.millrace.broker.log.ProducerEntry.WrittenBatch;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;

/**
 * One partition's log in Kafka's on-disk format.
 *
 * <p>Safe for concurrent use. Appends, rolls, truncations and retention take the log's own write lock one after the other; what can be checked
 * without the lock (checksums, record structure) is. Readers take no lock: they work on an immutable list of segments up to the end that the
 * last append published. {@link #flush}, {@link #close} and {@link #purgeDeleted} exclude each other, not the appends.
 *
 * <p>Invariant: log start ≤ high watermark ≤ log end. Offsets are gapless.
 *
 * <p>When a file fails, the method throws {@link KafkaStorageException} (on the wire: KAFKA_STORAGE_ERROR) and so does every later call: what is
 * in memory may no longer be what is on disk, and only opening the log again settles it.
 */
public final class PartitionLog {
    private static final long NO_JITTER = 0;

    /** What readers may see: the end, and the segment and position where it lies. */
    private record End(long offset, LogSegment segment, int position) {}

    private record DeadSegment(LogSegment segment, long purgeAtMs) {}

    private final LogStore store;
    private final LogSettings settings;
    private final long jitterSeed;
    private final LeaderEpochs epochs;
    private final ProducerStates producers;
    private final ProducerSnapshots snapshots;
    private final ReentrantLock writeLock = new ReentrantLock();
    /** Taken before {@link #writeLock} when both are needed. */
    private final ReentrantLock filesLock = new ReentrantLock();
    private final ArrayDeque<DeadSegment> deadSegments = new ArrayDeque<>();
    private volatile TopicConfig config;
    private volatile LogSegments segments;
    private volatile End end;
    private volatile long logStartOffset;
    private volatile long highWatermark;
    private volatile long recoveryPoint;
    private volatile int truncations;
    private volatile @Nullable IOException failure;
    private volatile boolean closed;

    private PartitionLog(LogStore store, TopicConfig config, LogSettings settings, LogOpening opening,
            LogLoader.Loaded loaded) throws IOException {
        this.store = store;
        this.config = config;
        this.settings = settings;
        this.jitterSeed = store.name().hashCode();
        this.epochs = loaded.epochs();
        this.producers = loaded.producers();
        this.snapshots = loaded.snapshots();
        this.segments = loaded.segments();
        this.logStartOffset = loaded.logStartOffset();
        this.end = new End(loaded.nextOffset(), segments.last(), segments.last().sizeBytes());
        this.highWatermark = Math.clamp(opening.highWatermark(), logStartOffset, end.offset());
        this.recoveryPoint = opening.cleanShutdown() ? end.offset()
                : Math.clamp(opening.recoveryPoint(), logStartOffset, end.offset());
    }

    /** Opens the log in a partition's folder, or begins one when the folder is empty. */
    public static PartitionLog open(LogStore store, TopicConfig config, LogSettings settings, LogOpening opening,
            long nowMs) throws IOException {
        return new PartitionLog(store, config, settings, opening, new LogLoader(store, config, opening, nowMs).load());
    }

    public long logStartOffset() {
        return logStartOffset;
    }

    /** The offset that the next record gets. */
    public long logEndOffset() {
        return end.offset();
    }

    /** What consumers may read up to, exclusively. */
    public long highWatermark() {
        return highWatermark;
    }

    /** Everything before this offset survives a crash of the machine. */
    public long recoveryPoint() {
        return recoveryPoint;
    }

    public TopicConfig config() {
        return config;
    }

    /** Takes effect with the next append or retention run. */
    public void updateConfig(TopicConfig changed) {
        config = changed;
    }

    /** The newest leader epoch that wrote a record here, or -1. */
    public int latestLeaderEpoch() {
        return epochs.latestEpoch();
    }

    /** Bytes of all segments that are not deleted. */
    public long sizeBytes() {
        return segments.all().stream().mapToLong(LogSegment::sizeBytes).sum();
    }

    public int segmentCount() {
        return segments.size();
    }

    /** The offset at which the growing segment begins. */
    public long activeSegmentBaseOffset() {
        return segments.last().baseOffset();
    }

    /** Whether a file failed, so that the log answers every call with {@link KafkaStorageException} until it is opened again. */
    public boolean failed() {
        return failure != null;
    }

    /** Raises the high watermark, at most to the end of the log; a lower value changes nothing. */
    public void advanceHighWatermark(long offset) {
        writeLock.lock();
        try {
            highWatermark = Math.max(highWatermark, Math.min(offset, end.offset()));
        } finally {
            writeLock.unlock();
        }
    }

    /**
     * Appends what a producer sent. The records' bytes are changed in place: offsets, leader epoch and, where the topic says so, the timestamp.
     *
     * @param records     whole v2 batches; an idempotent producer sends one at a time
     * @param leaderEpoch the epoch in which this broker leads the partition
     */
    public AppendResult appendAsLeader(MemoryRecords records, int leaderEpoch, long nowMs) {
        ensureUsable();
        ByteBuffer bytes = records.buffer().slice();
        TopicConfig current = config;
        return switch (new ProduceCheck(current, settings.buffers(), nowMs).check(bytes)) {
            case ProduceCheck.Outcome.Rejected(Refused refusal) -> refusal;
            case ProduceCheck.Outcome.Accepted(List<PlacedBatch> batches) -> {
                writeLock.lock();
                try {
                    ensureUsable();
                    yield appendChecked(bytes, batches, leaderEpoch, current, nowMs);
                } catch (IOException e) {
                    throw fail(e);
                } finally {
                    writeLock.unlock();
                }
            }
        };
    }

    private AppendResult appendChecked(ByteBuffer bytes, List<PlacedBatch> batches, int leaderEpoch,
            TopicConfig current, long nowMs)
            throws IOException {
        if (leaderEpoch < epochs.latestEpoch()) {
            return Refused.batch(Errors.NOT_LEADER_OR_FOLLOWER, -1, "leader epoch " + leaderEpoch + " is older than "
                    + epochs.latestEpoch());
        }
        if (bytes.limit() > current.segmentBytes()) {
            return Refused.batch(Errors.RECORD_LIST_TOO_LARGE, -1, "the append has " + bytes.limit()
                    + " bytes, more than a segment's "
                    + current.segmentBytes());
        }
        BatchHeader first = batches.getFirst().header();
        if (first.hasProducerId()) {
            WrittenBatch duplicate = producers.findDuplicate(first);
            if (duplicate != null) {
                long stampedMs = current.timestampType() == TimestampType.LOG_APPEND_TIME ? duplicate.timestampMs()
                        : RecordBatch.NO_TIMESTAMP;
                return new Duplicate(duplicate.firstOffset(), duplicate.lastOffset(), stampedMs, logStartOffset);
            }
            Refused refusal = producers.check(first);
            if (refusal != null) {
                return refusal;
            }
        }
        long baseOffset = end.offset();
        List<PlacedBatch> placed = place(bytes, batches, baseOffset, leaderEpoch);
        write(bytes, placed, current, nowMs);
        long stampedMs = current.timestampType() == TimestampType.LOG_APPEND_TIME ? nowMs : RecordBatch.NO_TIMESTAMP;
        return new Appended(baseOffset, end.offset() - 1, stampedMs, logStartOffset);
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

    /**
     * Appends what the leader sent, with the leader's offsets and epochs. A batch cut off at the end is left out.
     *
     * @return {@link Appended} with the range that was stored, or {@link Refused}: CORRUPT_MESSAGE for damaged bytes, OFFSET_OUT_OF_RANGE when
     *         the first batch does not begin at the end of this log
     */
    public AppendResult appendAsFollower(MemoryRecords records, long nowMs) {
        ensureUsable();
        ByteBuffer bytes = records.buffer().slice();
        return switch (ReplicaCheck.check(bytes)) {
            case ProduceCheck.Outcome.Rejected(Refused refusal) -> refusal;
            case ProduceCheck.Outcome.Accepted(List<PlacedBatch> batches) -> {
                writeLock.lock();
                try {
                    ensureUsable();
                    long first = batches.getFirst().header().baseOffset();
                    if (config.compact() ? first < end.offset() : first != end.offset()) {
                        yield Refused.batch(Errors.OFFSET_OUT_OF_RANGE, 0, "the batch begins at " + first
                                + " but the log ends at " + end.offset());
                    }
                    write(bytes, batches, config, nowMs);
                    yield new Appended(first, end.offset() - 1, RecordBatch.NO_TIMESTAMP, logStartOffset);
                } catch (IOException e) {
                    throw fail(e);
                } finally {
                    writeLock.unlock();
                }
            }
        };
    }

    private void write(ByteBuffer bytes, List<PlacedBatch> batches, TopicConfig current, long nowMs)
            throws IOException {
        long maxTimestampMs = RecordBatch.NO_TIMESTAMP;
        for (PlacedBatch batch : batches) {
            maxTimestampMs = Math.max(maxTimestampMs, batch.header().maxTimestamp());
        }
        BatchHeader last = batches.getLast().header();
        if (segments.last().mustRollBefore(bytes.limit(), maxTimestampMs, last.lastOffset(), current, jitterMs(current),
                nowMs)) {
            rollTo(end.offset(), current, nowMs);
        }
        for (PlacedBatch batch : batches) {
            // The epoch is durable before its first batch, so that a log never holds an epoch that the checkpoint does not know.
            epochs.assign(batch.header().leaderEpoch(), batch.header().baseOffset());
        }
        LogSegment active = segments.last();
        active.append(bytes, batches, current.indexIntervalBytes());
        for (PlacedBatch batch : batches) {
            producers.note(batch.header(), nowMs);
        }
        end = new End(last.nextOffset(), active, active.sizeBytes());
    }

    /** Takes a part of the jitter off the segments' age limit, another one for each segment but always the same for the same one. */
    private long jitterMs(TopicConfig current) {
        long bound = Math.min(current.segmentJitterMs(), current.segmentMs());
        return bound == 0 ? NO_JITTER
                : Math.floorMod((jitterSeed * 31 + segments.last().baseOffset()) * 0x9E3779B97F4A7C15L, bound);
    }

    /** Ends the growing segment and begins the next one, unless it is empty. */
    public void roll(long nowMs) {
        writeLock.lock();
        try {
            ensureUsable();
            if (segments.last().sizeBytes() > 0) {
                rollTo(end.offset(), config, nowMs);
            }
        } catch (IOException e) {
            throw fail(e);
        } finally {
            writeLock.unlock();
        }
    }

    private void rollTo(long baseOffset, TopicConfig current, long nowMs) throws IOException {
        snapshots.take(producers, baseOffset);
        segments.last().seal();
        LogSegment next = LogSegment.growing(store, baseOffset, current, nowMs);
        segments = segments.with(next);
        end = new End(baseOffset, next, 0);
    }

    /**
     * Reads whole batches from the one that holds an offset.
     *
     * @param maxBytes         limit of the answer's size; the last batch may be cut off by it
     * @param minOneBatch      whether the first batch is returned whole even when it is larger than the limit (KIP-74)
     * @param upperBoundOffset nothing at or after this offset is returned: the high watermark for consumers, the log end for replicas
     */
    public ReadResult read(long offset, int maxBytes, boolean minOneBatch, long upperBoundOffset) {
        return consistently(() -> LogReads.read(view(), offset, maxBytes, minOneBatch, upperBoundOffset));
    }

    /** The start of the log. */
    public TimestampedOffset earliest() {
        long offset = logStartOffset;
        return TimestampedOffset.withoutTime(offset, epochs.epochAt(offset));
    }

    /** The end of the log for readers with this upper bound. */
    public TimestampedOffset latest(long upperBoundOffset) {
        long offset = Math.min(upperBoundOffset, end.offset());
        return TimestampedOffset.withoutTime(offset, epochs.latestEpoch());
    }

    /** The first record at or after a time, before the upper bound. */
    public Optional<TimestampedOffset> firstAtOrAfter(long timestampMs, long upperBoundOffset) {
        return consistently(() -> LogReads.firstAtOrAfter(view(), timestampMs, upperBoundOffset));
    }

    /** The first record that has the greatest timestamp before the upper bound (KIP-734). */
    public Optional<TimestampedOffset> maxTimestamp(long upperBoundOffset) {
        return consistently(() -> LogReads.maxTimestamp(view(), upperBoundOffset));
    }

    /** Where a leader epoch ends here, for replicas and clients that check whether their history is this one (KIP-101). */
    public EpochEndOffset endOffsetForEpoch(int leaderEpoch) {
        return epochs.endOffset(leaderEpoch, end.offset());
    }

    private LogReads.View view() {
        // The end is read before the segments, so the segments hold at least what it covers.
        End seen = end;
        return new LogReads.View(segments, seen.offset(), seen.segment(), seen.position(), logStartOffset);
    }

    private interface Read<T> {
        T run() throws IOException;
    }

    /** Runs a read again when a truncation changed the files under it. */
    private <T> T consistently(Read<T> read) {
        while (true) {
            ensureUsable();
            int truncationsBefore = truncations;
            LogSegments segmentsBefore = segments;
            try {
                T result = read.run();
                if (truncationsBefore == truncations) {
                    return result;
                }
            } catch (IOException | UncheckedIOException e) {
                // A segment that was deleted meanwhile may be closed; anything else is a broken disk.
                if (truncationsBefore == truncations && segmentsBefore == segments) {
                    throw fail(e instanceof UncheckedIOException unchecked ? unchecked.getCause() : (IOException) e);
                }
            }
        }
    }

    /**
     * Removes everything at or after an offset, for a follower whose end differs from its leader's. Whole batches only: when the offset lies
     * within a batch, that batch goes too. The recovery point may go back: the caller writes it down before anything is appended.
     */
    public void truncateTo(long offset, long nowMs) {
        changeFiles(() -> {
            if (offset >= end.offset()) {
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
                cut.flush(true);
                cut = LogSegment.growing(store, cut.baseOffset(), cut.file(), config, nowMs);
                cut.resume();
                kept.set(index, cut);
            }
            if (located != null) {
                cut.truncateTo(located);
            }
            long newEnd = located != null ? located.header().baseOffset() : offset;
            settleAfterTruncation(new LogSegments(kept), newEnd, nowMs);
        });
    }

    /** Empties the log and lets it begin at an offset, for a follower that is behind its leader's log start. */
    public void truncateFullyAndStartAt(long offset, long nowMs) {
        changeFiles(() -> restartAt(offset, nowMs));
    }

    private void restartAt(long offset, long nowMs) throws IOException {
        buryFrom(0, nowMs);
        snapshots.deleteAll();
        logStartOffset = offset;
        settleAfterTruncation(new LogSegments(List.of(LogSegment.growing(store, offset, config, nowMs))), offset,
                nowMs);
        highWatermark = offset;
        epochs.clear();
    }

    private void settleAfterTruncation(LogSegments remaining, long newEnd, long nowMs) throws IOException {
        segments = remaining;
        end = new End(newEnd, remaining.last(), remaining.last().sizeBytes());
        // A start or high watermark within a batch goes back to the batch's begin when the whole of it goes.
        logStartOffset = Math.min(logStartOffset, newEnd);
        highWatermark = Math.min(highWatermark, newEnd);
        recoveryPoint = Math.min(recoveryPoint, newEnd);
        epochs.truncateEnd(newEnd);
        snapshots.deleteAfter(newEnd);
        LogLoader.restoreProducers(producers, snapshots, remaining, newEnd, nowMs);
        store.flushDirectory();
        truncations = truncations + 1;
    }

    /**
     * Deletes the oldest segments that retention by time or size no longer keeps, and those before the log start. Only records below the high
     * watermark go. Their files stay for {@code file.delete.delay.ms}, see {@link #purgeDeleted}.
     *
     * @return how many segments were deleted
     */
    public int applyRetention(long nowMs) {
        writeLock.lock();
        try {
            ensureUsable();
            int count = Retention.deletable(segments.all(), config, logStartOffset, highWatermark, end.offset(), nowMs);
            if (count == 0) {
                return 0;
            }
            if (count == segments.size()) {
                rollTo(end.offset(), config, nowMs);
            }
            // What remains must be there after a crash, or the log would begin again at offsets it has already used.
            store.flushDirectory();
            LogSegments before = segments;
            long newStart = Math.max(logStartOffset, before.get(count).baseOffset());
            logStartOffset = newStart;
            segments = before.withoutFirst(count);
            for (LogSegment dropped : before.all().subList(0, count)) {
                bury(dropped, nowMs);
            }
            snapshots.deleteBefore(segments.first().baseOffset());
            epochs.truncateStart(newStart);
            return count;
        } catch (IOException e) {
            throw fail(e);
        } finally {
            writeLock.unlock();
        }
    }

    /**
     * Moves the log start, so that records before the offset are gone for readers; their segments go with the next {@link #applyRetention}.
     *
     * @return false when the offset is above the high watermark, in which case nothing changes
     */
    public boolean deleteRecordsBefore(long offset) {
        writeLock.lock();
        try {
            ensureUsable();
            if (offset > highWatermark) {
                return false;
            }
            if (offset > logStartOffset) {
                logStartOffset = offset;
                epochs.truncateStart(offset);
            }
            return true;
        } catch (IOException e) {
            throw fail(e);
        } finally {
            writeLock.unlock();
        }
    }

    /** Forgets idempotent producers that wrote nothing for longer than the settings allow. */
    public void expireProducers(long nowMs) {
        writeLock.lock();
        try {
            producers.removeExpired(nowMs, settings.producerIdExpirationMs());
        } finally {
            writeLock.unlock();
        }
    }

    /** Makes everything before an offset survive a crash of the machine, and raises the recovery point to it. Appends go on beside it. */
    public void flush(long upToOffset) {
        filesLock.lock();
        try {
            ensureUsable();
            long upTo = Math.min(upToOffset, end.offset());
            if (upTo <= recoveryPoint) {
                return;
            }
            LogSegments current = segments;
            for (int i = current.floorIndex(recoveryPoint); i < current.size() && current.get(i)
                    .baseOffset() < upTo; i++) {
                LogSegment following = current.after(i);
                current.get(i).flush(following != null && following.baseOffset() <= upTo);
            }
            store.flushDirectory();
            recoveryPoint = Math.max(recoveryPoint, upTo);
        } catch (IOException e) {
            throw fail(e);
        } finally {
            filesLock.unlock();
        }
    }

    /** Removes the files of segments that were deleted long enough ago that no reader still sends them. */
    public void purgeDeleted(long nowMs) {
        filesLock.lock();
        try {
            while (true) {
                DeadSegment dead = nextDead(nowMs);
                if (dead == null) {
                    return;
                }
                dead.segment().purge();
            }
        } catch (IOException e) {
            throw fail(e);
        } finally {
            filesLock.unlock();
        }
    }

    private @Nullable DeadSegment nextDead(long nowMs) {
        writeLock.lock();
        try {
            DeadSegment oldest = deadSegments.peekFirst();
            return oldest != null && oldest.purgeAtMs() <= nowMs ? deadSegments.pollFirst() : null;
        } finally {
            writeLock.unlock();
        }
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

    /** Flushes everything, writes the producer snapshot and closes the files. Afterwards the log can be opened as cleanly shut down. */
    public void close() {
        changeFiles(() -> {
            for (LogSegment segment : segments.all()) {
                segment.closeClean();
            }
            snapshots.take(producers, end.offset());
            snapshots.flush(end.offset());
            store.flushDirectory();
            for (DeadSegment dead : deadSegments) {
                dead.segment().purge();
            }
            deadSegments.clear();
            recoveryPoint = end.offset();
            closed = true;
        });
    }

    /** Closes the files without writing anything, for a log that failed or whose partition is deleted. */
    public void abandon() throws IOException {
        filesLock.lock();
        writeLock.lock();
        try {
            closed = true;
            for (LogSegment segment : segments.all()) {
                segment.abandon();
            }
            for (DeadSegment dead : deadSegments) {
                dead.segment().abandon();
            }
        } finally {
            writeLock.unlock();
            filesLock.unlock();
        }
    }

    private interface FileChange {
        void run() throws IOException;
    }

    private void changeFiles(FileChange change) {
        filesLock.lock();
        writeLock.lock();
        try {
            ensureUsable();
            change.run();
        } catch (IOException e) {
            throw fail(e);
        } finally {
            writeLock.unlock();
            filesLock.unlock();
        }
    }

    private void ensureUsable() {
        IOException failed = failure;
        if (failed != null) {
            throw new KafkaStorageException("the log of " + store.name() + " failed: " + failed.getMessage(), failed);
        }
        if (closed) {
            throw new KafkaStorageException("the log of " + store.name() + " is closed");
        }
    }

    private KafkaStorageException fail(IOException cause) {
        if (closed) {
            return new KafkaStorageException("the log of " + store.name() + " is closed", cause);
        }
        if (failure == null) {
            failure = cause;
            settings.onFailure().accept(cause);
        }
        return new KafkaStorageException(cause.getMessage(), cause);
    }
}
