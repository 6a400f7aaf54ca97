package io.millrace.gateway.topics;

import io.millrace.common.api.TopicsApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicConfigKey;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.brokers.Brokers;
import io.millrace.gateway.brokers.OffsetQuery;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.edge.ErrorSchema;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.ArraySchema;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Topics: the cluster image answers reads, the controller carries out changes. */
@RestController
@Tag(name = ApiText.TOPICS)
@ApiResponse(responseCode = "503", description = "PostgreSQL, the controller or a leader is away; try again after `Retry-After`", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
class TopicsController {
    private static final String CREATE_EXAMPLE = "{\"topic_name\":\"orders\",\"partitions_count\":3}";
    private static final String TOPIC_EXAMPLE = """
            {"name":"orders","configs":{"cleanup.policy":"delete","retention.ms":"86400000"},"partitions":[{"partition":0,"leader":0,\
            "replicas":[{"broker":0,"leader":true,"in_sync":true}]}]}""";

    private final Topics topics;
    private final Brokers brokers;
    private final TopicChanges changes;

    TopicsController(Topics topics, Brokers brokers, TopicChanges changes) {
        this.topics = topics;
        this.brokers = brokers;
        this.changes = changes;
    }

    @Operation(operationId = "listTopics", summary = "List topics", description = "Their names.")
    @ApiResponse(responseCode = "200", description = "Names, in order", content = @Content(mediaType = ApiText.JSON, array = @ArraySchema(schema = @Schema(type = "string")), examples = @ExampleObject("[\"orders\"]")))
    @GetMapping("/topics")
    List<String> list() {
        return topics.image().topicsByName().keySet().stream().sorted().toList();
    }

    @Operation(operationId = "createTopic", summary = "Create a topic", description = """
            Answers when the topic can be used. `configs` takes Kafka's names, such as `retention.ms`, `cleanup.policy` or \
            `max.message.bytes`.
            """)
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = TopicBodies.CreateTopic.class), examples = {
            @ExampleObject(name = "three partitions", value = CREATE_EXAMPLE),
            @ExampleObject(name = "kept for a day", value = """
                            {"topic_name":"orders","partitions_count":3,"configs":{"retention.ms":"86400000"}}""")}))
    @ApiResponse(responseCode = "201", description = "Created", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = TopicBodies.Topic.class), examples = @ExampleObject(TOPIC_EXAMPLE)))
    @ApiResponse(responseCode = "400", description = "Malformed JSON, an unknown field or a wrong type", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @ApiResponse(responseCode = "409", description = "There is a topic of that name", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject("{\"error_code\":409,\"message\":\"topic 'orders' exists\",\"code\":\"TOPIC_EXISTS\"}")))
    @ApiResponse(responseCode = "422", description = "A name, figure or configuration that is not allowed", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @PostMapping("/admin/topics")
    @ResponseStatus(HttpStatus.CREATED)
    TopicBodies.Topic create(@RequestBody TopicBodies.CreateTopic body) throws InterruptedException {
        String name = body.topicName();
        if (name == null) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, "topic_name: is required");
        }
        Map<String, String> configs = configs(body.configs());
        TopicImage topic = changes.create(new TopicsApi.CreateTopic(name, body.partitionsCount(), body
                .replicationFactor(), null, configs, false)).image();
        return topic == null ? new TopicBodies.Topic(name, TopicConfigKey.values(configs), List.of())
                : TopicBodies.Topic.of(topic);
    }

    @Operation(operationId = "getTopic", summary = "Describe a topic", description = "With all of its settings, and where its partitions are. `GET /v3/clusters/{cluster_id}/topics/{topic_name}/configs` tells which of them were made for it.")
    @ApiResponse(responseCode = "200", description = "Its configuration and partitions", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = TopicBodies.Topic.class), examples = @ExampleObject(TOPIC_EXAMPLE)))
    @ApiResponse(responseCode = "404", description = "No such topic", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject(ApiText.ERROR_404)))
    @GetMapping("/topics/{topic}")
    TopicBodies.Topic describe(@Parameter(example = "orders") @PathVariable("topic") String topic) {
        return TopicBodies.Topic.of(topics.require(topic));
    }

    @Operation(operationId = "deleteTopic", summary = "Delete a topic", description = "Its records are gone for good. Answers when this gateway no longer knows the topic.")
    @ApiResponse(responseCode = "204", description = "Deleted", content = @Content)
    @ApiResponse(responseCode = "404", description = "No such topic", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @DeleteMapping("/admin/topics/{topic}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void delete(@Parameter(example = "orders") @PathVariable("topic") String topic) throws InterruptedException {
        changes.delete(topic);
    }

    @Operation(operationId = "listPartitions", summary = "List a topic's partitions", description = "Who leads each, and which of its replicas have all of it.")
    @ApiResponse(responseCode = "200", description = "Partitions in order", content = @Content(mediaType = ApiText.JSON, array = @ArraySchema(schema = @Schema(implementation = TopicBodies.Partition.class)), examples = @ExampleObject("[{\"partition\":0,\"leader\":0,\"replicas\":[{\"broker\":0,\"leader\":true,\"in_sync\":true}]}]")))
    @ApiResponse(responseCode = "404", description = "No such topic", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @GetMapping("/topics/{topic}/partitions")
    List<TopicBodies.Partition> partitions(@Parameter(example = "orders") @PathVariable("topic") String topic) {
        return TopicBodies.Topic.of(topics.require(topic)).partitions();
    }

    @Operation(operationId = "getPartition", summary = "Describe a partition", description = "Who leads it, and which of its replicas have all of it.")
    @ApiResponse(responseCode = "200", description = "Leader and replicas", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = TopicBodies.Partition.class), examples = @ExampleObject("{\"partition\":0,\"leader\":0,\"replicas\":[{\"broker\":0,\"leader\":true,\"in_sync\":true}]}")))
    @ApiResponse(responseCode = "404", description = "No such topic or partition", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @GetMapping("/topics/{topic}/partitions/{partition}")
    TopicBodies.Partition partition(@Parameter(example = "orders") @PathVariable("topic") String topic,
            @Parameter(example = "0") @PathVariable("partition") int partition) {
        return TopicBodies.Partition.of(topics.require(topic, partition));
    }

    @Operation(operationId = "getOffsets", summary = "Where a partition begins and ends", description = "The first offset there is, and that of the record that comes next.")
    @ApiResponse(responseCode = "200", description = "Offsets", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = TopicBodies.Offsets.class), examples = @ExampleObject("{\"beginning_offset\":0,\"end_offset\":42}")))
    @ApiResponse(responseCode = "404", description = "No such topic or partition", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @GetMapping("/topics/{topic}/partitions/{partition}/offsets")
    TopicBodies.Offsets offsets(@Parameter(example = "orders") @PathVariable("topic") String topic,
            @Parameter(example = "0") @PathVariable("partition") int partition) throws InterruptedException {
        topics.require(topic, partition);
        long beginning = brokers.offset(topic, partition, OffsetQuery.EARLIEST);
        long end = brokers.offset(topic, partition, OffsetQuery.LATEST);
        return new TopicBodies.Offsets(beginning, end);
    }

    /** Configuration values are text for Kafka; clients write numbers and booleans as such. */
    private static Map<String, String> configs(@Nullable Map<String, @Nullable Object> given) {
        if (given == null) {
            return Map.of();
        }
        Map<String, String> configs = new TreeMap<>();
        given.forEach((name, value) -> {
            if (!(value instanceof String || value instanceof Number || value instanceof Boolean)) {
                throw new RefusedException(ErrorCode.INVALID_REQUEST, "configs." + name
                        + ": must be a string, a number or a boolean");
            }
            configs.put(name, value.toString());
        });
        return configs;
    }
}
