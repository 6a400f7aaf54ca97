package io.millrace.gateway.topics;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicConfigKey;
import io.millrace.common.metadata.TopicImage;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Bodies of the topic operations. */
final class TopicBodies {
    private TopicBodies() {}

    @Schema(name = "CreateTopic")
    record CreateTopic(
            @JsonProperty("topic_name") @Schema(description = "Letters, digits, '.', '_' and '-', at most 249", example = "orders") @Nullable String topicName,
            @JsonProperty("partitions_count") @Schema(description = "The cluster's default if absent", example = "6") @Nullable Integer partitionsCount,
            @JsonProperty("replication_factor") @Schema(description = "How many brokers keep each partition, at most as many as there are; if absent the cluster's default, or fewer where fewer run", example = "3") @Nullable Integer replicationFactor,
            @Schema(description = "Topic configuration by Kafka's names") @Nullable Map<String, @Nullable Object> configs) {}

    @Schema(name = "Topic")
    record Topic(
            @Schema(example = "orders") String name,
            @Schema(description = "All of its settings by Kafka's names, also those that have their defaults") Map<String, String> configs,
            List<Partition> partitions) {

        static Topic of(TopicImage topic) {
            return new Topic(topic.name(), TopicConfigKey.values(topic.configs()), topic.partitions().stream().map(
                    Partition::of).toList());
        }
    }

    @Schema(name = "Partition")
    record Partition(
            int partition,
            @Schema(description = "Broker id; null while no broker leads it") @Nullable Integer leader,
            List<Replica> replicas) {

        static Partition of(PartitionImage partition) {
            return new Partition(partition.index(), partition.leader() == PartitionImage.NO_LEADER ? null
                    : partition.leader(),
                    partition.replicas().stream().map(broker -> new Replica(broker, broker == partition.leader(),
                            partition.isr().contains(broker))).toList());
        }
    }

    @Schema(name = "Replica")
    record Replica(int broker, boolean leader, @JsonProperty("in_sync") boolean inSync) {}

    @Schema(name = "PartitionOffsets")
    record Offsets(
            @JsonProperty("beginning_offset") @Schema(description = "First offset there is") long beginningOffset,
            @JsonProperty("end_offset") @Schema(description = "Offset of the next record") long endOffset) {}
}
