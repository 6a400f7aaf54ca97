package io.millrace.broker.storage;

import io.millrace.broker.log.DecompressionBuffers;
import io.millrace.broker.log.Discarded;
import io.millrace.broker.log.LogOpening;
import io.millrace.broker.log.LogSettings;
import io.millrace.broker.log.PartitionLog;
import io.millrace.common.metadata.TopicConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiFunction;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A broker's data directory and the partition logs in it. Owns the directory alone: a second process on it is refused.
 *
 * <p>A partition is found by its topic's id, so data of a deleted topic is never served under a new topic of the same name.
 *
 * <p>When the disk fails, {@link #failure} says so for good: logs that failed answer with a storage error, nothing new is created, and no
 * clean-shutdown marker is written, so that the next start checks everything.
 */
public final class LogDirectory implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(LogDirectory.class);
    private static final CompletableFuture<Void> DONE = CompletableFuture.completedFuture(null);

    /** A partition that has data here. */
    public record LocalPartition(Uuid topicId, String topic, int partition) {}

    private final Path root;
    private final Clock clock;
    private final StorageProperties properties;
    private final DirectoryLock lock;
    private final MetaProperties meta;
    private final LogSettings settings;
    private final ExecutorService flushExecutor;
    private final Map<ReplicaName, StoredLog> logs = new ConcurrentHashMap<>();
    private final DepartedFolders departedFolders;
    private final LogCheckpoints checkpoints;
    private final SharedWork rememberingStarts;
    private final Housekeeping housekeeping;
    private final @Nullable RememberedRegistration lastRegistration;
    private final RememberedReplicas replicas;
    private boolean openedClean;
    private boolean registered;
    private volatile boolean damaged;
    private volatile @Nullable IOException failure;
    private volatile Runnable onFailure = () -> {};

    private LogDirectory(StorageProperties properties, DirectoryLock lock, MetaProperties meta, Clock clock)
            throws IOException {
        this.root = properties.directory();
        this.lastRegistration = RememberedRegistration.read(root);
        this.properties = properties;
        this.lock = lock;
        this.meta = meta;
        this.clock = clock;
        this.settings = new LogSettings(new DecompressionBuffers(Thread::yield), properties.producerIdExpiration()
                .toMillis(),
                properties.idempotencyKeys().limits(), this::fail);
        this.flushExecutor = Executors.newFixedThreadPool(properties.flushThreads(), Thread.ofPlatform().name(
                "log-flush-", 0).daemon().factory());
        this.departedFolders = new DepartedFolders();
        this.checkpoints = new LogCheckpoints(root, logs.values());
        this.rememberingStarts = new SharedWork(flushExecutor, this::writeChangedStarts);
        this.replicas = new RememberedReplicas(root, clock, this::fail);
        this.housekeeping = new Housekeeping(this, properties);
    }

    /**
     * Takes the directory, opens every log in it, and begins the work in the background.
     *
     * @param configs the settings of a topic by name and id, asked for each log found
     * @throws ForeignDirectoryException when the directory is in use or belongs to another broker or cluster
     */
    public static LogDirectory open(StorageProperties properties, DirectoryIdentity identity,
            BiFunction<String, Uuid, TopicConfig> configs,
            Clock clock) throws IOException {
        Files.createDirectories(properties.directory());
        DirectoryLock lock = DirectoryLock.take(properties.directory());
        try {
            MetaProperties meta = MetaProperties.claim(properties.directory(), identity);
            LogDirectory directory = new LogDirectory(properties, lock, meta, clock);
            directory.load(configs);
            directory.housekeeping.start();
            return directory;
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private void load(BiFunction<String, Uuid, TopicConfig> configs) throws IOException {
        Path marker = root.resolve(CleanShutdown.FILE_NAME);
        boolean clean = Files.exists(marker);
        openedClean = clean;
        LogOpenings openings = checkpoints.read(clean);
        List<PartitionFolder> folders = StoredFolders.list(root, departedFolders);
        // From here on a crash is an unclean one.
        Files.deleteIfExists(marker);
        AtomicFiles.flushDirectory(root);
        long startNanos = System.nanoTime();
        ParallelOpening.run(properties.recoveryThreads(), folders, folder -> load(folder, openings, configs));
        if (folders.isEmpty()) {
            LOGGER.info("The data directory {} holds no logs yet", root);
        } else {
            LOGGER.info("Opened {} logs in {} ms after {} shutdown", logs.size(), (System.nanoTime() - startNanos)
                    / 1_000_000,
                    clean ? "a clean" : "an unclean");
        }
        checkpoints.write();
        departedFolders.settle(Long.MAX_VALUE);
        replicas.load(partitions(), tailLost());
    }

    private void load(PartitionFolder folder, LogOpenings openings, BiFunction<String, Uuid, TopicConfig> configs)
            throws IOException {
        Uuid topicId = folder.readTopicId();
        if (topicId == null) {
            // The id is written before the first record: nothing can be in there.
            departedFolders.addDeleted(folder.renameForDeletion(), 0, null);
            return;
        }
        LogOpening opening = openings.of(folder);
        put(openLog(folder, topicId, configs.apply(folder.topic(), topicId), opening));
    }

    private StoredLog openLog(PartitionFolder folder, Uuid topicId, TopicConfig config, LogOpening opening)
            throws IOException {
        DirectoryLogStore store = new DirectoryLogStore(folder.path());
        long nowMs = clock.millis();
        PartitionLog log = PartitionLog.open(store, config, settings, opening, nowMs);
        for (Discarded discarded : log.discardedAtOpening()) {
            // A torn tail is an append that was under way, and no one was told of it.
            damaged |= discarded.reason() != Discarded.Reason.TORN_TAIL;
            LOGGER.warn("{}: {} bytes of {} are discarded ({}); nothing of it is kept from offset {} on", folder.path(),
                    discarded.bytes(), discarded.file(), discarded.reason(), discarded.fromOffset());
        }
        return new StoredLog(folder, topicId, store, log, flushExecutor, nowMs);
    }

    private void put(StoredLog log) {
        logs.put(log.name(), log);
    }

    /** The directory itself. */
    public Path root() {
        return root;
    }

    /** The cluster whose data this is. */
    public String clusterId() {
        return meta.clusterId();
    }

    /** The directory's own id, which a broker registers with. */
    public Uuid directoryId() {
        return meta.directoryId();
    }

    /** What is known of replicas beside their logs. */
    public RememberedReplicas replicas() {
        return replicas;
    }

    /** The epoch of the broker's last registration with this directory; nothing if there was none. */
    public OptionalLong lastBrokerEpoch() {
        return lastRegistration == null ? OptionalLong.empty() : OptionalLong.of(lastRegistration.brokerEpoch());
    }

    /**
     * Whether the logs may lack what was acknowledged when they were served last: they were neither closed in order, nor has the machine, whose
     * page cache has what was not flushed, run ever since.
     */
    public boolean tailLost() {
        return lastRegistration == null || damaged || !openedClean && !lastRegistration.isOfThisBoot();
    }

    /** Remembers, durably, under which epoch the broker registered. */
    public void rememberRegistration(long brokerEpoch) {
        try {
            if (!registered && lastRegistration != null && brokerEpoch > lastRegistration.brokerEpoch() + 1) {
                // Another copy of this directory, or another directory, has served in its place.
                replicas.clearWhole();
            }
            registered = true;
            new RememberedRegistration(brokerEpoch, RememberedRegistration.currentBootId()).write(root);
        } catch (IOException e) {
            fail(e);
            throw new UncheckedIOException(e);
        }
    }

    /** Runs the action, on the thread that meets it, when the disk fails; at once if it has. */
    public void whenFailed(Runnable action) {
        onFailure = action;
        if (failure != null) {
            action.run();
        }
    }

    /** The log of a partition, if it has one here. */
    public Optional<PartitionLog> log(Uuid topicId, int partition) {
        StoredLog stored = logs.get(new ReplicaName(topicId, partition));
        return stored == null ? Optional.empty() : Optional.of(stored.log());
    }

    /** Every partition that has data here, in no order. */
    public List<LocalPartition> partitions() {
        return logs.values().stream()
                .map(stored -> new LocalPartition(stored.topicId(), stored.folder().topic(), stored.folder()
                        .partition())).toList();
    }

    /**
     * The log of a partition; begins it when it is not here. Data of another topic that had the same name is set aside.
     *
     * @throws KafkaStorageException when the disk fails or has failed before, or data of another topic is in the way and cannot be moved
     */
    public PartitionLog getOrCreate(String topic, Uuid topicId, int partition, TopicConfig config) {
        StoredLog present = logs.get(new ReplicaName(topicId, partition));
        return present != null ? present.log() : create(topic, topicId, partition, config);
    }

    private synchronized PartitionLog create(String topic, Uuid topicId, int partition, TopicConfig config) {
        StoredLog present = logs.get(new ReplicaName(topicId, partition));
        if (present != null) {
            return present.log();
        }
        ensureUsable();
        if (!depart(namesakes(topic, partition), PartitionFolder.STRAY_SUFFIX)) {
            throw new KafkaStorageException("data of another topic is where that of " + topic + "-" + partition
                    + " belongs");
        }
        try {
            PartitionFolder folder = PartitionFolder.of(root, topic, partition);
            folder.writeTopicId(topicId);
            StoredLog created = openLog(folder, topicId, config, LogOpening.UNKNOWN);
            put(created);
            return created.log();
        } catch (IOException e) {
            fail(e);
            throw new KafkaStorageException("cannot create the log of " + topic + "-" + partition + ": " + e
                    .getMessage(), e);
        }
    }

    /** Takes effect with the next append or retention run of the topic's logs here. */
    public void updateConfig(Uuid topicId, TopicConfig config) {
        logsOf(topicId).forEach(stored -> stored.log().updateConfig(config));
    }

    /**
     * Deletes logs: they are gone at once, their files when {@code file.delete.delay.ms} is over. One that cannot be moved out of the way stays,
     * for the next start to try again.
     */
    public synchronized void delete(Collection<LocalPartition> doomed) {
        depart(stored(doomed), PartitionFolder.DELETED_SUFFIX);
    }

    /**
     * Serves logs no more but keeps their files, in a folder whose name ends with {@code -stray}, for as long as the settings say: time for
     * somebody to decide who knows what the data is. Who needs more takes the suffix off the name, or sets another time.
     */
    public synchronized void setAside(Collection<LocalPartition> strays) {
        depart(stored(strays), PartitionFolder.STRAY_SUFFIX);
    }

    private List<StoredLog> logsOf(Uuid topicId) {
        return logs.values().stream().filter(stored -> stored.topicId().equals(topicId)).toList();
    }

    private List<StoredLog> namesakes(String topic, int partition) {
        return logs.values().stream()
                .filter(stored -> stored.folder().topic().equals(topic) && stored.folder().partition() == partition)
                .toList();
    }

    private List<StoredLog> stored(Collection<LocalPartition> partitions) {
        return partitions.stream()
                .map(partition -> logs.get(ReplicaName.of(partition)))
                .filter(Objects::nonNull).toList();
    }

    /** Whether all of them are out of the way. */
    private boolean depart(List<StoredLog> leaving, String suffix) {
        if (leaving.isEmpty()) {
            return true;
        }
        int left = 0;
        replicas.forgetWhole(leaving.stream().map(StoredLog::name).toList());
        for (StoredLog stored : leaving) {
            try {
                depart(stored, suffix);
                left++;
            } catch (IOException e) {
                LOGGER.error("{} cannot be moved out of the way", stored.folder().path(), e);
            }
        }
        try {
            AtomicFiles.flushDirectory(root);
            // A new topic of the same name must not find the old one's offsets after a crash.
            checkpoints.write();
        } catch (IOException e) {
            fail(e);
            throw new KafkaStorageException("cannot note that logs are gone: " + e.getMessage(), e);
        }
        return left == leaving.size();
    }

    private void depart(StoredLog stored, String suffix) throws IOException {
        Path target = stored.folder().departed(suffix);
        PartitionLog log = stored.log();
        log.depart(() -> stored.store().moveTo(target));
        logs.remove(stored.name());
        long untilMs = clock.millis() + log.config().fileDeleteDelayMs();
        if (suffix.equals(PartitionFolder.DELETED_SUFFIX)) {
            LOGGER.info("Deleted {}", stored.folder().path());
            departedFolders.addDeleted(target, untilMs, log);
        } else {
            // Since when it is aside; a rename leaves the folder's own time as it was.
            Files.setLastModifiedTime(target, FileTime.fromMillis(clock.millis()));
            LOGGER.warn("{} (topic id {}, offsets {} to {}) is set aside as {}", stored.folder().path(), stored
                    .topicId(), log.logStartOffset(), log.logEndOffset(), target.getFileName());
            departedFolders.addStray(target, untilMs, log);
        }
    }

    /**
     * To be called after each append and before it is acknowledged. Complete at once, unless {@code flush.messages} records have come together: then
     * it completes when they are durable. Appends that wait at the same time share one fsync.
     */
    public CompletableFuture<Void> afterAppend(Uuid topicId, int partition) {
        StoredLog stored = logs.get(new ReplicaName(topicId, partition));
        if (stored == null) {
            return DONE;
        }
        return flushed(stored);
    }

    /**
     * To be called before a leader is told how far a log has come, which counts: complete at once, unless its start has moved or {@code flush.messages}
     * records have come together. To be asked again when it completes, since there may be the other to wait for.
     */
    public CompletableFuture<Void> beforeFetch(Uuid topicId, int partition) {
        StoredLog stored = logs.get(new ReplicaName(topicId, partition));
        if (stored == null) {
            return DONE;
        }
        return stored.startRemembered() ? flushed(stored) : rememberingStarts.run();
    }

    private static CompletableFuture<Void> flushed(StoredLog stored) {
        PartitionLog log = stored.log();
        long endOffset = log.logEndOffset();
        return endOffset - log.recoveryPoint() >= log.config().flushMessages() ? stored.groupFlush().flush(endOffset)
                : DONE;
    }

    /** Why the disk cannot be relied on any more; empty while it can. */
    public Optional<String> failure() {
        IOException failed = failure;
        return failed == null ? Optional.empty() : Optional.of(String.valueOf(failed.getMessage()));
    }

    private void fail(IOException cause) {
        LOGGER.error("The data directory {} failed", root, cause);
        boolean first = failure == null;
        failure = cause;
        if (first) {
            forgetRegistration();
            onFailure.run();
        }
    }

    /** What could not be written may be gone from the page cache, too. */
    private void forgetRegistration() {
        try {
            Files.deleteIfExists(root.resolve(RememberedRegistration.FILE_NAME));
        } catch (IOException e) {
            LOGGER.error("That the logs in {} may have lost their ends could not be noted", root, e);
        }
    }

    private void ensureUsable() {
        IOException failed = failure;
        if (failed != null) {
            throw new KafkaStorageException("the data directory failed: " + failed.getMessage(), failed);
        }
    }

    /** Starts the fsyncs that are due; they run on the flush threads. */
    void flushDue() {
        long nowMs = clock.millis();
        for (StoredLog stored : logs.values()) {
            stored.flushIfDue(nowMs);
        }
    }

    /** Applies retention and removes files whose delay is over. */
    void retain() {
        long nowMs = clock.millis();
        for (StoredLog stored : logs.values()) {
            retain(stored, nowMs);
        }
        departedFolders.settle(nowMs);
        if (properties.departedRetention().isPositive()) {
            long beforeMs = nowMs - properties.departedRetention().toMillis();
            departedFolders.removeStrays(beforeMs);
            replicas.forgetMovedBefore(beforeMs);
        }
    }

    private static void retain(StoredLog stored, long nowMs) {
        try {
            if (!stored.log().failed()) {
                stored.log().applyRetention(nowMs);
                stored.log().expireProducers(nowMs);
                stored.log().purgeDeleted(nowMs);
            }
        } catch (KafkaStorageException e) {
            LOGGER.warn("Retention of {} failed", stored.folder().path(), e);
        }
    }

    /** Writes recovery points, high watermarks and log starts down from time to time; that it cannot is the directory's {@link #failure}. */
    void checkpoint() {
        try {
            rememberOffsets();
        } catch (KafkaStorageException e) {
            LOGGER.debug("no checkpoint was written", e);
        }
    }

    /**
     * Writes recovery points, high watermarks and log starts down; to be called before anything is appended to a log that was cut.
     *
     * @throws KafkaStorageException when that fails: what was written down before may hide what is appended now
     */
    public synchronized void rememberOffsets() {
        try {
            checkpoints.write();
        } catch (IOException e) {
            fail(e);
            throw new KafkaStorageException("cannot note where logs start and end: " + e.getMessage(), e);
        }
    }

    /**
     * Writes down where the logs start, together with all others who ask for it at the same time.
     *
     * @throws KafkaStorageException when that fails: a crash may bring back what was deleted
     */
    public void rememberLogStarts() {
        try {
            rememberingStarts.run().join();
        } catch (CompletionException e) {
            throw new KafkaStorageException(String.valueOf(e.getCause().getMessage()), e.getCause());
        }
    }

    private void writeChangedStarts() {
        ensureUsable();
        try {
            checkpoints.writeLogStarts();
        } catch (IOException e) {
            fail(e);
            throw new KafkaStorageException("cannot note where logs start: " + e.getMessage(), e);
        }
    }

    /** Flushes and closes all logs and gives the directory back. The next start needs no recovery, unless something failed. */
    @Override
    public void close() throws IOException {
        // Without the monitor, which the run that is waited for may need.
        housekeeping.close();
        closeLogs();
    }

    private synchronized void closeLogs() throws IOException {
        flushExecutor.close();
        List<RuntimeException> problems = new ArrayList<>();
        for (StoredLog stored : logs.values()) {
            try {
                stored.log().close();
            } catch (KafkaStorageException e) {
                problems.add(e);
            }
        }
        try {
            departedFolders.settle(Long.MAX_VALUE);
            if (failure == null && problems.isEmpty()) {
                checkpoints.write();
                CleanShutdown.mark(root);
            } else {
                LOGGER.warn("{} was not closed in order: the next start checks every log", root);
            }
        } finally {
            logs.clear();
            lock.close();
        }
    }
}
