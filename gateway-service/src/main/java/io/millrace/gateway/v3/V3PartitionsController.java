package io.millrace.gateway.v3;

import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.v3.V3Bodies.Listing;
import io.millrace.gateway.v3.V3TopicBodies.Partition;
import io.millrace.gateway.v3.V3TopicBodies.Reassignment;
import io.millrace.gateway.v3.V3TopicBodies.Replica;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.util.stream.Stream;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Partitions, their replicas, and those that are on their way to other brokers; from the image. */
@RestController
@RequestMapping("/v3/clusters/{cluster_id}/topics")
@Tag(name = ApiText.V3_PARTITIONS)
class V3PartitionsController {
    private final V3Clusters clusters;
    private final Topics topics;

    V3PartitionsController(V3Clusters clusters, Topics topics) {
        this.clusters = clusters;
        this.topics = topics;
    }

    @GetMapping("/{topic_name}/partitions")
    @Operation(operationId = "listKafkaV3Partitions", summary = "List a topic's partitions", description = "With where to find who leads each of them.")
    @ApiResponse(responseCode = "200", description = "In order")
    @ApiResponse(responseCode = "404", description = "No such cluster, or (40403) no such topic")
    Listing<Partition> list(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        var image = topics.require(topic);
        return new Listing<>("KafkaPartitionList", links.list("topics", topic, "partitions"), image.partitions()
                .stream().map(partition -> Partition.of(image, partition, links)).toList());
    }

    @GetMapping("/{topic_name}/partitions/{partition_id}")
    @Operation(operationId = "getKafkaV3Partition", summary = "Get a partition", description = "With where to find who leads it.")
    @ApiResponse(responseCode = "200", description = "The partition")
    @ApiResponse(responseCode = "404", description = "No such cluster, or (40403) no such topic or partition")
    Partition get(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(example = "0") @PathVariable("partition_id") int partition,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        var found = require(topic, partition);
        return Partition.of(found.topic, found.partition, links);
    }

    @GetMapping("/{topic_name}/partitions/{partition_id}/replicas")
    @Operation(operationId = "listKafkaV3Replicas", summary = "List a partition's replicas", description = "Which brokers have them, which of them leads, and which are in sync.")
    @ApiResponse(responseCode = "200", description = "The preferred leader first")
    @ApiResponse(responseCode = "404", description = "No such cluster, or (40403) no such topic or partition")
    Listing<Replica> replicas(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(example = "0") @PathVariable("partition_id") int partition,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        var found = require(topic, partition);
        return new Listing<>("KafkaReplicaList", links.list("topics", topic, "partitions", partition, "replicas"),
                found.partition.replicas().stream().map(broker -> Replica.of(found.topic, found.partition, broker,
                        links)).toList());
    }

    @GetMapping("/{topic_name}/partitions/{partition_id}/replicas/{broker_id}")
    @Operation(operationId = "getKafkaV3Replica", summary = "Get a replica", description = "Whether it leads, and whether it is in sync.")
    @ApiResponse(responseCode = "200", description = "The replica")
    @ApiResponse(responseCode = "404", description = "No such cluster or replica, or (40403) no such topic or partition")
    Replica replica(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(example = "0") @PathVariable("partition_id") int partition,
            @Parameter(example = "0") @PathVariable("broker_id") int broker,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        var found = require(topic, partition);
        if (!found.partition.replicas().contains(broker)) {
            throw V3Clusters.notFound("Replica " + broker);
        }
        return Replica.of(found.topic, found.partition, broker, links);
    }

    @GetMapping("/-/partitions/-/reassignment")
    @Operation(operationId = "listAllKafkaV3Reassignments", summary = "List all partitions that are on their way to other brokers", description = "With the replicas that come and those that go.")
    @ApiResponse(responseCode = "200", description = "By topic and partition")
    @ApiResponse(responseCode = "404", description = "No such cluster")
    Listing<Reassignment> reassignments(@PathVariable("cluster_id") String clusterId,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        return new Listing<>("KafkaReassignmentList", links.list("topics", "-", "partitions", "-", "reassignment"),
                clusters.topics().flatMap(topic -> reassigned(topic, links)).toList());
    }

    @GetMapping("/{topic_name}/partitions/-/reassignment")
    @Operation(operationId = "searchKafkaV3ReassignmentsByTopic", summary = "List a topic's partitions that are on their way to other brokers", description = "With the replicas that come and those that go.")
    @ApiResponse(responseCode = "200", description = "In order")
    @ApiResponse(responseCode = "404", description = "No such cluster, or (40403) no such topic")
    Listing<Reassignment> reassignments(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        return new Listing<>("KafkaReassignmentList", links.list("topics", topic, "partitions", "-", "reassignment"),
                reassigned(topics.require(topic), links).toList());
    }

    @GetMapping("/{topic_name}/partitions/{partition_id}/reassignment")
    @Operation(operationId = "getKafkaV3Reassignment", summary = "Where a partition is on its way to", description = "The replicas that come and those that go; none where it stays.")
    @ApiResponse(responseCode = "200", description = "Who comes and who goes; nobody where it stays")
    @ApiResponse(responseCode = "404", description = "No such cluster, or (40403) no such topic or partition")
    Reassignment reassignment(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(example = "0") @PathVariable("partition_id") int partition,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        var found = require(topic, partition);
        return Reassignment.of(found.topic, found.partition, links);
    }

    private static Stream<Reassignment> reassigned(TopicImage topic, V3Links links) {
        return topic.partitions().stream().filter(PartitionImage::isReassigned).map(partition -> Reassignment.of(topic,
                partition, links));
    }

    private record Found(TopicImage topic, PartitionImage partition) {}

    private Found require(String topic, int partition) {
        var image = topics.require(topic);
        var found = image.partition(partition);
        if (found == null) {
            throw Topics.unknownPartition(image, partition);
        }
        return new Found(image, found);
    }
}
