package io.millrace.gateway.cluster;

import io.millrace.common.api.ServiceClients;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.gateway.cluster.ClusterBodies.Broker;
import io.millrace.gateway.cluster.ClusterBodies.Cancelled;
import io.millrace.gateway.cluster.ClusterBodies.MoveOptions;
import io.millrace.gateway.cluster.ClusterBodies.MovePlan;
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
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** The cluster's brokers: the image answers reads, the controller carries out changes. */
@RestController
@RequestMapping("/admin/brokers")
@Tag(name = ApiText.CLUSTER)
@ApiResponse(responseCode = "503", description = "PostgreSQL or the controller is away; try again after `Retry-After`", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
class BrokersController {
    private static final String BROKERS_EXAMPLE = """
            [{"id":0,"host":"127.0.0.1","kafka_port":9092,"running":true,"draining":false,"replicas":4,"in_sync":4,"leaders":2}]""";

    private final ClusterImages images;
    private final ServiceClients clients;

    BrokersController(ClusterImages images, ServiceClients clients) {
        this.images = images;
        this.clients = clients;
    }

    @Operation(operationId = "listBrokers", summary = "List brokers", description = "With what each of them has and leads.")
    @ApiResponse(responseCode = "200", description = "In the order of their ids", content = @Content(mediaType = ApiText.JSON, array = @ArraySchema(schema = @Schema(implementation = Broker.class)), examples = @ExampleObject(BROKERS_EXAMPLE)))
    @GetMapping
    List<Broker> list() {
        var image = images.current();
        return image.brokers().values().stream().map(broker -> Broker.of(broker, image))
                .sorted(Comparator.comparingInt(Broker::id)).toList();
    }

    @Operation(operationId = "drainBroker", summary = "Drain a broker", description = """
            It gets no new replicas, and all that it has go to the other brokers, while clients go on. \
            `GET /admin/rebalance` tells how far it is; then the broker can be stopped and removed.
            """)
    @io.swagger.v3.oas.annotations.parameters.RequestBody(content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = MoveOptions.class), examples = {
            @ExampleObject(name = "tell what would move", value = "{\"dry_run\":true}"),
            @ExampleObject(name = "drain", value = "{}")}))
    @ApiResponse(responseCode = "202", description = "What moves from now on, or would", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = MovePlan.class), examples = @ExampleObject(ApiText.MOVE_PLAN)))
    @ApiResponse(responseCode = "404", description = "No such broker", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject("{\"error_code\":404,\"message\":\"There is no broker 7\",\"code\":\"UNKNOWN_BROKER\"}")))
    @ApiResponse(responseCode = "409", description = "A topic has more replicas than brokers would be left", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject("{\"error_code\":409,\"message\":\"Topic 'orders' has 3 replicas of partition 0, and only 2 brokers could have them\",\"code\":\"TOO_FEW_BROKERS\"}")))
    @PostMapping("/{broker}/drain")
    @ResponseStatus(HttpStatus.ACCEPTED)
    MovePlan drain(@Parameter(example = "0") @PathVariable("broker") int broker,
            @RequestBody(required = false) @Nullable MoveOptions body) {
        return MovePlan.of(clients.cluster().drain(broker, MoveOptions.options(body)));
    }

    @Operation(operationId = "undrainBroker", summary = "Take a drain back", description = "The broker may have replicas again; those that have not left it stay.")
    @ApiResponse(responseCode = "200", description = "How many partitions stay, or go back", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = Cancelled.class), examples = @ExampleObject("{\"cancelled\":3}")))
    @ApiResponse(responseCode = "404", description = "No such broker", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @DeleteMapping("/{broker}/drain")
    Cancelled undrain(@Parameter(example = "0") @PathVariable("broker") int broker) {
        return new Cancelled(clients.cluster().undrain(broker).cancelled());
    }

    @Operation(operationId = "removeBroker", summary = "Remove a broker", description = "One that is drained and stopped. If it is started again it is a member again.")
    @ApiResponse(responseCode = "204", description = "Removed", content = @Content)
    @ApiResponse(responseCode = "404", description = "No such broker", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class)))
    @ApiResponse(responseCode = "409", description = "It runs, or has replicas", content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ErrorSchema.class), examples = @ExampleObject("{\"error_code\":409,\"message\":\"Broker 0 is running: stop it first\",\"code\":\"BROKER_IN_USE\"}")))
    @DeleteMapping("/{broker}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    void remove(@Parameter(example = "0") @PathVariable("broker") int broker) {
        clients.cluster().remove(broker);
    }
}
