package io.millrace.broker.log;

import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;

/**
 * One partition's log in Kafka's on-disk format.
 *
 * <p>Safe for concurrent use. Appends, rolls, truncations and retention take the log's own write lock one after the other; what can be checked
 * without the lock (checksums, record structure) is. Readers take no lock: they work on an immutable list of segments up to the end that the
 * last append published. {@link #flush}, {@link #truncateTo}, {@link #close} and {@link #purgeDeleted} exclude each other; a flush does not hold
 * up appends.
 *
 * <p>Invariant: log start ≤ high watermark ≤ log end. Offsets are gapless.
 *
 * <p>When a file fails, the method throws {@link KafkaStorageException} (on the wire: KAFKA_STORAGE_ERROR) and so does every later call: what is
 * in memory may no longer be what is on disk, and only opening the log again settles it.
 */
public final class PartitionLog {
    private final String name;
    private final LogSettings settings;
    private final LogState state;
    private final List<Discarded> discarded;
    private final ReentrantLock writeLock = new ReentrantLock();
    /** Taken before {@link #writeLock} when both are needed. */
    private final ReentrantLock filesLock = new ReentrantLock();
    private volatile @Nullable IOException failure;
    private volatile boolean closed;
    private volatile boolean departed;

    private PartitionLog(String name, LogSettings settings, LogState state, List<Discarded> discarded) {
        this.name = name;
        this.settings = settings;
        this.state = state;
        this.discarded = discarded;
    }

    /** Opens the log in a partition's folder, or begins one when the folder is empty. */
    public static PartitionLog open(LogStore store, TopicConfig config, LogSettings settings, LogOpening opening,
            long nowMs) throws IOException {
        LogLoader.Loaded loaded = new LogLoader(store, config, settings.keyLimits(), opening, nowMs).load();
        return new PartitionLog(store.name(), settings, new LogState(store, config, opening, loaded), loaded
                .discarded());
    }

    /** What was lost when the log was opened; empty if it was whole. */
    public List<Discarded> discardedAtOpening() {
        return discarded;
    }

    public long logStartOffset() {
        return state.logStartOffset();
    }

    /** The offset that the next record gets. */
    public long logEndOffset() {
        return state.endOffset();
    }

    /** What consumers may read up to, exclusively. */
    public long highWatermark() {
        return state.highWatermark();
    }

    /** Everything before this offset survives a crash of the machine. */
    public long recoveryPoint() {
        return state.recoveryPoint();
    }

    public TopicConfig config() {
        return state.config();
    }

    /** Takes effect with the next append or retention run. */
    public void updateConfig(TopicConfig changed) {
        state.config(changed);
    }

    /** The newest leader epoch that wrote a record here, or -1. */
    public int latestLeaderEpoch() {
        return state.epochs().latestEpoch();
    }

    /** The highest leader epoch of which this log had, at some time, all with which it began at its leader; -1 before any. It never falls. */
    public int joinedEpoch() {
        return state.joinedEpoch();
    }

    /** Writes down, before anybody counts on it, that this log has all with which a leader epoch began at its leader. */
    public void joinEpoch(int leaderEpoch) {
        changingFiles(() -> state.joinEpoch(leaderEpoch));
    }

    /** Bytes of all segments that are not deleted. */
    public long sizeBytes() {
        long sizeBytes = 0;
        for (LogSegment segment : state.segments().all()) {
            sizeBytes += segment.sizeBytes();
        }
        return sizeBytes;
    }

    public int segmentCount() {
        return state.segments().size();
    }

    /** The offset at which the growing segment begins. */
    public long activeSegmentBaseOffset() {
        return state.segments().last().baseOffset();
    }

    /** Whether a file failed, so that the log answers every call with {@link KafkaStorageException} until it is opened again. */
    public boolean failed() {
        return failure != null;
    }

    /** Raises the high watermark, at most to the end of the log; a lower value changes nothing. */
    public void advanceHighWatermark(long offset) {
        state.advanceHighWatermark(offset);
    }

    /** When an append that was found sound is stored. */
    public interface Turn {
        /**
         * Stores it, or refuses it after all.
         *
         * @param sizeBytes as it is stored
         * @param store     to be run once at most, on this thread
         */
        AppendResult take(int sizeBytes, Supplier<AppendResult> store);
    }

    /** Appends what a producer sent, as {@link #appendAsLeader(MemoryRecords, int, long, Turn)}, as soon as it was found sound. */
    public AppendResult appendAsLeader(MemoryRecords records, int leaderEpoch, long nowMs) {
        return appendAsLeader(records, leaderEpoch, nowMs, (_, store) -> store.get());
    }

