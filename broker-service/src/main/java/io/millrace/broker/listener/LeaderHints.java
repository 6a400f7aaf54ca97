package io.millrace.broker.listener;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.BrokerEndpoint;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/** Who leads a partition, for clients that asked the wrong broker. */
final class LeaderHints {
    private final ClusterImages images;

    /** @param endpoint where the leader is, or null while there is none */
    record Leader(int id, int epoch, @Nullable BrokerEndpoint endpoint) {}

    LeaderHints(ClusterImages images) {
        this.images = images;
    }

    /** @param topic name, used when the id is zero */
    @Nullable
    Leader leader(Uuid topicId, @Nullable String topic, int index) {
        ClusterImage image = images.current();
        TopicImage found = Uuid.ZERO_UUID.equals(topicId) ? topic == null ? null : image.topic(topic)
                : image.topic(topicId);
        PartitionImage partition = found == null ? null : found.partition(index);
        if (partition == null) {
            return null;
        }
        BrokerImage broker = image.leader(partition);
        return broker == null
                ? new Leader(PartitionImage.NO_LEADER, partition.leaderEpoch(), null)
                : new Leader(broker.id(), partition.leaderEpoch(), new BrokerEndpoint(broker.id(), broker.host(), broker
                        .kafkaPort()));
    }
}
