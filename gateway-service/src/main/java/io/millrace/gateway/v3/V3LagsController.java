package io.millrace.gateway.v3;

import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.groups.GroupLags;
import io.millrace.gateway.v3.V3Bodies.Listing;
import io.millrace.gateway.v3.V3GroupBodies.ConsumerLag;
import io.millrace.gateway.v3.V3GroupBodies.LagSummary;
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

/** How far groups are behind, of what they have committed. */
@RestController
@RequestMapping("/v3/clusters/{cluster_id}/consumer-groups/{consumer_group_id}")
@Tag(name = ApiText.V3_GROUPS)
class V3LagsController {
    /** The greatest first. */
    private static final Comparator<ConsumerLag> ORDER = Comparator.comparingLong(ConsumerLag::lag).reversed()
            .thenComparing(ConsumerLag::topicName).thenComparingInt(ConsumerLag::partitionId);

    private final V3Clusters clusters;
    private final GroupLags lags;

    V3LagsController(V3Clusters clusters, GroupLags lags) {
        this.clusters = clusters;
        this.lags = lags;
    }

    @GetMapping("/lags")
    @Operation(operationId = "listKafkaV3ConsumerLags", summary = "List a group's lags", description = "Of the partitions with a committed offset.")
    @ApiResponse(responseCode = "200", description = "The greatest first")
    @ApiResponse(responseCode = "404", description = "No such cluster or group, or it has committed nothing")
    Listing<ConsumerLag> list(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "shipping") @PathVariable("consumer_group_id") String group,
            @Parameter(hidden = true) HttpServletRequest request) throws InterruptedException {
        var links = clusters.require(clusterId, request);
        return new Listing<>("KafkaConsumerLagList", links.list("consumer-groups", group, "lags"), require(group,
                links));
    }

    @GetMapping("/lags/{topic_name}/partitions/{partition_id}")
    @Operation(operationId = "getKafkaV3ConsumerLag", summary = "Get a group's lag in a partition", description = "How far what it has committed is behind the end.")
    @ApiResponse(responseCode = "200", description = "The lag")
    @ApiResponse(responseCode = "404", description = "No such cluster or group, or it has committed nothing of the partition")
    ConsumerLag get(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "shipping") @PathVariable("consumer_group_id") String group,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(example = "0") @PathVariable("partition_id") int partition,
            @Parameter(hidden = true) HttpServletRequest request) throws InterruptedException {
        var links = clusters.require(clusterId, request);
        return require(group, links).stream().filter(lag -> lag.topicName().equals(topic) && lag
                .partitionId() == partition).findFirst().orElseThrow(() -> V3Clusters.notFound("Consumer lag"));
    }

    @GetMapping("/lag-summary")
    @Operation(operationId = "getKafkaV3ConsumerGroupLagSummary", summary = "Get a group's greatest and total lag", description = "And which partition and consumer the greatest is of.")
    @ApiResponse(responseCode = "200", description = "The summary")
    @ApiResponse(responseCode = "404", description = "No such cluster or group, or it has committed nothing")
    LagSummary summary(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "shipping") @PathVariable("consumer_group_id") String group,
            @Parameter(hidden = true) HttpServletRequest request) throws InterruptedException {
        var links = clusters.require(clusterId, request);
        var found = require(group, links);
        return LagSummary.of(group, found.getFirst(), found.stream().mapToLong(ConsumerLag::lag).sum(), links);
    }

    private List<ConsumerLag> require(String group, V3Links links) throws InterruptedException {
        var found = lags.of(group).stream().filter(lag -> lag.committedOffset() != null).map(lag -> ConsumerLag.of(
                group, lag, links)).sorted(ORDER).toList();
        if (found.isEmpty()) {
            throw V3Clusters.notFound("Consumer lags");
        }
        return found;
    }
}
