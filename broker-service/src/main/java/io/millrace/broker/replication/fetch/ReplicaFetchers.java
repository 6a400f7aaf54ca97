package io.millrace.broker.replication.fetch;

import io.millrace.broker.partition.Leadership.Following;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.broker.partition.ReplicationSettings;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerClientConfig;
import io.millrace.common.wire.BrokerEndpoint;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.springframework.util.unit.DataSize;

/**
 * Keeps a fetcher for each broker that leads a partition which this one follows. To be told of images after the {@link Partitions}, whose parts
 * they decide.
 */
public final class ReplicaFetchers implements ClusterImages.Listener, AutoCloseable {
    private final int brokerId;
    private final LongSupplier brokerEpoch;
    private final Partitions partitions;
    private final ReplicationSettings settings;
    private final Clock clock;
    private final BrokerClient client;
    private final TokenBucket throttle;
    /** Guarded by this. */
    private final Map<BrokerEndpoint, LeaderFetcher> fetchers = new HashMap<>();
    private boolean closed;

    /** @param brokerEpoch of this broker's present registration, by which leaders know it (KIP-903) */
    public ReplicaFetchers(int brokerId, LongSupplier brokerEpoch, Partitions partitions, ReplicationSettings settings,
            Clock clock) {
        this.brokerId = brokerId;
        this.brokerEpoch = brokerEpoch;
        this.partitions = partitions;
        this.settings = settings;
        this.clock = clock;
        this.throttle = new TokenBucket(settings.reassignmentRate().toBytes(), System.nanoTime());
        this.client = BrokerClient.create(new BrokerClientConfig("replica-" + brokerId, Duration.ofSeconds(5), settings
                .backoffInitial(), settings.backoffMax(), 1024, DataSize.ofBytes(Integer.MAX_VALUE - 8), Duration
                        .ofMinutes(9), Duration.ofMillis(20), DataSize.ofBytes(0), DataSize.ofBytes(0)));
    }

    @Override
    public synchronized void imageChanged(ClusterImage previous, ClusterImage current) {
        if (closed) {
            return;
        }
        Long rate = current.reassignmentRate();
        throttle.limitTo(rate == null ? settings.reassignmentRate().toBytes() : rate, System.nanoTime());
        Map<BrokerEndpoint, List<Followed>> byLeader = new HashMap<>();
        for (Partition partition : partitions.all()) {
            if (partition.leadership() instanceof Following following
                    && current.brokers().get(following.leader()) instanceof BrokerImage leader) {
                PartitionImage image = partition.image();
                boolean added = image != null && image.adding().contains(brokerId) && !image.isr().contains(brokerId);
                byLeader.computeIfAbsent(new BrokerEndpoint(leader.id(), leader.host(), leader.kafkaPort()),
                        _ -> new ArrayList<>()).add(new Followed(partition, following, added));
            }
        }
        fetchers.entrySet().removeIf(entry -> {
            if (byLeader.containsKey(entry.getKey())) {
                return false;
            }
            entry.getValue().close();
            return true;
        });
        byLeader.forEach((leader, followed) -> fetchers.computeIfAbsent(leader, _ -> LeaderFetcher.start(
                new LeaderFetcher.Leader(leader, brokerId, brokerEpoch), client, settings, throttle,
                partitions::beforeFetch, clock)).follow(followed));
    }

    /** Fetchers that run now. */
    public synchronized int running() {
        return fetchers.size();
    }

    /** Fetches no more; an answer that is being appended is waited for. */
    @Override
    public void close() {
        List<LeaderFetcher> running;
        synchronized (this) {
            closed = true;
            running = List.copyOf(fetchers.values());
            fetchers.clear();
        }
        running.forEach(LeaderFetcher::close);
        client.close();
        running.forEach(LeaderFetcher::join);
    }
}
