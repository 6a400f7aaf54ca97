package io.millrace.gateway.brokers;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.BrokerEndpoint;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;

/**
 * Who leads a partition, as far as this gateway may believe the image. It never goes back from a leader epoch to a lower one (KIP-320):
 * after a failover of PostgreSQL an image may name a leader that was deposed, and that one does not know what its successor stored. It
 * would call offsets out of range that are not, and sequences out of order that are in order, upon which a record is stored twice.
 *
 * <p>A lower epoch is believed when the metadata has named it for {@code millrace.brokers.older-leader-patience}: then the higher one was
 * lost with the metadata's newest state before any broker led under it, for a broker that did has raised the epoch above it by then. By
 * then, too, whatever was sent under the higher one has been given up.
 */
@Component
public final class Leaders {
    private final Map<Uuid, LeaderEpochs> epochs = new ConcurrentHashMap<>();
    private final long patienceNanos;

    @Autowired
    public Leaders(ClusterImages images, BrokersProperties properties) {
        this(images, properties.olderLeaderPatience());
    }

    /** @param patience how long a lower leader epoch is not believed */
    public Leaders(ClusterImages images, Duration patience) {
        this.patienceNanos = patience.toNanos();
        images.subscribe((_, current) -> {
            epochs.keySet().removeIf(topicId -> current.topic(topicId) == null);
            current.topicsById().values().forEach(topic -> topic.partitions().forEach(partition -> isCurrent(topic,
                    partition)));
        });
    }

    /** The partition's leader as its endpoint, or null while there is none. */
    public @Nullable BrokerEndpoint leader(ClusterImage image, TopicImage topic, PartitionImage partition) {
        BrokerImage broker = image.leader(partition);
        return broker == null || !isCurrent(topic, partition) ? null
                : new BrokerEndpoint(broker.id(), broker.host(), broker.kafkaPort());
    }

    private boolean isCurrent(TopicImage topic, PartitionImage partition) {
        return epochs.computeIfAbsent(topic.id(), _ -> new LeaderEpochs(patienceNanos)).isCurrent(partition.index(),
                partition.leaderEpoch(), System.nanoTime());
    }
}
