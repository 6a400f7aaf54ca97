package io.millrace.gateway.consumers;

import io.millrace.gateway.consumers.Bodies.CommitOffsets;
import io.millrace.gateway.consumers.Bodies.NamedOffset;
import io.millrace.gateway.edge.ApiText;
import io.swagger.v3.oas.annotations.Hidden;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/**
 * The paths of consumers and topics below a prefix of their own, for programs written for Confluent's REST Proxy v2. To these an offset that they commit
 * is that of the last record they are done with; all else is as at the root, committed offsets that are read included.
 */
@RestController
@Tag(name = ApiText.CONSUMERS)
class ConfluentConsumersController {
    static final String PREFIX = "/confluent";
    private static final String PASSED_ON = ConfluentConsumersController.class.getName();

    private final PositionsController positions;

    ConfluentConsumersController(PositionsController positions) {
        this.positions = positions;
    }

    @PostMapping(PREFIX + "/consumers/{group}/instances/{instance}/offsets")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "commitLastConsumed", summary = "Commit offsets as Confluent's REST Proxy v2 means them", description = "Each is that of the last record "
            + "that was consumed, so the next to read is the one after it. All other operations on consumers and topics are below `/confluent` too, "
            + "where they are what they are at the root; what is read of committed offsets is the next to read, there as here.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = CommitOffsets.class), examples = {
            @ExampleObject(name = "all that was polled", value = "{}"),
            @ExampleObject(name = "the first record is consumed", value = "{\"offsets\":[{\"topic\":\"orders\",\"partition\":0,\"offset\":0}]}")}))
    @ApiResponse(responseCode = "204", description = "Committed")
    @ApiResponse(responseCode = "404", description = "No such instance, topic or partition", content = @Content)
    @ApiResponse(responseCode = "409", description = "The partitions may belong to another member by now", content = @Content)
    void commit(
            @Parameter(example = "shipping") @PathVariable String group,
            @Parameter(example = "c1") @PathVariable String instance,
            @RequestBody(required = false) @Nullable CommitOffsets body) {
        if (body == null || body.offsets() == null) {
            positions.commit(group, instance, body);
        } else {
            positions.commit(group, instance, new CommitOffsets(Fields.list("offsets", body.offsets(), (name,
                    each) -> new NamedOffset(each.topic(), each.partition(), Fields.notNegative(name + ".offset", each
                            .offset()) + 1, each.metadata()))));
        }
    }

    @Hidden
    @RequestMapping({PREFIX + "/consumers/**", PREFIX + "/topics/**"})
    void others(HttpServletRequest request, HttpServletResponse response) throws ServletException, IOException {
        String path = request.getRequestURI();
        request.setAttribute(PASSED_ON, true);
        // Not by the prefix's length: it may have been written with escapes.
        request.getRequestDispatcher(path.substring(path.indexOf('/', 1))).forward(request, response);
    }

    /** Whether the request came below the prefix and was passed on. */
    static boolean passedOn(HttpServletRequest request) {
        return request.getAttribute(PASSED_ON) != null;
    }
}
