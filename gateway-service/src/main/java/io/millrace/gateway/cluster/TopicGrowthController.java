package io.millrace.gateway.cluster;

import io.millrace.common.api.ServiceClients;
import io.millrace.gateway.cluster.ClusterBodies.MovePlan;
import io.millrace.gateway.cluster.ClusterBodies.PartitionsCount;
import io.millrace.gateway.cluster.ClusterBodies.ReplicationFactor;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.edge.ErrorSchema;
import io.millrace.gateway.topics.TopicChanges;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Gives topics more partitions, and more or fewer replicas. */
@RestController
@RequestMapping("/admin/topics/{topic}")
@Tag(name = ApiText.TOPICS)
@ApiResponse(responseCode = "503", description = "PostgreSQL or the controller is away; try again after `Retry-After`", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
class TopicGrowthController {
    private final ServiceClients clients;
    private final TopicChanges changes;

    TopicGrowthController(ServiceClients clients, TopicChanges changes) {
        this.clients = clients;
        this.changes = changes;
    }

    @Operation(operationId = "addPartitions", summary = "Give a topic more partitions", description = """
            What is in the topic stays where it is. As in Kafka, records of a key that are sent from now on may go to another partition than \
            those before.
            """)
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = PartitionsCount.class), examples = @ExampleObject(name = "six", value = "{\"partitions_count\":6}")))
    @ApiResponse(responseCode = "204", description = "It has them", content = @Content)
    @ApiResponse(responseCode = "404", description = "No such topic", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject(ApiText.ERROR_404)))
    @ApiResponse(responseCode = "409", description = "Fewer brokers run than a partition has replicas", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @ApiResponse(responseCode = "422", description = "Not more than it has, or more than are allowed", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @PostMapping("/partitions")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void partitions(@Parameter(example = "orders") @PathVariable("topic") String topic,
            @RequestBody PartitionsCount body) throws InterruptedException {
        changes.grow(topic, body.require());
    }

    @Operation(operationId = "setReplicationFactor", summary = "Give a topic more or fewer replicas", description = "Answers at once; `GET /admin/rebalance` tells how far it is.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ReplicationFactor.class), examples = @ExampleObject(name = "one", value = "{\"replication_factor\":1}")))
    @ApiResponse(responseCode = "202", description = "What moves from now on, or would", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = MovePlan.class), examples = @ExampleObject(ApiText.MOVE_PLAN)))
    @ApiResponse(responseCode = "404", description = "No such topic", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject(ApiText.ERROR_404)))
    @ApiResponse(responseCode = "422", description = "More replicas than brokers, or fewer than the topic's `min.insync.replicas`", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @PutMapping("/replication-factor")
    @ResponseStatus(HttpStatus.ACCEPTED)
    MovePlan replicationFactor(@Parameter(example = "orders") @PathVariable("topic") String topic,
            @RequestBody ReplicationFactor body) {
        return MovePlan.of(clients.cluster().replicationFactor(topic, body.request()));
    }
}
