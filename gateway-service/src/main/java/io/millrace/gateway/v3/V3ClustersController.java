package io.millrace.gateway.v3;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.v3.V3Bodies.ListMetadata;
import io.millrace.gateway.v3.V3Bodies.Listing;
import io.millrace.gateway.v3.V3ClusterBodies.Broker;
import io.millrace.gateway.v3.V3ClusterBodies.Cluster;
import io.millrace.gateway.v3.V3TopicBodies.Replica;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Comparator;
import java.util.List;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** The cluster and its brokers, from the image. */
@RestController
@RequestMapping("/v3/clusters")
@Tag(name = ApiText.V3_CLUSTERS)
class V3ClustersController {
    private final V3Clusters clusters;

    V3ClustersController(V3Clusters clusters) {
        this.clusters = clusters;
    }

    @GetMapping
    @Operation(operationId = "listKafkaV3Clusters", summary = "List clusters", description = "The one that this gateway belongs to.")
    @ApiResponse(responseCode = "200", description = "One cluster")
    Listing<Cluster> list(@Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.links(request);
        return new Listing<>("KafkaClusterList", new ListMetadata(links.clusters(), null), List.of(Cluster.of(links)));
    }

    @GetMapping("/{cluster_id}")
    @Operation(operationId = "getKafkaV3Cluster", summary = "Get a cluster", description = "The one that there is, and where to find what it has.")
    @ApiResponse(responseCode = "200", description = "The cluster")
    @ApiResponse(responseCode = "404", description = "No such cluster")
    Cluster get(@PathVariable("cluster_id") String clusterId, @Parameter(hidden = true) HttpServletRequest request) {
        return Cluster.of(clusters.require(clusterId, request));
    }

    @GetMapping("/{cluster_id}/brokers")
    @Operation(operationId = "listKafkaV3Brokers", summary = "List brokers", description = "Those that are running.")
    @ApiResponse(responseCode = "200", description = "In the order of their ids")
    @ApiResponse(responseCode = "404", description = "No such cluster")
    Listing<Broker> brokers(@PathVariable("cluster_id") String clusterId,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        return new Listing<>("KafkaBrokerList", links.list("brokers"), clusters.image().brokers().values().stream()
                .filter(broker -> !broker.fenced()).sorted(Comparator.comparingInt(BrokerImage::id))
                .map(broker -> Broker.of(broker, links)).toList());
    }

    @GetMapping("/{cluster_id}/brokers/{broker_id}")
    @Operation(operationId = "getKafkaV3Broker", summary = "Get a broker", description = "Its address, and where to find its replicas.")
    @ApiResponse(responseCode = "200", description = "The broker")
    @ApiResponse(responseCode = "404", description = "No such cluster, or no such broker is running")
    Broker broker(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "0") @PathVariable("broker_id") int brokerId,
            @Parameter(hidden = true) HttpServletRequest request) {
        return Broker.of(require(brokerId), clusters.require(clusterId, request));
    }

    @GetMapping("/{cluster_id}/brokers/{broker_id}/partition-replicas")
    @Operation(operationId = "searchKafkaV3ReplicasByBroker", summary = "List a broker's replicas", description = "Of all topics: which of them lead, and which are in sync.")
    @ApiResponse(responseCode = "200", description = "By topic and partition")
    @ApiResponse(responseCode = "404", description = "No such cluster, or no such broker is running")
    Listing<Replica> replicas(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "0") @PathVariable("broker_id") int brokerId,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        require(brokerId);
        return new Listing<>("KafkaReplicaList", links.list("brokers", brokerId, "partition-replicas"), clusters
                .topics().flatMap(topic -> topic.partitions().stream().filter(partition -> partition.replicas()
                        .contains(brokerId)).map(partition -> Replica.of(topic, partition, brokerId, links))).toList());
    }

    private BrokerImage require(int brokerId) {
        var broker = clusters.image().brokers().get(brokerId);
        if (broker == null || broker.fenced()) {
            throw V3Clusters.notFound("Broker " + brokerId);
        }
        return broker;
    }
}
