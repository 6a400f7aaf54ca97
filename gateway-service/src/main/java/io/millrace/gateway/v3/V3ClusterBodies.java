package io.millrace.gateway.v3;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.gateway.v3.V3Bodies.Metadata;
import io.millrace.gateway.v3.V3Bodies.Related;
import io.swagger.v3.oas.annotations.media.Schema;

/** Clusters and brokers. */
final class V3ClusterBodies {
    private V3ClusterBodies() {}

    /** Without Confluent's optional {@code controller}, for that is no broker here. */
    @Schema(name = "KafkaCluster")
    record Cluster(
            @Schema(example = "KafkaCluster") String kind,
            Metadata metadata,
            @JsonProperty("cluster_id") String clusterId,
            Related acls,
            Related brokers,
            @JsonProperty("broker_configs") Related brokerConfigs,
            @JsonProperty("consumer_groups") Related consumerGroups,
            Related topics,
            @JsonProperty("partition_reassignments") Related partitionReassignments) {
        static Cluster of(V3Links links) {
            return new Cluster("KafkaCluster", links.metadata(links.to()), links.clusterId(), links.related("acls"),
                    links.related("brokers"), links.related("broker-configs"), links.related("consumer-groups"), links
                            .related("topics"),
                    links.related("topics", "-", "partitions", "-", "reassignment"));
        }
    }

    @Schema(name = "KafkaBroker")
    record Broker(
            @Schema(example = "KafkaBroker") String kind,
            Metadata metadata,
            @JsonProperty("cluster_id") String clusterId,
            @JsonProperty("broker_id") @Schema(example = "0") int brokerId,
            @Schema(example = "127.0.0.1") String host,
            @Schema(example = "9092", description = "Of Kafka's protocol") int port,
            Related configs,
            @JsonProperty("partition_replicas") Related partitionReplicas) {
        static Broker of(BrokerImage broker, V3Links links) {
            return new Broker("KafkaBroker", links.metadata(links.to("brokers", broker.id()), "broker", broker.id()),
                    links.clusterId(), broker.id(), broker.host(), broker.kafkaPort(), links.related("brokers", broker
                            .id(), "configs"),
                    links.related("brokers", broker.id(), "partition-replicas"));
        }
    }
}
