package io.millrace.gateway.v3;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.common.metadata.ConfigView;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicConfigKey;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.v3.V3Bodies.Metadata;
import io.millrace.gateway.v3.V3Bodies.Related;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Topics, their settings, partitions and replicas. */
final class V3TopicBodies {
    private V3TopicBodies() {}

    @Schema(name = "KafkaTopic")
    record Topic(
            @Schema(example = "KafkaTopic") String kind,
            Metadata metadata,
            @JsonProperty("cluster_id") String clusterId,
            @JsonProperty("topic_name") @Schema(example = "orders") String topicName,
            @JsonProperty("is_internal") @Schema(example = "false") boolean isInternal,
            @JsonProperty("replication_factor") @Schema(example = "3") int replicationFactor,
            @JsonProperty("partitions_count") @Schema(example = "3") int partitionsCount,
            Related partitions,
            Related configs,
            @JsonProperty("partition_reassignments") Related partitionReassignments) {
        static Topic of(TopicImage topic, V3Links links) {
            PartitionImage first = topic.partition(0);
            int replicas = first == null ? 0 : first.replicas().size() - first.adding().size();
            return of(topic.name(), topic.partitions().size(), replicas, links);
        }

        static Topic of(String name, int partitions, int replicationFactor, V3Links links) {
            return new Topic("KafkaTopic", links.metadata(links.to("topics", name), "topic", name), links.clusterId(),
                    name, false, replicationFactor, partitions, links.related("topics", name, "partitions"), links
                            .related("topics", name, "configs"),
                    links.related("topics", name, "partitions", "-", "reassignment"));
        }
    }

    @Schema(name = "V3CreateTopic")
    record CreateTopic(
            @JsonProperty("topic_name") @Schema(example = "orders") @Nullable String topicName,
            @JsonProperty("partitions_count") @Schema(description = "The cluster's default if absent", example = "3") @Nullable Integer partitionsCount,
            @JsonProperty("replication_factor") @Schema(description = "The cluster's default if absent", example = "1") @Nullable Integer replicationFactor,
            @JsonProperty("replicas_assignments") @Schema(description = "Broker ids by partition, the preferred leader first, instead of the two figures: `{\"0\":[1,2]}`, "
                    + "or `[{\"partition_id\":0,\"broker_ids\":[1,2]}]`", implementation = Object.class, example = "{\"0\":[1,2]}") @Nullable JsonNode replicasAssignments,
            @Nullable List<@Nullable ConfigEntry> configs,
            @JsonProperty("validate_only") @Schema(description = "Answer as if, but create nothing", example = "false") @Nullable Boolean validateOnly) {}

    @Schema(name = "V3ConfigEntry")
    record ConfigEntry(
            @Schema(example = "retention.ms") @Nullable String name,
            @Schema(description = "Null: the default", example = "86400000") @Nullable String value) {}

    @Schema(name = "V3PartitionsCount")
    record PartitionsCount(
            @JsonProperty("partitions_count") @Schema(description = "In all, more than now", example = "6") @Nullable Integer partitionsCount) {}

    @Schema(name = "KafkaTopicConfig")
    record Config(
            @Schema(example = "KafkaTopicConfig") String kind,
            Metadata metadata,
            @JsonProperty("cluster_id") String clusterId,
            @JsonProperty("topic_name") @Schema(example = "orders") String topicName,
            @Schema(example = "retention.ms") String name,
            @Schema(example = "86400000") String value,
            @JsonProperty("is_default") boolean isDefault,
            @JsonProperty("is_read_only") boolean isReadOnly,
            @JsonProperty("is_sensitive") boolean isSensitive,
            @Schema(allowableValues = {
                    "DYNAMIC_TOPIC_CONFIG", "DEFAULT_CONFIG"}) String source,
            List<Synonym> synonyms){
        static Config of(TopicImage topic, TopicConfigKey key, V3Links links) {
            ConfigView view = key.view(topic.configs());
            var metadata = links.metadata(links.to("topics", topic.name(), "configs", view.name()), "topic", topic
                    .name(), "config", view.name());
            return new Config("KafkaTopicConfig", metadata, links.clusterId(), topic.name(), view.name(), view.value(),
                    view.source() == ConfigSource.DEFAULT_CONFIG, view.readOnly(), false, source(view.source()), view
                            .synonyms().stream().map(synonym -> new Synonym(synonym.name(), synonym.value(), source(
                                    synonym.source()))).toList());
        }

        private static String source(ConfigSource source) {
            return source.source().name();
        }
    }

