package io.millrace.gateway.cluster;

import io.millrace.common.api.ServiceClients;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.cluster.ClusterBodies.Cancelled;
import io.millrace.gateway.cluster.ClusterBodies.MoveOptions;
import io.millrace.gateway.cluster.ClusterBodies.MovePlan;
import io.millrace.gateway.cluster.ClusterBodies.MoveProgress;
import io.millrace.gateway.cluster.ClusterBodies.Reassign;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.edge.ErrorSchema;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Moves replicas between brokers, and tells how far that is. */
@RestController
@RequestMapping("/admin")
@Tag(name = ApiText.CLUSTER)
@ApiResponse(responseCode = "503", description = "PostgreSQL or the controller is away; try again after `Retry-After`", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
class RebalanceController {
    private static final String PROGRESS_EXAMPLE = """
            {"waiting":0,"moving":1,"stuck":0,"done":2,"throttle_bytes_per_second":52428800,"bytes_left":1048576,"brokers":[{"broker":0,"coming":0,"going":1},\
            {"broker":1,"coming":1,"going":0}],"partitions":[{"topic":"orders","partition":0,"state":"moving","from":[0],"to":[1],\
            "adding":[1],"caught_up":[],"bytes_left":1048576,"reason":"catching_up","waits_for":[1]}]}""";

    private final ServiceClients clients;
    private final BytesLeft bytesLeft;

    RebalanceController(ServiceClients clients, BytesLeft bytesLeft) {
        this.clients = clients;
        this.bytesLeft = bytesLeft;
    }

    @Operation(operationId = "rebalance", summary = "Rebalance", description = """
            Gives every running broker its share of replicas and leadership, with as little copying as possible; drained ones get rid of all. \
            Answers at once; a few partitions move at a time, while clients go on.
            """)
    @io.swagger.v3.oas.annotations.parameters.RequestBody(content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = MoveOptions.class), examples = {
            @ExampleObject(name = "tell what would move", value = "{\"dry_run\":true}"),
            @ExampleObject(name = "at 50 MiB/s for each broker", value = "{\"throttle_bytes_per_second\":52428800}"),
            @ExampleObject(name = "as the brokers are configured", value = "{}")}))
    @ApiResponse(responseCode = "202", description = "What moves from now on, or would", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = MovePlan.class), examples = @ExampleObject(ApiText.MOVE_PLAN)))
    @ApiResponse(responseCode = "409", description = "A topic has more replicas than there are brokers that are not drained", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @PostMapping("/rebalance")
    @ResponseStatus(HttpStatus.ACCEPTED)
    MovePlan rebalance(@RequestBody(required = false) @Nullable MoveOptions body) {
        return MovePlan.of(clients.cluster().rebalance(MoveOptions.options(body)));
    }

    @Operation(operationId = "moves", summary = "How far moving replicas is", description = """
            Of rebalances, drains, reassignments and changes of replication factors alike. The numbers are of all; of the partitions the first \
            ones are listed, with the reason why each is not done.
            """)
    @ApiResponse(responseCode = "200", description = "What waits, moves and is done", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = MoveProgress.class), examples = @ExampleObject(PROGRESS_EXAMPLE)))
    @ApiResponse(responseCode = "400", description = "A limit that is none", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @GetMapping("/rebalance")
    MoveProgress progress(
            @Parameter(description = "How many partitions are listed at the most; never more than the controller's `millrace.reassignment.max-listed` (1000)", example = "100") @RequestParam(defaultValue = "100") int limit) {
        if (limit < 0) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, "limit: must be 0 or more, not " + limit);
        }
        var progress = clients.cluster().progress(limit);
        return MoveProgress.of(progress, bytesLeft.of(progress.partitions()));
    }

    @Operation(operationId = "cancelMoves", summary = "Stop moving replicas", description = """
            What has not begun stays where it is, and what is in motion goes back; a partition of which too few of the former replicas are in \
            sync arrives first.
            """)
    @ApiResponse(responseCode = "200", description = "How many partitions stay, or go back", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = Cancelled.class), examples = @ExampleObject("{\"cancelled\":3}")))
    @DeleteMapping("/rebalance")
    Cancelled cancel() {
        return new Cancelled(clients.cluster().cancel().cancelled());
    }

    @Operation(operationId = "reassign", summary = "Bring partitions to brokers of your choice", description = "To exactly these, the preferred leader first. Answers at once; `GET /admin/rebalance` tells how far it is.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = Reassign.class), examples = @ExampleObject(name = "one partition to broker 0", value = "{\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[0]}]}")))
    @ApiResponse(responseCode = "202", description = "What moves from now on, or would", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = MovePlan.class), examples = @ExampleObject(ApiText.MOVE_PLAN)))
    @ApiResponse(responseCode = "404", description = "No such partition", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @ApiResponse(responseCode = "422", description = "Replicas that cannot be: on brokers that are not running, none, one twice, fewer than the topic's `min.insync.replicas`; or a partition twice", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject("{\"error_code\":422,\"message\":\"Partition orders-0 is assigned to brokers that there are not: [7]\",\"code\":\"INVALID_REPLICA_ASSIGNMENT\"}")))
    @PostMapping("/reassignments")
    @ResponseStatus(HttpStatus.ACCEPTED)
    MovePlan reassign(@RequestBody Reassign body) {
        return MovePlan.of(clients.cluster().reassign(body.request()));
    }
}
