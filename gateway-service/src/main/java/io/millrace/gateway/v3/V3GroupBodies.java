package io.millrace.gateway.v3;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.common.api.TopicPartition;
import io.millrace.gateway.groups.GroupLags.PartitionLag;
import io.millrace.gateway.v3.V3Bodies.Metadata;
import io.millrace.gateway.v3.V3Bodies.Related;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Consumer groups, their members, and how far they are behind. */
final class V3GroupBodies {
    private static final String GROUPS = "consumer-groups";

    private V3GroupBodies() {}

    @Schema(name = "KafkaConsumerGroup")
    record Group(
            @Schema(example = "KafkaConsumerGroup") String kind,
            Metadata metadata,
            @JsonProperty("cluster_id") String clusterId,
            @JsonProperty("consumer_group_id") @Schema(example = "shipping") String groupId,
            @JsonProperty("is_simple") @Schema(description = "It has committed offsets and never had members") boolean isSimple,
            @JsonProperty("partition_assignor") @Schema(example = "sticky") String partitionAssignor,
            @Schema(example = "STABLE", allowableValues = {
                    "EMPTY", "PREPARING_REBALANCE", "COMPLETING_REBALANCE",
                    "STABLE"}) String state,
            @Schema(description = "Empty: no broker coordinates it") Related coordinator,
            Related consumers,
            @JsonProperty("lag_summary") Related lagSummary){
        /** @param state as KIP-848 names it */
        static Group of(String group, String state, String assignor, boolean isSimple, V3Links links) {
            return new Group("KafkaConsumerGroup", links.metadata(links.to(GROUPS, group), "consumer-group", group),
                    links.clusterId(), group, isSimple, assignor, state(state), new Related(""), links.related(GROUPS,
                            group, "consumers"),
                    links.related(GROUPS, group, "lag-summary"));
        }

        /** Programs for the dialect know the states of the classic protocol. */
        private static String state(String state) {
            return switch (state) {
                case "ASSIGNING" -> "PREPARING_REBALANCE";
                case "RECONCILING" -> "COMPLETING_REBALANCE";
                default -> state;
            };
        }
    }

    /** HTTP consumers have one name, which is their client id as well. */
    @Schema(name = "KafkaConsumer")
    record Consumer(
            @Schema(example = "KafkaConsumer") String kind,
            Metadata metadata,
            @JsonProperty("cluster_id") String clusterId,
            @JsonProperty("consumer_group_id") @Schema(example = "shipping") String groupId,
            @JsonProperty("consumer_id") @Schema(example = "c1") String consumerId,
            @JsonProperty("instance_id") @Nullable String instanceId,
            @JsonProperty("client_id") @Schema(example = "c1") String clientId,
            Related assignments) {
        static Consumer of(String group, String member, V3Links links) {
            return new Consumer("KafkaConsumer", links.metadata(links.to(GROUPS, group, "consumers", member),
                    "consumer-group", group, "consumer", member), links.clusterId(), group, member, null, member, links
                            .related(GROUPS, group, "consumers", member, "assignments"));
        }
    }

    @Schema(name = "KafkaConsumerAssignment")
    record ConsumerAssignment(
            @Schema(example = "KafkaConsumerAssignment") String kind,
            Metadata metadata,
            @JsonProperty("cluster_id") String clusterId,
            @JsonProperty("consumer_group_id") @Schema(example = "shipping") String groupId,
            @JsonProperty("consumer_id") @Schema(example = "c1") String consumerId,
            @JsonProperty("topic_name") @Schema(example = "orders") String topicName,
            @JsonProperty("partition_id") @Schema(example = "0") int partitionId,
            Related partition,
            Related lag) {
        static ConsumerAssignment of(String group, String member, TopicPartition partition, V3Links links) {
            String self = links.to(GROUPS, group, "consumers", member, "assignments", partition.topic(), "partitions",
                    partition.partition());
            return new ConsumerAssignment("KafkaConsumerAssignment", links.metadata(self, "consumer-group", group,
                    "consumer", member, "assignment", partition.topic(), "partition", partition.partition()), links
                            .clusterId(),
                    group, member, partition.topic(), partition.partition(), links.related("topics", partition.topic(),
                            "partitions", partition.partition()),
                    links.related(GROUPS, group, "lags", partition.topic(), "partitions", partition.partition()));
        }
    }