    /**
     * Appends what a producer sent. The records' bytes are changed in place: offsets, leader epoch and, where the topic says so, the timestamp.
     * Where the topic asks for another codec, what is stored is compressed anew, elsewhere; REQUEST_TIMED_OUT when there was no memory for that.
     *
     * @param records     whole v2 batches; an idempotent producer sends one at a time
     * @param leaderEpoch the epoch in which this broker leads the partition
     * @param turn        comes when all that takes long, or waits for others, is done but the writing
     */
    public AppendResult appendAsLeader(MemoryRecords records, int leaderEpoch, long nowMs, Turn turn) {
        ensureUsable();
        ByteBuffer bytes = records.buffer().slice();
        // One for the whole of it: what was stamped by one config must not be told by another.
        TopicConfig config = state.config();
        return switch (new ProduceCheck(config, settings.buffers(), nowMs).check(bytes)) {
            case ProduceCheck.Outcome.Rejected(AppendResult.Refused refusal) -> unlessStored(config, bytes,
                    leaderEpoch, refusal, turn);
            case ProduceCheck.Outcome.Accepted(List<ProduceCheck.PlacedBatch> batches) -> {
                if (Recompression.isNeeded(config, batches)) {
                    yield appendAnew(config, bytes, batches, (anew, placed) -> turn.take(anew.limit(), () -> writing(
                            () -> state.appendAsLeader(config, anew, placed, leaderEpoch, nowMs))));
                }
                yield turn.take(bytes.limit(), () -> writing(() -> state.appendAsLeader(config, bytes, batches,
                        leaderEpoch, nowMs)));
            }
        };
    }

    /** What a topic takes changes with its configuration and with the time; a request that was stored under its key is a duplicate all the same. */
    private AppendResult unlessStored(TopicConfig config, ByteBuffer bytes, int leaderEpoch,
            AppendResult.Refused refusal, Turn turn) {
        BatchHeader batch = ProduceCheck.underKey(bytes);
        return batch == null ? refusal
                : turn.take(bytes.limit(), () -> writing(() -> state.findDuplicate(config, batch, leaderEpoch,
                        refusal)));
    }

    private interface PlacedStore {
        AppendResult store(ByteBuffer bytes, List<ProduceCheck.PlacedBatch> batches);
    }

    private AppendResult appendAnew(TopicConfig config, ByteBuffer bytes, List<ProduceCheck.PlacedBatch> batches,
            PlacedStore then) {
        try (RecompressionMemory.Share memory = settings.buffers().recompression().take(Recompression.maxBytes(
                config))) {
            if (memory == null) {
                return AppendResult.Refused.batch(Errors.REQUEST_TIMED_OUT, -1,
                        "too much is being compressed anew for compression.type; nothing was stored");
            }
            Recompression.Result result = recompressed(config, bytes, batches);
            return switch (result.outcome()) {
                case ProduceCheck.Outcome.Rejected(AppendResult.Refused refusal) -> refusal;
                case ProduceCheck.Outcome.Accepted(List<ProduceCheck.PlacedBatch> anew) -> {
                    // A disk that is slow then holds up the appends to its own logs alone.
                    memory.shrinkTo(result.bytes().array().length);
                    yield then.store(result.bytes(), anew);
                }
            };
        }
    }

    private Recompression.Result recompressed(TopicConfig config, ByteBuffer bytes,
            List<ProduceCheck.PlacedBatch> batches) {
        DecompressionBuffers.Lent lent = settings.buffers().borrow();
        try {
            return new Recompression(config, settings.buffers(), lent).run(bytes, batches);
        } finally {
            settings.buffers().giveBack(lent);
        }
    }

    /**
     * Appends what the leader sent, with the leader's offsets and epochs. A batch cut off at the end is left out. An empty log takes a first batch
     * that begins before its start: the leader's log starts within that batch when records were deleted up to there.
     *
     * @param leaderEpoch in which the leader was asked
     * @return {@link AppendResult.Appended} with the range that was stored, or {@link AppendResult.Refused}: CORRUPT_MESSAGE for damaged bytes,
     *         OFFSET_OUT_OF_RANGE when the first batch does not begin at the end of this log, FENCED_LEADER_EPOCH when one is of a later epoch
     */
    public AppendResult appendAsFollower(MemoryRecords records, int leaderEpoch, long nowMs) {
        ensureUsable();
        ByteBuffer bytes = records.buffer().slice();
        return switch (ReplicaCheck.check(bytes, leaderEpoch)) {
            case ProduceCheck.Outcome.Rejected(AppendResult.Refused refusal) -> refusal;
            case ProduceCheck.Outcome.Accepted(List<ProduceCheck.PlacedBatch> batches) -> state.startsWithin(batches
                    .getFirst().header()) ? appendAroundStart(bytes, batches, nowMs)
                            : writing(() -> state.appendAsFollower(bytes, batches, nowMs));
        };
    }

