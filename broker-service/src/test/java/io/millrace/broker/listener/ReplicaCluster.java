package io.millrace.broker.listener;

import io.millrace.broker.listener.session.SessionLimits;
import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.partition.Located;
import io.millrace.broker.partition.MetadataWrites;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.broker.partition.ReplicationSettings;
import io.millrace.broker.replication.fetch.ReplicaFetchers;
import io.millrace.broker.storage.DirectoryIdentity;
import io.millrace.broker.storage.LogDirectory;
import io.millrace.broker.storage.StorageProperties;
import io.millrace.broker.storage.StorageProperties.IdempotencyKeys;
import io.millrace.common.autocreate.AutoCreateSettings;
import io.millrace.common.autocreate.AutoCreation;
import io.millrace.common.listener.NodeConfigs;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicConfig;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.partition.IsrChange;
import io.millrace.common.partition.Outcome;
import io.millrace.common.partition.PartitionRules;
import io.millrace.common.partition.Standing;
import io.millrace.common.partition.Terms;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.WireServer;
import io.millrace.common.wire.WireServerConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.springframework.util.unit.DataSize;

/**
 * Brokers in one process over loopback: real logs, listeners and fetchers. The test is the controller; the rules by which leaders change in-sync
 * replicas are the real ones, over rows in memory. Each broker may be cut off from the metadata.
 */
final class ReplicaCluster implements AutoCloseable {
    static final Uuid TOPIC_ID = Uuid.randomUuid();
    static final String TOPIC = "t";

    /** Leaves the ISR after a second. */
    static final ReplicationSettings SETTINGS = settings(Duration.ofSeconds(1));

    private final Path folder;
    private final ReplicationSettings settings;
    private final Map<Integer, Node> nodes = new HashMap<>();
    private final Map<Integer, BrokerImage> brokers = new HashMap<>();
    private final Map<String, String> configs;
    private List<PartitionImage> rows;
    private long version;
    private volatile boolean metadataAway;

    static ReplicationSettings settings(Duration lagTimeMax) {
        return settings(lagTimeMax, DataSize.ofBytes(0));
    }

    static ReplicationSettings settings(Duration lagTimeMax, DataSize reassignmentRate) {
        return new ReplicationSettings(lagTimeMax, Duration.ofMillis(50), Duration.ofMillis(20), 100, DataSize
                .ofMegabytes(10), DataSize.ofMegabytes(1), Duration.ofMillis(200), Duration.ofSeconds(2), 4, Duration
                        .ofMillis(5), Duration.ofMillis(100), reassignmentRate);
    }

    ReplicaCluster(Path folder, ReplicationSettings settings, Map<String, String> configs, List<Integer> replicas)
            throws IOException {
        this.folder = folder;
        this.settings = settings;
        this.configs = configs;
        this.rows = List.of(new PartitionImage(0, replicas, replicas, replicas.getFirst(), 0, 0));
        for (int id : replicas) {
            start(id);
        }
    }

    /** A broker's parts. */
    final class Node {
        final int id;
        final long epoch;
        final SettableImages images = new SettableImages();
        final LogDirectory logs;
        final Partitions partitions;
        final ReplicaFetchers fetchers;
        final BrokerRequests requests;
        final WireServer server;
        private volatile boolean cutOff;
        private boolean open = true;

        Node(int id, long epoch, int port) throws IOException {
            this.id = id;
            this.epoch = epoch;
            logs = LogDirectory.open(storage(directory(id)), new DirectoryIdentity(SettableImages.CLUSTER_ID, id), (_,
                    _) -> config(), Clock.systemUTC());
            partitions = new Partitions(id, () -> epoch, images, logs, new MetadataWrites((leader, leaderEpoch,
                    changes) -> alter(this, leader, leaderEpoch, changes), (_, _, _) -> {}), settings);
            fetchers = new ReplicaFetchers(id, () -> epoch, partitions, settings, Clock.systemUTC());
            var services = new InProcessServices(images, id);
            var autoCreation = new AutoCreation(services::topics, images, new AutoCreateSettings(false, 1, Duration
                    .ofSeconds(5), Duration.ofSeconds(5)));
            requests = new BrokerRequests(new NodeConfigs(id, List.of()), partitions, images, services, autoCreation,
                    new FetchSettings(
                            DataSize.ofMegabytes(55), Duration.ofMinutes(1), 100, 100_000, Duration.ofMillis(100),
                            new SessionLimits(100, 10_000, Duration.ofMinutes(2))),
                    new ForwardSettings(
                            4, Duration.ofSeconds(5), 100, Duration.ofSeconds(3), 10), new Unheard(), Clock
                                    .systemUTC());
            server = WireServer.bind(WireServerConfig.onLoopback(port), BrokerRequests.supported(), requests);
        }

        void begin() {
            images.subscribe(partitions);
            images.subscribe(fetchers);
            server.start();
        }