    @Schema(name = "KafkaConsumerLag")
    record ConsumerLag(
            @Schema(example = "KafkaConsumerLag") String kind,
            Metadata metadata,
            @JsonProperty("cluster_id") String clusterId,
            @JsonProperty("consumer_group_id") @Schema(example = "shipping") String groupId,
            @JsonProperty("topic_name") @Schema(example = "orders") String topicName,
            @JsonProperty("partition_id") @Schema(example = "0") int partitionId,
            @JsonProperty("current_offset") @Schema(description = "Committed: the next to read", example = "42") long currentOffset,
            @JsonProperty("log_end_offset") @Schema(example = "50") long logEndOffset,
            @Schema(example = "8") long lag,
            @JsonProperty("consumer_id") @Schema(description = "Who reads it now; empty if nobody", example = "c1") String consumerId,
            @JsonProperty("instance_id") @Nullable String instanceId,
            @JsonProperty("client_id") @Schema(example = "c1") String clientId) {
        /** @param lag of a partition that the group has committed */
        static ConsumerLag of(String group, PartitionLag lag, V3Links links) {
            String topic = lag.partition().topic();
            int partition = lag.partition().partition();
            String member = Objects.requireNonNullElse(lag.memberId(), "");
            return new ConsumerLag("KafkaConsumerLag", links.metadata(links.to(GROUPS, group, "lags", topic,
                    "partitions", partition), "consumer-group", group, "lag", topic, "partition", partition), links
                            .clusterId(),
                    group, topic, partition, Objects.requireNonNull(lag.committedOffset()), lag.endOffset(), Objects
                            .requireNonNull(lag.lag()),
                    member, null, member);
        }
    }

    @Schema(name = "KafkaConsumerGroupLagSummary")
    record LagSummary(
            @Schema(example = "KafkaConsumerGroupLagSummary") String kind,
            Metadata metadata,
            @JsonProperty("cluster_id") String clusterId,
            @JsonProperty("consumer_group_id") @Schema(example = "shipping") String groupId,
            @JsonProperty("max_lag_consumer_id") @Schema(example = "c1") String maxLagConsumerId,
            @JsonProperty("max_lag_instance_id") @Nullable String maxLagInstanceId,
            @JsonProperty("max_lag_client_id") @Schema(example = "c1") String maxLagClientId,
            @JsonProperty("max_lag_topic_name") @Schema(example = "orders") String maxLagTopicName,
            @JsonProperty("max_lag_partition_id") @Schema(example = "0") int maxLagPartitionId,
            @JsonProperty("max_lag") @Schema(example = "8") long maxLag,
            @JsonProperty("total_lag") @Schema(example = "12") long totalLag,
            @JsonProperty("max_lag_consumer") Related maxLagConsumer,
            @JsonProperty("max_lag_partition") Related maxLagPartition) {
        static LagSummary of(String group, ConsumerLag max, long total, V3Links links) {
            return new LagSummary("KafkaConsumerGroupLagSummary", links.metadata(links.to(GROUPS, group, "lag-summary"),
                    "consumer-group", group, "lag-summary"), links.clusterId(), group, max.consumerId(), null, max
                            .clientId(),
                    max.topicName(), max.partitionId(), max.lag(), total, links.related(GROUPS, group, "consumers", max
                            .consumerId()),
                    links.related("topics", max.topicName(), "partitions", max.partitionId()));
        }
    }
}
