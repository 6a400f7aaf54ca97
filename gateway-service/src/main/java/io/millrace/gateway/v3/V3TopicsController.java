package io.millrace.gateway.v3;

import io.millrace.common.api.TopicsApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.topics.TopicChanges;
import io.millrace.gateway.v3.V3Bodies.Listing;
import io.millrace.gateway.v3.V3TopicBodies.ConfigEntry;
import io.millrace.gateway.v3.V3TopicBodies.CreateTopic;
import io.millrace.gateway.v3.V3TopicBodies.PartitionsCount;
import io.millrace.gateway.v3.V3TopicBodies.Topic;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Topics: the image answers reads, {@link TopicChanges} carries out what changes them. */
@RestController
@RequestMapping("/v3/clusters/{cluster_id}/topics")
@Tag(name = ApiText.V3_TOPICS)
class V3TopicsController {
    private final V3Clusters clusters;
    private final Topics topics;
    private final TopicChanges changes;

    V3TopicsController(V3Clusters clusters, Topics topics, TopicChanges changes) {
        this.clusters = clusters;
        this.topics = topics;
        this.changes = changes;
    }

    @GetMapping
    @Operation(operationId = "listKafkaV3Topics", summary = "List topics", description = "With their figures, and where to find their partitions and settings.")
    @ApiResponse(responseCode = "200", description = "By name")
    @ApiResponse(responseCode = "404", description = "No such cluster")
    Listing<Topic> list(@PathVariable("cluster_id") String clusterId,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        return new Listing<>("KafkaTopicList", links.list("topics"), clusters.topics().map(topic -> Topic.of(topic,
                links)).toList());
    }

    @PostMapping
    @Operation(operationId = "createKafkaV3Topic", summary = "Create a topic", description = "Answers when the topic can be used.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = CreateTopic.class), examples = {
            @ExampleObject(name = "three partitions", value = "{\"topic_name\":\"orders\",\"partitions_count\":3,\"configs\":[{\"name\":\"retention.ms\",\"value\":\"86400000\"}]}"),
            @ExampleObject(name = "replicas by hand", value = "{\"topic_name\":\"orders\",\"replicas_assignments\":{\"0\":[0]}}"),
            @ExampleObject(name = "only to see", value = "{\"topic_name\":\"payments\",\"partitions_count\":3,\"validate_only\":true}")}))
    @ApiResponse(responseCode = "200", description = "It could be created (`validate_only`)")
    @ApiResponse(responseCode = "201", description = "Created")
    @ApiResponse(responseCode = "400", description = "Malformed, or (40002) a topic of that name exists, or a figure or setting is not allowed")
    @ApiResponse(responseCode = "404", description = "No such cluster")
    ResponseEntity<Topic> create(@PathVariable("cluster_id") String clusterId, @RequestBody CreateTopic body,
            @Parameter(hidden = true) HttpServletRequest request) throws InterruptedException {
        var links = clusters.require(clusterId, request);
        String name = required("topic_name", body.topicName());
        boolean isOnlyValidated = Boolean.TRUE.equals(body.validateOnly());
        var created = changes.create(new TopicsApi.CreateTopic(name, body.partitionsCount(), body.replicationFactor(),
                ReplicasAssignments.read(body.replicasAssignments()), configs(body.configs()), isOnlyValidated))
                .topic();
        var topic = Topic.of(name, created.partitions(), created.replicationFactor(), links);
        return isOnlyValidated ? ResponseEntity.ok(topic)
                : ResponseEntity.created(URI.create(topic.metadata().self())).body(topic);
    }

    @GetMapping("/{topic_name}")
    @Operation(operationId = "getKafkaV3Topic", summary = "Get a topic", description = "Its figures, and where to find its partitions and settings.")
    @ApiResponse(responseCode = "200", description = "The topic")
    @ApiResponse(responseCode = "404", description = "No such cluster, or (40403) no such topic")
    Topic get(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(hidden = true) HttpServletRequest request) {
        var links = clusters.require(clusterId, request);
        return Topic.of(topics.require(topic), links);
    }

    @PatchMapping("/{topic_name}")
    @Operation(operationId = "updatePartitionCountKafkaV3Topic", summary = "Give a topic more partitions", description = "What is in the topic stays where it is; records of a key that are sent from now on may go to another partition than those before.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = PartitionsCount.class), examples = @ExampleObject(name = "six", value = "{\"partitions_count\":6}")))
    @ApiResponse(responseCode = "200", description = "The topic as it is now")
    @ApiResponse(responseCode = "400", description = "Malformed, or (40002) not more than it has, or more than are allowed")
    @ApiResponse(responseCode = "404", description = "No such cluster, or (40403) no such topic")
    Topic grow(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic, @RequestBody PartitionsCount body,
            @Parameter(hidden = true) HttpServletRequest request) throws InterruptedException {
        var links = clusters.require(clusterId, request);
        changes.grow(topic, required("partitions_count", body.partitionsCount()));
        return Topic.of(topics.require(topic), links);
    }

    @DeleteMapping("/{topic_name}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "deleteKafkaV3Topic", summary = "Delete a topic", description = "Its records are gone for good.")
    @ApiResponse(responseCode = "204", description = "Deleted", content = @Content)
    @ApiResponse(responseCode = "404", description = "No such cluster, or (40403) no such topic")
    void delete(@PathVariable("cluster_id") String clusterId,
            @Parameter(example = "orders") @PathVariable("topic_name") String topic,
            @Parameter(hidden = true) HttpServletRequest request) throws InterruptedException {
        clusters.require(clusterId, request);
        changes.delete(topic);
    }

    private static Map<String, String> configs(@Nullable List<@Nullable ConfigEntry> entries) {
        var configs = new TreeMap<String, String>();
        if (entries != null) {
            for (int i = 0; i < entries.size(); i++) {
                var entry = required("configs[" + i + "]", entries.get(i));
                String name = required("configs[" + i + "].name", entry.name());
                if (entry.value() != null) {
                    configs.put(name, entry.value());
                }
            }
        }
        return configs;
    }

    static <T> T required(String name, @Nullable T value) {
        if (value == null) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, name + ": is required");
        }
        return value;
    }
}