    @Schema(name = "KafkaConfigSynonym")
    record Synonym(String name, String value, String source) {}

    @Schema(name = "V3ConfigValue")
    record ConfigValue(
            @Schema(description = "Null: the default", example = "86400000") @Nullable String value) {}

    @Schema(name = "V3AlterConfigs")
    record AlterConfigs(
            @Nullable List<@Nullable ConfigChange> data,
            @JsonProperty("validate_only") @Schema(description = "Answer as if, but change nothing", example = "false") @Nullable Boolean validateOnly) {}

    @Schema(name = "V3ConfigChange")
    record ConfigChange(
            @Schema(example = "retention.ms") @Nullable String name,
            @Schema(example = "86400000") @Nullable String value,
            @Schema(allowableValues = {"SET", "DELETE"}, defaultValue = "SET") @Nullable String operation){}

    /** @param leader null while no broker leads it */
    @Schema(name = "KafkaPartition")
    record Partition(
            @Schema(example = "KafkaPartition") String kind,
            Metadata metadata,
            @JsonProperty("cluster_id") String clusterId,
            @JsonProperty("topic_name") @Schema(example = "orders") String topicName,
            @JsonProperty("partition_id") @Schema(example = "0") int partitionId,
            @Nullable Related leader,
            Related replicas,
            Related reassignment) {
        static Partition of(TopicImage topic, PartitionImage partition, V3Links links) {
            Object[] path = {"topics", topic.name(), "partitions", partition.index()};
            return new Partition("KafkaPartition", links.metadata(links.to(path), "topic", topic.name(), "partition",
                    partition.index()), links.clusterId(), topic.name(), partition.index(),
                    partition.leader() == PartitionImage.NO_LEADER ? null
                            : new Related(links.to(path) + "/replicas/" + partition.leader()),
                    new Related(links.to(path) + "/replicas"), new Related(links.to(path) + "/reassignment"));
        }
    }

    @Schema(name = "KafkaReplica")
    record Replica(
            @Schema(example = "KafkaReplica") String kind,
            Metadata metadata,
            @JsonProperty("cluster_id") String clusterId,
            @JsonProperty("topic_name") @Schema(example = "orders") String topicName,
            @JsonProperty("partition_id") @Schema(example = "0") int partitionId,
            @JsonProperty("broker_id") @Schema(example = "0") int brokerId,
            @JsonProperty("is_leader") boolean isLeader,
            @JsonProperty("is_in_sync") boolean isInSync,
            Related broker) {
        static Replica of(TopicImage topic, PartitionImage partition, int broker, V3Links links) {
            return new Replica("KafkaReplica", links.metadata(links.to("topics", topic.name(), "partitions", partition
                    .index(), "replicas", broker), "topic", topic.name(), "partition", partition.index(), "replica",
                    broker), links.clusterId(), topic.name(), partition.index(), broker, broker == partition.leader(),
                    partition.isr().contains(broker), links.related("brokers", broker));
        }
    }

    @Schema(name = "KafkaReassignment")
    record Reassignment(
            @Schema(example = "KafkaReassignment") String kind,
            Metadata metadata,
            @JsonProperty("cluster_id") String clusterId,
            @JsonProperty("topic_name") @Schema(example = "orders") String topicName,
            @JsonProperty("partition_id") @Schema(example = "0") int partitionId,
            @JsonProperty("adding_replicas") List<Integer> addingReplicas,
            @JsonProperty("removing_replicas") List<Integer> removingReplicas,
            Related replicas) {
        static Reassignment of(TopicImage topic, PartitionImage partition, V3Links links) {
            String self = links.to("topics", topic.name(), "partitions", partition.index(), "reassignment");
            return new Reassignment("KafkaReassignment", links.metadata(self, "topic", topic.name(), "partition",
                    partition.index(), "reassignment"), links.clusterId(), topic.name(), partition.index(), partition
                            .adding(),
                    partition.removing(), links.related("topics", topic.name(), "partitions", partition.index(),
                            "replicas"));
        }
    }
}