    private AppendResult appendAroundStart(ByteBuffer bytes, List<ProduceCheck.PlacedBatch> batches, long nowMs) {
        filesLock.lock();
        try {
            return writing(() -> state.appendAroundStart(bytes, batches, nowMs));
        } finally {
            filesLock.unlock();
        }
    }

    /** Ends the growing segment and begins the next one, unless it is empty. */
    public void roll(long nowMs) {
        writing(() -> {
            state.roll(nowMs);
            return this;
        });
    }

    /**
     * Reads whole batches from the one that holds an offset.
     *
     * @param maxBytes         limit of the answer's size; the last batch may be cut off by it
     * @param minOneBatch      whether the first batch is returned whole even when it is larger than the limit (KIP-74)
     * @param upperBoundOffset nothing at or after this offset is returned: the high watermark for consumers, the log end for replicas
     */
    public ReadResult read(long offset, int maxBytes, boolean minOneBatch, long upperBoundOffset) {
        return reading(() -> LogReads.read(state.view(), offset, maxBytes, minOneBatch, upperBoundOffset));
    }

    /** The start of the log. */
    public TimestampedOffset earliest() {
        long offset = state.logStartOffset();
        return TimestampedOffset.withoutTime(offset, state.epochs().epochAt(offset));
    }

    /** The end of the log for readers with this upper bound. */
    public TimestampedOffset latest(long upperBoundOffset) {
        long offset = Math.min(upperBoundOffset, state.endOffset());
        return TimestampedOffset.withoutTime(offset, state.epochs().latestEpoch());
    }

    /** The first record at or after a time, before the upper bound. */
    public Optional<TimestampedOffset> firstAtOrAfter(long timestampMs, long upperBoundOffset) {
        return reading(() -> LogReads.firstAtOrAfter(state.view(), timestampMs, upperBoundOffset, settings
                .buffers()));
    }

    /** The first record that has the greatest timestamp before the upper bound (KIP-734). */
    public Optional<TimestampedOffset> maxTimestamp(long upperBoundOffset) {
        return reading(() -> LogReads.maxTimestamp(state.view(), upperBoundOffset, settings.buffers()));
    }

    /** Where a leader epoch ends here, for replicas and clients that check whether their history is this one (KIP-101). */
    public EpochEndOffset endOffsetForEpoch(int leaderEpoch) {
        return state.epochs().endOffset(leaderEpoch, state.endOffset());
    }

    /**
     * Notes durably that a leader epoch begins at the end of this log, as its leader does before it serves anything (KIP-101): followers that ask
     * where an older epoch ends are then told this offset even before the first append.
     *
     * @return false when a batch of this or a newer epoch is in the log already: it was written by an earlier life of this broker or by another, and
     *         nothing may be appended in this epoch
     */
    public boolean beginEpoch(int leaderEpoch) {
        return writing(() -> state.beginEpoch(leaderEpoch));
    }

    /**
     * Removes everything at or after an offset, for a follower whose end differs from its leader's. Whole batches only: when the offset lies
     * within a batch, that batch goes too. The recovery point may go back: the caller writes it down before anything is appended.
     */
    public void truncateTo(long offset, long nowMs) {
        changingFiles(() -> state.truncateTo(offset, nowMs));
    }

    /** Empties the log and lets it begin at an offset, for a follower that is behind its leader's log start. */
    public void truncateFullyAndStartAt(long offset, long nowMs) {
        changingFiles(() -> state.restartAt(offset, nowMs));
    }

    /**
     * Deletes the oldest segments that retention by time or size no longer keeps, and those before the log start. Only records below the high
     * watermark go. Their files stay for {@code file.delete.delay.ms}, see {@link #purgeDeleted}.
     *
     * @return how many segments were deleted
     */
    public int applyRetention(long nowMs) {
        return writing(() -> state.applyRetention(nowMs));
    }

    /**
     * Moves the log start, so that records before the offset are gone for readers; their segments go with the next {@link #applyRetention}.
     *
     * @return false when the offset is above the high watermark, in which case nothing changes
     */
    public boolean deleteRecordsBefore(long offset) {
        return writing(() -> state.deleteRecordsBefore(offset));
    }

