package io.millrace.gateway.groups;

import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.edge.ApiText;
import io.millrace.gateway.groups.GroupBodies.DescribedGroup;
import io.millrace.gateway.groups.GroupBodies.Lag;
import io.millrace.gateway.groups.GroupBodies.ListedGroup;
import io.millrace.gateway.groups.GroupBodies.Offset;
import io.millrace.gateway.groups.GroupBodies.Offsets;
import io.millrace.gateway.groups.GroupBodies.ResetOffsets;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Consumer groups for those who look after them. */
@RestController
@RequestMapping("/groups")
@Tag(name = ApiText.GROUPS)
class GroupsController {
    private final ServiceClients services;
    private final Groups groups;
    private final GroupLags lags;

    GroupsController(ServiceClients services, Groups groups, GroupLags lags) {
        this.services = services;
        this.groups = groups;
        this.lags = lags;
    }

    @GetMapping
    @Operation(operationId = "listGroups", summary = "List groups", description = "Those that have, or had, members.")
    @ApiResponse(responseCode = "200", description = "By name")
    List<ListedGroup> list() {
        return groups.list().stream().map(group -> new ListedGroup(group.group(), group.state(), group.members()))
                .toList();
    }

    @GetMapping("/{group}")
    @Operation(operationId = "getGroup", summary = "Describe a group", description = "Its members and the partitions that each may read now.")
    @ApiResponse(responseCode = "200", description = "The group")
    @ApiResponse(responseCode = "404", description = "No such group", content = @Content)
    DescribedGroup describe(@Parameter(example = "shipping") @PathVariable String group) {
        return DescribedGroup.of(services.groups(group).describe(group));
    }

    @DeleteMapping("/{group}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "deleteGroup", summary = "Delete a group without members", description = "Its committed offsets go with it.")
    @ApiResponse(responseCode = "204", description = "Deleted")
    @ApiResponse(responseCode = "404", description = "No such group", content = @Content)
    @ApiResponse(responseCode = "409", description = "It has members", content = @Content)
    void delete(@Parameter(example = "shipping") @PathVariable String group) {
        services.groups(group).delete(group);
    }

    @GetMapping("/{group}/lag")
    @Operation(operationId = "getGroupLag", summary = "How far a group is behind", description = "For each partition that it has committed or reads.")
    @ApiResponse(responseCode = "200", description = "Lag by partition, and in all")
    @ApiResponse(responseCode = "404", description = "No such group", content = @Content)
    Lag lag(@Parameter(example = "shipping") @PathVariable String group) throws InterruptedException {
        return Lag.of(group, lags.of(group));
    }

    @PutMapping("/{group}/offsets")
    @Operation(operationId = "resetGroupOffsets", summary = "Reset the offsets of a group without members", description = "To the `earliest` or `latest`, to an `offset`, to "
            + "the first record not older than a `timestamp`, or by a signed `shift`; for the partitions given or all that it has committed.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = ResetOffsets.class), examples = {
            @ExampleObject(name = "to the beginning", value = "{\"to\":\"earliest\"}"),
            @ExampleObject(name = "one partition to an offset", value = "{\"to\":\"offset\",\"value\":1,\"partitions\":[{\"topic\":\"orders\",\"partition\":0}]}"),
            @ExampleObject(name = "back by one record", value = "{\"to\":\"shift\",\"value\":-1}")}))
    @ApiResponse(responseCode = "200", description = "What is committed now")
    @ApiResponse(responseCode = "400", description = "A field is missing or wrong", content = @Content)
    @ApiResponse(responseCode = "409", description = "The group has members", content = @Content)
    Offsets reset(@Parameter(example = "shipping") @PathVariable String group, @RequestBody ResetOffsets body) {
        if (body.to() == null) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, "to: the field is required");
        }
        var reset = services.offsets().reset(group, new OffsetsApi.Reset(body.to(), body.value(), body.partitions()));
        return new Offsets(reset.offsets().stream().map(each -> new Offset(each.topic(), each.partition(), each
                .offset())).toList());
    }
}
