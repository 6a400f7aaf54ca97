package io.millrace.gateway.v3;

import io.millrace.common.api.GroupsApi.MemberDescription;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicPartition;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.groups.Groups;
import io.millrace.gateway.v3.V3Bodies.Listing;
import io.millrace.gateway.v3.V3GroupBodies.Consumer;
import io.millrace.gateway.v3.V3GroupBodies.ConsumerAssignment;
import io.millrace.gateway.v3.V3GroupBodies.Group;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Comparator;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Consumer groups, their members and what these read. */
@RestController
@RequestMapping("/v3/clusters/{cluster_id}/consumer-groups")
@Tag(name = ApiText.V3_GROUPS)
class V3GroupsController {
    private static final String GROUPS = "consumer-groups";

    private final V3Clusters clusters;
    private final Groups groups;
    private final ServiceClients services;

    V3GroupsController(V3Clusters clusters, Groups groups, ServiceClients services) {
        this.clusters = clusters;
        this.groups = groups;
        this.services = services;
    }

    @GetMapping
    @Operation(operationId = "listKafkaV3ConsumerGroups", summary = "List consumer groups", description = "Those that have, or had, members.")
    @ApiResponse(responseCode = "200", description = "By name")
    @ApiResponse(responseCode = "404", description = "No such cluster")
    Listing<Group> list(@PathVariable("cluster_id") String clusterId,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        return new Listing<>("KafkaConsumerGroupList", links.list(GROUPS), groups.list().stream()
                .map(summary -> groups.find(summary.group()))
                .filter(group -> group != null)
                .map(group -> Group.of(group.group(), group.state(), group.assignor(), false, links)).toList());
    }

    @GetMapping("/{consumer_group_id}")
    @Operation(operationId = "getKafkaV3ConsumerGroup", summary = "Get a consumer group", description = "Its state, and where to find its members and its lag.")
    @ApiResponse(responseCode = "200", description = "The group")
    @ApiResponse(responseCode = "404", description = "No such cluster or group")
    Group get(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "shipping") @PathVariable("consumer_group_id") String group,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        var found = groups.find(group);
        if (found != null) {
            return Group.of(group, found.state(), found.assignor(), false, links);
        }
        if (services.offsets().fetch(group, new OffsetsApi.Fetch(null)).offsets().isEmpty()) {
            throw V3Clusters.notFound("Consumer group " + group);
        }
        return Group.of(group, "EMPTY", "", true, links);
    }

    @GetMapping("/{consumer_group_id}/consumers")
    @Operation(operationId = "listKafkaV3Consumers", summary = "List a group's consumers", description = "Its members, whatever protocol they speak.")
    @ApiResponse(responseCode = "200", description = "By id")
    @ApiResponse(responseCode = "404", description = "No such cluster or group")
    Listing<Consumer> consumers(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "shipping") @PathVariable("consumer_group_id") String group,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        return new Listing<>("KafkaConsumerList", links.list(GROUPS, group, "consumers"), groups.require(group)
                .members().stream().map(MemberDescription::memberId).sorted()
                .map(member -> Consumer.of(group, member, links)).toList());
    }

    @GetMapping("/{consumer_group_id}/consumers/{consumer_id}")
    @Operation(operationId = "getKafkaV3Consumer", summary = "Get a consumer", description = "A member, and where to find what it reads.")
    @ApiResponse(responseCode = "200", description = "The consumer")
    @ApiResponse(responseCode = "404", description = "No such cluster, group or consumer")
    Consumer consumer(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "shipping") @PathVariable("consumer_group_id") String group,
            @Parameter(example = "c1") @PathVariable("consumer_id") String consumer,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        return Consumer.of(group, require(group, consumer).memberId(), links);
    }

    @GetMapping("/{consumer_group_id}/consumers/{consumer_id}/assignments")
    @Operation(operationId = "listKafkaV3ConsumerAssignments", summary = "List what a consumer reads", description = "The partitions that are its own now.")
    @ApiResponse(responseCode = "200", description = "By topic and partition")
    @ApiResponse(responseCode = "404", description = "No such cluster, group or consumer")
    Listing<ConsumerAssignment> assignments(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "shipping") @PathVariable("consumer_group_id") String group,
            @Parameter(example = "c1") @PathVariable("consumer_id") String consumer,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        return new Listing<>("KafkaConsumerAssignmentList", links.list(GROUPS, group, "consumers", consumer,
                "assignments"), require(group, consumer).partitions().stream().sorted(Comparator.naturalOrder())
                        .map(partition -> ConsumerAssignment.of(group, consumer, partition, links)).toList());
    }

    @GetMapping("/{consumer_group_id}/consumers/{consumer_id}/assignments/{topic_name}/partitions/{partition_id}")
    @Operation(operationId = "getKafkaV3ConsumerAssignment", summary = "Get a partition that a consumer reads", description = "And where to find its lag.")
    @ApiResponse(responseCode = "200", description = "The assignment")
    @ApiResponse(responseCode = "404", description = "No such cluster, group or consumer, or it does not read the partition")
    ConsumerAssignment assignment(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "shipping") @PathVariable("consumer_group_id") String group,
            @Parameter(example = "c1") @PathVariable("consumer_id") String consumer,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(example = "0") @PathVariable("partition_id") int partitionId,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        var partition = new TopicPartition(topic, partitionId);
        if (!require(group, consumer).partitions().contains(partition)) {
            throw V3Clusters.notFound("Assignment of " + topic + "-" + partitionId);
        }
        return ConsumerAssignment.of(group, consumer, partition, links);
    }

    private MemberDescription require(String group, String consumer) {
        return groups.require(group).members().stream().filter(member -> member.memberId().equals(consumer)).findFirst()
                .orElseThrow(() -> V3Clusters.notFound("Consumer " + consumer));
    }
}