    /** Forgets idempotent producers that wrote nothing for longer than the settings allow. */
    public void expireProducers(long nowMs) {
        boolean more = true;
        while (more) {
            // Appends come between.
            more = writing(() -> state.producers().removeExpired(nowMs, settings.producerIdExpirationMs()));
        }
    }

    /** The idempotent producers whose sequences are checked here, in no order. */
    public List<ActiveProducer> activeProducers() {
        return writing(() -> state.producers().active());
    }

    /** Makes everything before an offset survive a crash of the machine, and raises the recovery point to it. Appends go on beside it. */
    public void flush(long upToOffset) {
        filesLock.lock();
        try {
            ensureUsable();
            long upTo = Math.min(upToOffset, state.endOffset());
            boolean flushed = upTo <= state.recoveryPoint();
            while (!flushed) {
                LogSegments segments = state.flush(upTo);
                flushed = writing(() -> state.markFlushed(segments, upTo));
            }
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
            for (LogSegment dead : writing(() -> state.takeDead(nowMs))) {
                dead.purge();
            }
        } catch (IOException e) {
            throw fail(e);
        } finally {
            filesLock.unlock();
        }
    }

    /** Flushes everything, writes the producer snapshot and closes the files. Afterwards the log can be opened as cleanly shut down. */
    public void close() {
        changingFiles(() -> {
            state.close();
            closed = true;
        });
    }

    /** Closes the files without writing anything, for a log that failed or whose partition is deleted. */
    public void abandon() throws IOException {
        filesLock.lock();
        writeLock.lock();
        try {
            closed = true;
            state.abandon();
        } finally {
            writeLock.unlock();
            filesLock.unlock();
        }
    }

    /** Moves a log's files to another folder. */
    public interface Move {
        void run() throws IOException;
    }

    /**
     * Moves the files of a partition that is no longer served. No change, flush or purge comes in between; those and reads that began before
     * may still end, but a file that fails them is no failure of the disk any more.
     *
     * @throws IOException when the files could not be moved; the log is then as it was
     */
    public void depart(Move move) throws IOException {
        filesLock.lock();
        writeLock.lock();
        try {
            // Before the move: a reader, who takes no lock, may open an index under the old path.
            departed = true;
            move.run();
        } catch (IOException e) {
            departed = false;
            throw e;
        } finally {
            writeLock.unlock();
            filesLock.unlock();
        }
    }

    private interface FileUse<T> {
        T run() throws IOException;
    }

    private interface FileChange {
        void run() throws IOException;
    }

    private <T> T writing(FileUse<T> change) {
        writeLock.lock();
        try {
            ensureUsable();
            return change.run();
        } catch (IOException e) {
            throw fail(e);
        } finally {
            writeLock.unlock();
        }
    }

    private void changingFiles(FileChange change) {
        filesLock.lock();
        try {
            writing(() -> {
                change.run();
                return this;
            });
        } finally {
            filesLock.unlock();
        }
    }

    /** Runs a read again when a truncation changed the files under it. */
    private <T> T reading(FileUse<T> read) {
        while (true) {
            ensureUsable();
            int truncationsBefore = state.truncations();
            LogSegments segmentsBefore = state.segments();
            try {
                T result = read.run();
                if (truncationsBefore == state.truncations()) {
                    return result;
                }
            } catch (IOException | UncheckedIOException e) {
                // A segment that was deleted meanwhile may be closed; anything else is a broken disk.
                if (truncationsBefore == state.truncations() && segmentsBefore == state.segments()) {
                    throw fail(e instanceof UncheckedIOException unchecked ? unchecked.getCause() : (IOException) e);
                }
            }
        }
    }

    private void ensureUsable() {
        IOException failed = failure;
        if (failed != null) {
            throw new KafkaStorageException("the log of " + name + " failed: " + failed.getMessage(), failed);
        }
        if (closed) {
            throw new KafkaStorageException("the log of " + name + " is closed");
        }
    }

    private KafkaStorageException fail(IOException cause) {
        if (closed) {
            return new KafkaStorageException("the log of " + name + " is closed", cause);
        }
        if (departed) {
            return new KafkaStorageException("the log of " + name + " is no longer served", cause);
        }
        if (failure == null) {
            failure = cause;
            settings.onFailure().accept(cause);
        }
        return new KafkaStorageException(cause.getMessage(), cause);
    }
}
