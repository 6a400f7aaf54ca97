package io.millrace.broker.partition;

import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.partition.Located.Elsewhere;
import io.millrace.broker.partition.Located.Here;
import io.millrace.broker.partition.Located.Unknown;
import io.millrace.broker.storage.LogDirectory;
import io.millrace.broker.storage.LogDirectory.LocalPartition;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.Incarnation;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicConfig;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.partition.SeenLeaderEpochs.Seen;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All partitions that this broker has a replica of, kept as the cluster image says. Images are applied one after the other by
 * one thread; clients' threads only look things up.
 *
 * <p>A log is deleted only where the metadata names its topic as deleted, or has given a replica that was here to others. What an image merely lacks may be missing because the database was
 * restored from an older state, and these logs may then be all that is left of it: they are set aside.
 */
public final class Partitions implements ClusterImages.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(Partitions.class);

    private static final long NOTHING_APPLIED = -1;
    /** Pause before what could not be applied is tried again, and what it grows to. */
    private static final Duration RETRY_MIN = Duration.ofMillis(500);
    private static final Duration RETRY_MAX = Duration.ofSeconds(30);
    /** Partitions that are opened or begin to lead at once, each with a few fsyncs. */
    private static final int APPLIERS = 8;

    private final int brokerId;
    private final LongSupplier brokerEpoch;
    private final ClusterImages images;
    private final LogDirectory logs;
    private final PartitionContext context;
    private final IsrMaintenance isrMaintenance;
    private final ReplicationTimer timer;
    private final ExecutorService appliers = Executors.newFixedThreadPool(APPLIERS, Thread.ofPlatform().name(
            "partition-apply-", 0).daemon().factory());
    /** By topic, then by index. */
    private final Map<Uuid, Map<Integer, Partition>> partitions = new ConcurrentHashMap<>();
    /** What was carried out last, whole; touched by the applying thread alone. */
    private final Map<Uuid, TopicImage> applied = new HashMap<>();
    private Map<Integer, BrokerImage> appliedBrokers = Map.of();
    private volatile long appliedVersion = NOTHING_APPLIED;
    /** Whether something of the last image could not be applied; this and the next three are guarded by this. */
    private boolean unapplied;
    private ClusterImage lastImage = ClusterImage.EMPTY;
    private long retryNanos;
    private long retryDelayNanos;
    private volatile Runnable afterRetry = () -> {};
    private volatile boolean closed;

    /**
     * @param brokerEpoch of this broker's present registration: it begins to lead only what the metadata gives that one
     * @param metadata    asked for changes of in-sync replicas
     */
    public Partitions(int brokerId, LongSupplier brokerEpoch, ClusterImages images, LogDirectory logs,
            MetadataWrites metadata, ReplicationSettings settings) {
        this.brokerId = brokerId;
        this.brokerEpoch = brokerEpoch;
        this.images = images;
        this.logs = logs;
        Semaphore isrChangesDue = new Semaphore(0);
        this.context = new PartitionContext(brokerId, settings.lagTimeMax().toNanos(), System::nanoTime,
                isrChangesDue::release, logs::rememberOffsets);
        this.isrMaintenance = new IsrMaintenance(brokerId, brokerEpoch, metadata, this, settings.maxIsrChanges(),
                isrChangesDue);
        this.isrMaintenance.start();
        this.timer = new ReplicationTimer(this, settings);
    }

    public Located locate(@Nullable String topic, int index) {
        TopicImage image = topic == null ? null : images.current().topic(topic);
        return image == null ? new Unknown(Errors.UNKNOWN_TOPIC_OR_PARTITION) : locate(image, index);
    }

    public Located locate(Uuid topicId, int index) {
        TopicImage image = images.current().topic(topicId);
        return image == null ? new Unknown(Errors.UNKNOWN_TOPIC_ID) : locate(image, index);
    }

    private Located locate(TopicImage topic, int index) {
        Map<Integer, Partition> ofTopic = partitions.get(topic.id());
        Partition partition = ofTopic == null ? null : ofTopic.get(index);
        if (partition != null) {
            return new Here(partition);
        }
        PartitionImage image = topic.partition(index);
        return image == null ? new Unknown(Errors.UNKNOWN_TOPIC_OR_PARTITION) : new Elsewhere(image);
    }

    /** Where their logs are. */
    public Path directory() {
        return logs.root();
    }

    public List<Partition> all() {
        List<Partition> all = new ArrayList<>();
        partitions.values().forEach(ofTopic -> all.addAll(ofTopic.values()));
        return all;
    }

    void forEach(Consumer<Partition> action) {
        partitions.values().forEach(ofTopic -> ofTopic.values().forEach(action));
    }

    /** The version of the image that the partitions are like. */
    public long appliedVersion() {
        return appliedVersion;
    }

    @Override
    public synchronized void imageChanged(ClusterImage previous, ClusterImage current) {
        if (closed) {
            return;
        }
        if (!current.clusterId().equals(logs.clusterId())) {
            LOG.error("an image of cluster {} is ignored: the logs here are those of cluster {}", current.clusterId(),
                    logs.clusterId());
            return;
        }
        lastImage = current;
        // Before the new topics, of which one may have the name of an old one.
        discard(appliedVersion == NOTHING_APPLIED ? strays(current) : retireMissing(current), current);
        if (!current.brokers().equals(appliedBrokers)) {
            // Who may lead, and who may be in sync, depends on them.
            applied.clear();
            appliedBrokers = current.brokers();
        }
        BrokerImage self = current.brokers().get(brokerId);
        boolean mayLead = self != null && self.epoch() == brokerEpoch.getAsLong() && !self.fenced();
        apply(current, mayLead);
        appliedVersion = current.version();
    }

    /** What was deleted, or moved to other brokers, while this one was away. */
    private List<LocalPartition> strays(ClusterImage image) {
        return logs.partitions().stream().filter(local -> !isHere(image, local)).toList();
    }

    /** What was deleted, or moved to other brokers, since the image before. */
    private List<LocalPartition> retireMissing(ClusterImage image) {
        List<LocalPartition> missing = new ArrayList<>();
        for (Partition partition : all()) {
            LocalPartition local = new LocalPartition(partition.topicId(), partition.topic(), partition.index());
            if (!isHere(image, local)) {
                retire(partition);
                missing.add(local);
            }
        }
        applied.keySet().retainAll(image.topicsById().keySet());
        return missing;
    }

    private boolean isHere(ClusterImage image, LocalPartition local) {
        TopicImage topic = image.topic(local.topicId());
        PartitionImage partition = topic == null ? null : topic.partition(local.partition());
        return partition != null && partition.replicas().contains(brokerId);
    }

    private void discard(List<LocalPartition> missing, ClusterImage image) {
        // Where the metadata went back in time, what it says of deletions is another history's.
        boolean believed = image.version() >= appliedVersion;
        boolean advances = appliedVersion != NOTHING_APPLIED && image.version() > appliedVersion;
        Map<Boolean, List<LocalPartition>> byDeletion = missing.stream().collect(Collectors.partitioningBy(
                local -> believed && image.deletedTopics().containsKey(local.topicId())
                        || advances && movedAway(image, local) && !lacksTheirHistory(image, local)));
        try {
            rememberMoved(missing, image);
            logs.delete(byDeletion.get(true));
            logs.setAside(byDeletion.get(false));
        } catch (KafkaStorageException e) {
            LOG.error("of the partitions {} not all could be removed", missing, e);
        }
    }

    /** Should the metadata go back to a state in which they were here, it is not to be served with empty logs. */
    private void rememberMoved(List<LocalPartition> missing, ClusterImage image) {
        Map<LocalPartition, Integer> moved = new HashMap<>();
        for (LocalPartition local : missing) {
            TopicImage topic = image.topic(local.topicId());
            PartitionImage partition = topic == null ? null : topic.partition(local.partition());
            if (partition != null) {
                int recorded = logs.log(local.topicId(), local.partition()).map(PartitionLog::joinedEpoch).orElse(-1);
                moved.put(local, Math.max(partition.leaderEpoch(), recorded));
                if (recorded > partition.leaderEpoch()) {
                    // It has gone back: this replica came when the metadata was further on.
                    isrMaintenance.forgotten(new Seen(local.topicId(), local.partition(), recorded));
                }
            }
        }
        logs.replicas().rememberMoved(moved);
    }

    /** Whether the metadata is of a later incarnation than what is in the log: then those who have the partition now may never have seen it. */
    private boolean lacksTheirHistory(ClusterImage image, LocalPartition local) {
        TopicImage topic = image.topic(local.topicId());
        PartitionImage partition = topic == null ? null : topic.partition(local.partition());
        int recorded = logs.log(local.topicId(), local.partition()).map(PartitionLog::latestLeaderEpoch).orElse(-1);
        return partition != null && Incarnation.of(partition.leaderEpoch()) > Incarnation.of(recorded);
    }

    /**
     * Whether other brokers have the partition now, of which this one had a replica until the image before. What is found so at the start is no
     * proof: the metadata may have been restored from a state before this broker got its replica.
     */
    private static boolean movedAway(ClusterImage image, LocalPartition local) {
        TopicImage topic = image.topic(local.topicId());
        return topic != null && topic.partition(local.partition()) != null;
    }

    /**
     * Writes down where the logs start, so that a crash does not bring back what was deleted.
     *
     * @throws KafkaStorageException when that fails
     */
    public void rememberLogStarts() {
        logs.rememberLogStarts();
    }

    /** Ends what waits for commits here, and lets nothing wait any more: its producers find the next leader. */
    public void stopWaiting() {
        forEach(Partition::endWaits);
    }

    /** Follows no image any more: the logs are about to be closed. Waits for a change of in-sync replicas that is under way. */
    public synchronized void close() {
        closed = true;
        timer.close();
        appliers.shutdown();
        isrMaintenance.close();
    }

    /** How often this broker's leaders took replicas out of sync. */
    public long isrShrinks() {
        return isrMaintenance.shrinks();
    }

    /** How often this broker's leaders took replicas into sync. */
    public long isrExpands() {
        return isrMaintenance.expands();
    }

    /** Tries what did not succeed again, less often each time that it fails. To be called every now and then. */
    void retryApplying(long nowNanos) {
        boolean retried = false;
        synchronized (this) {
            if (unapplied && !closed && nowNanos - retryNanos >= 0) {
                imageChanged(lastImage, lastImage);
                retried = true;
            }
        }
        if (retried) {
            afterRetry.run();
        }
    }

    /** Runs the action whenever partitions follow an image later than others were told of it; it must return soon. */
    public void whenRetried(Runnable action) {
        afterRetry = action;
    }

    private void noteOutcome(boolean failed) {
        retryDelayNanos = !failed ? 0 : Math.clamp(2 * retryDelayNanos, RETRY_MIN.toNanos(), RETRY_MAX.toNanos());
        retryNanos = context.nanoClock().getAsLong() + retryDelayNanos;
        unapplied = failed;
    }

    /** What does not succeed is tried again with the next image, or before by {@link #retryApplying}. */
    private void apply(ClusterImage image, boolean mayLead) {
        Map<TopicImage, List<Future<Boolean>>> running = new HashMap<>();
        for (TopicImage topic : image.topicsById().values()) {
            if (applied.get(topic.id()) == topic) {
                continue;
            }
            TopicConfig config = TopicConfig.ofStored(topic.configs());
            if (TopicConfig.parse(topic.configs()) instanceof TopicConfig.Parsed.Invalid(_, String message)) {
                LOG.warn("topic {} was given a setting by another version, which has its default here: {}", topic
                        .name(), message);
            }
            List<Future<Boolean>> ofTopic = new ArrayList<>();
            for (PartitionImage partition : topic.partitions()) {
                if (partition.replicas().contains(brokerId)) {
                    ofTopic.add(start(topic, partition, () -> apply(topic, partition, config, image.brokers(),
                            mayLead)));
                }
            }
            running.put(topic, ofTopic);
        }
        boolean failed = false;
        for (Map.Entry<TopicImage, List<Future<Boolean>>> entry : running.entrySet()) {
            if (entry.getValue().stream().map(Partitions::succeeded).reduce(true, Boolean::logicalAnd)) {
                applied.put(entry.getKey().id(), entry.getKey());
            } else {
                failed = true;
            }
        }
        noteOutcome(failed);
    }

    /** Beside others where the disk is waited for: a broker that dies leaves the others many partitions to lead at once. */
    private Future<Boolean> start(TopicImage topic, PartitionImage image, Callable<Boolean> work) {
        Partition present = partitions.getOrDefault(topic.id(), Map.of()).get(image.index());
        boolean leadsOn = present != null && present.isLeader() && present.leadership().leaderEpoch() == image
                .leaderEpoch();
        if (present == null || image.leader() == brokerId && !leadsOn) {
            return appliers.submit(work);
        }
        FutureTask<Boolean> here = new FutureTask<>(work);
        here.run();
        return here;
    }

    private static boolean succeeded(Future<Boolean> applied) {
        try {
            return applied.get();
        } catch (ExecutionException e) {
            LOG.error("an image could not be applied to a partition", e.getCause());
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private boolean apply(TopicImage topic, PartitionImage image, TopicConfig config,
            Map<Integer, BrokerImage> brokers, boolean mayLead) {
        Partition partition = partitions.getOrDefault(topic.id(), Map.of()).get(image.index());
        try {
            if (partition == null) {
                PartitionLog log = logs.getOrCreate(topic.name(), topic.id(), image.index(), config);
                partition = new Partition(topic.id(), topic.name(), image.index(), log, context, logs.replicas()
                        .movedInEpoch(topic
                                .id(), image.index()).orElse(Partition.NEVER_HERE));
            }
            if (!partition.log().config().equals(config)) {
                partition.log().updateConfig(config);
                partition.configChanged();
            }
            become(partition, image, brokers, mayLead);
            partitions.computeIfAbsent(topic.id(), id -> new ConcurrentHashMap<>()).putIfAbsent(image.index(),
                    partition);
            return true;
        } catch (KafkaStorageException e) {
            LOG.error("the log of {}-{} cannot be opened", topic.name(), image.index(), e);
            return false;
        }
    }

    private void become(Partition partition, PartitionImage image, Map<Integer, BrokerImage> brokers,
            boolean mayLead) {
        boolean wasLeader = partition.isLeader();
        if (!partition.become(image, brokers, mayLead)) {
            int seen = Math.max(partition.leadership().leaderEpoch(), partition.log().joinedEpoch());
            LOG.warn("an image names leader epoch {} of {}, and {} was seen before: not followed", image.leaderEpoch(),
                    partition, seen);
            isrMaintenance.forgotten(new Seen(partition.topicId(), partition.index(), seen));
        } else if (partition.isLeader() && !wasLeader) {
            LOG.info("leading {} in epoch {} from offset {}", partition, image.leaderEpoch(), partition.log()
                    .logEndOffset());
        }
    }

    private void retire(Partition partition) {
        partition.retire();
        Map<Integer, Partition> ofTopic = partitions.get(partition.topicId());
        if (ofTopic != null) {
            ofTopic.remove(partition.index());
            if (ofTopic.isEmpty()) {
                partitions.remove(partition.topicId());
            }
        }
    }

    /** Completes when what was appended may be acknowledged, see {@link LogDirectory#afterAppend}. */
    public CompletableFuture<Void> afterAppend(Partition partition) {
        return logs.afterAppend(partition.topicId(), partition.index());
    }

    /** Completes when a leader may be asked for more and so be told what is here, see {@link LogDirectory#beforeFetch}. */
    public CompletableFuture<Void> beforeFetch(Partition partition) {
        return logs.beforeFetch(partition.topicId(), partition.index());
    }
}