        BrokerEndpoint endpoint() {
            return new BrokerEndpoint(id, "127.0.0.1", server.port());
        }

        Partition partition() {
            if (partitions.locate(TOPIC_ID, 0) instanceof Located.Here(Partition partition)) {
                return partition;
            }
            throw new AssertionError("broker " + id + " has no replica");
        }

        PartitionLog log() {
            return partition().log();
        }

        /** Hears nothing of the metadata any more, and cannot change it. */
        void cutOff() {
            cutOff = true;
        }

        void close() {
            if (!open) {
                return;
            }
            open = false;
            fetchers.close();
            partitions.stopWaiting();
            requests.stopWaiting();
            server.close();
            partitions.close();
            try {
                logs.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static final class Unheard implements ProduceListener {
        @Override
        public void appended(int bytes) {}

        @Override
        public void refused(Errors error) {}
    }

    Path directory(int id) {
        return folder.resolve("broker-" + id);
    }

    Node node(int id) {
        return nodes.get(id);
    }

    /** Starts a broker under a new registration, on the port that it had. */
    synchronized Node start(int id) throws IOException {
        BrokerImage before = brokers.get(id);
        Node node = new Node(id, before == null ? 1 : before.epoch() + 1, before == null ? 0 : before.kafkaPort());
        nodes.put(id, node);
        brokers.put(id, new BrokerImage(id, node.epoch, "127.0.0.1", node.server.port(), "http://127.0.0.1:1", false));
        publish();
        node.begin();
        return node;
    }

    /** Ends a broker; the controller then fences it and elects, as it does for one that died. */
    void stop(int id) {
        node(id).close();
        fence(id);
    }

    void fence(int id) {
        synchronized (this) {
            BrokerImage broker = brokers.get(id);
            brokers.put(id, new BrokerImage(id, broker.epoch(), broker.host(), broker.kafkaPort(), broker.httpUrl(),
                    true));
        }
        change(row -> PartitionRules.brokersChanged(row, standings(), java.util.Set.of(id), terms()));
    }

    /** Writes the partition's row, as a controller does. */
    synchronized void change(UnaryOperator<PartitionImage> change) {
        rows = List.of(change.apply(rows.getFirst()));
        publish();
    }

    /** Makes another in-sync replica the leader. */
    void elect(int id) {
        change(row -> new PartitionImage(row.index(), row.replicas(), row.isr(), id, row.leaderEpoch() + 1, row
                .partitionEpoch() + 1));
    }

    /** Begins to bring the partition to these replicas. */
    void reassign(List<Integer> target) {
        change(row -> PartitionRules.reassign(row, target, standings(), terms()));
    }

    synchronized PartitionImage row() {
        return rows.getFirst();
    }

    void metadataAway(boolean away) {
        metadataAway = away;
    }

    private synchronized List<Outcome> alter(Node node, int leader, long leaderEpoch, List<IsrChange> changes) {
        if (metadataAway || node.cutOff) {
            throw new IllegalStateException("the metadata is away");
        }
        List<Outcome> outcomes = new ArrayList<>();
        for (IsrChange change : changes) {
            Outcome outcome = PartitionRules.changeIsr(rows.getFirst(), leader, leaderEpoch, change, standings(),
                    terms());
            if (outcome instanceof Outcome.Changed(PartitionImage now)) {
                rows = List.of(now);
            }
            outcomes.add(outcome);
        }
        // Not on the asking thread: images are told while others write.
        Thread.ofVirtual().start(() -> {
            synchronized (this) {
                publish();
            }
        });
        return outcomes;
    }

    private Map<Integer, Standing> standings() {
        return brokers.values().stream().collect(Collectors.toMap(BrokerImage::id, Standing::of));
    }

    private TopicConfig config() {
        return ((TopicConfig.Parsed.Valid) TopicConfig.parse(configs)).config();
    }

    private Terms terms() {
        return Terms.of(config());
    }

    private void publish() {
        TopicImage topic = new TopicImage(TOPIC_ID, TOPIC, configs, rows);
        ClusterImage image = new ClusterImage(SettableImages.CLUSTER_ID, ++version, brokers, Map.of(TOPIC, topic), Map
                .of(TOPIC_ID, topic), Map.of());
        for (Node node : nodes.values()) {
            if (!node.cutOff && node.open) {
                node.images.publish(image);
            }
        }
    }

    private static StorageProperties storage(Path folder) {
        Duration interval = Duration.ofSeconds(5);
        return new StorageProperties(folder, 1, 1, interval, interval, interval, Duration.ofDays(1),
                Duration.ofDays(30), new IdempotencyKeys(Duration.ofMinutes(10), Duration.ofMinutes(1), 1000, DataSize
                        .ofMegabytes(1)));
    }

    @Override
    public void close() {
        nodes.values().forEach(Node::close);
    }
}
