package io.millrace.gateway.consumers;

import io.millrace.common.api.InstancesApi.Given;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.api.InstancesApi.Seek;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.OffsetsApi.CommitOffset;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.brokers.Brokers;
import io.millrace.gateway.brokers.OffsetQuery;
import io.millrace.gateway.consumers.Bodies.CommitOffsets;
import io.millrace.gateway.consumers.Bodies.CommittedOffsets;
import io.millrace.gateway.consumers.Bodies.Partitions;
import io.millrace.gateway.consumers.Bodies.SeekPositions;
import io.millrace.gateway.edge.ApiText;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Where a consumer instance stands: commits and seeks. */
@RestController
@RequestMapping("/consumers/{group}/instances/{instance}")
@Tag(name = ApiText.CONSUMERS)
class PositionsController {
    private final ServiceClients services;
    private final Brokers brokers;

    PositionsController(ServiceClients services, Brokers brokers) {
        this.services = services;
        this.brokers = brokers;
    }

    @PostMapping("/offsets")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "commit", summary = "Commit offsets", description = "Those given, each the next to read; without a body, of everything that the "
            + "instance has got.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = CommitOffsets.class), examples = {
            @ExampleObject(name = "all that was polled", value = "{}"),
            @ExampleObject(name = "given offsets", value = "{\"offsets\":[{\"topic\":\"orders\",\"partition\":0,\"offset\":1,\"metadata\":\"checked\"}]}")}))
    @ApiResponse(responseCode = "204", description = "Committed")
    @ApiResponse(responseCode = "404", description = "No such instance, topic or partition", content = @Content)
    @ApiResponse(responseCode = "409", description = "The partitions may belong to another member by now", content = @Content)
    void commit(
            @Parameter(example = "shipping") @PathVariable String group,
            @Parameter(example = "c1") @PathVariable String instance,
            @RequestBody(required = false) @Nullable CommitOffsets body) {
        if (body == null || body.offsets() == null) {
            var confirmed = services.instances(group).confirm(group, instance);
            commit(group, instance, confirmed.memberEpoch(), confirmed.positions().stream()
                    .map(each -> new CommitOffset(each.topic(), each.partition(), each.offset(), null, null)).toList());
            return;
        }
        List<CommitOffset> offsets = Fields.list("offsets", body.offsets(), (name, each) -> new CommitOffset(
                Fields.required(name + ".topic", each.topic()), Fields.notNegative(name + ".partition", each
                        .partition()),
                Fields.notNegative(name + ".offset", each.offset()), null, each.metadata()));
        var given = new Given(offsets.stream().map(each -> new Position(each.topic(), each.partition(), each.offset()))
                .toList());
        commit(group, instance, services.instances(group).confirmGiven(group, instance, given).memberEpoch(), offsets);
    }

    private void commit(String group, String instance, long memberEpoch, List<CommitOffset> offsets) {
        if (!offsets.isEmpty()) {
            var member = memberEpoch < 0 ? null : new OffsetsApi.Member(instance, memberEpoch);
            try {
                services.offsets().commit(group, new OffsetsApi.Commit(member, offsets));
            } catch (RefusedException refusal) {
                // The instance is there, but its group goes on without it: the same conflict as an epoch that is past.
                throw refusal.code() == ErrorCode.UNKNOWN_MEMBER
                        ? new RefusedException(ErrorCode.FENCED_MEMBER_EPOCH, String.valueOf(refusal.getMessage()))
                        : refusal;
            }
        }
    }

    @GetMapping("/offsets")
    @Operation(operationId = "committed", summary = "What the group has committed of the instance's partitions", description = "Each offset is the next to read; partitions of which nothing was committed are left out.")
    @ApiResponse(responseCode = "200", description = "Offsets; partitions without a commit are left out")
    @ApiResponse(responseCode = "404", description = "No such instance", content = @Content)
    CommittedOffsets committed(
            @Parameter(example = "shipping") @PathVariable String group,
            @Parameter(example = "c1") @PathVariable String instance,
            @Parameter(hidden = true) @RequestBody(required = false) @Nullable Partitions body) {
        var partitions = services.instances(group).describe(group, instance).partitions();
        var wanted = body == null ? partitions : body.required();
        return CommittedOffsets.of(wanted.isEmpty() ? List.of()
                : services.offsets().fetch(group, new OffsetsApi.Fetch(wanted)).offsets());
    }

    @PostMapping("/positions")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "seek", summary = "Read on at given offsets or times", description = "With the next poll. Of a time it is the first record that is not older, or else the end.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = SeekPositions.class), examples = {
            @ExampleObject(name = "an offset", value = "{\"offsets\":[{\"topic\":\"orders\",\"partition\":0,\"offset\":0}]}"),
            @ExampleObject(name = "a time", value = "{\"timestamps\":[{\"topic\":\"orders\",\"partition\":0,\"timestamp\":1767225600000}]}")}))
    @ApiResponse(responseCode = "204", description = "Moved")
    @ApiResponse(responseCode = "404", description = "No such instance, or a partition is not its own", content = @Content)
    void seek(
            @Parameter(example = "shipping") @PathVariable String group,
            @Parameter(example = "c1") @PathVariable String instance,
            @RequestBody SeekPositions body) throws InterruptedException {
        if (body.offsets() == null && body.timestamps() == null) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST,
                    "offsets: a list of offsets or of timestamps is needed");
        }
        var positions = new ArrayList<Position>();
        if (body.offsets() != null) {
            positions.addAll(Fields.list("offsets", body.offsets(), (name, each) -> new Position(
                    Fields.required(name + ".topic", each.topic()), Fields.notNegative(name + ".partition", each
                            .partition()),
                    Fields.notNegative(name + ".offset", each.offset()))));
        }
        if (body.timestamps() != null) {
            positions.addAll(byTime(readsCommitted(group, instance), Fields.list("timestamps", body.timestamps(), (name,
                    each) -> new OffsetQuery(
                            Fields.required(name + ".topic", each.topic()), Fields.notNegative(name + ".partition", each
                                    .partition()),
                            Fields.notNegative(name + ".timestamp", each.timestamp())))));
        }
        seek(group, instance, positions);
    }

    @PostMapping("/positions/beginning")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "seekToBeginning", summary = "Read on at the beginning of partitions", description = "With the next poll, at the first record that is still there.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = Partitions.class), examples = {
            @ExampleObject(name = "all three", value = "{\"partitions\":[{\"topic\":\"orders\",\"partition\":0},{\"topic\":\"orders\",\"partition\":1},{\"topic\":\"orders\",\"partition\":2}]}")}))
    @ApiResponse(responseCode = "204", description = "Moved")
    @ApiResponse(responseCode = "404", description = "No such instance, or a partition is not its own", content = @Content)
    void seekToBeginning(
            @Parameter(example = "shipping") @PathVariable String group,
            @Parameter(example = "c1") @PathVariable String instance,
            @RequestBody Partitions body) throws InterruptedException {
        seekTo(OffsetQuery.EARLIEST, group, instance, body.required());
    }

    @PostMapping("/positions/end")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(operationId = "seekToEnd", summary = "Read on at the end of partitions", description = "With the next poll, at what is written from now on.")
    @io.swagger.v3.oas.annotations.parameters.RequestBody(required = true, content = @Content(mediaType = ApiText.JSON, schema = @Schema(implementation = Partitions.class), examples = {
            @ExampleObject(name = "all three", value = "{\"partitions\":[{\"topic\":\"orders\",\"partition\":0},{\"topic\":\"orders\",\"partition\":1},{\"topic\":\"orders\",\"partition\":2}]}")}))
    @ApiResponse(responseCode = "204", description = "Moved")
    @ApiResponse(responseCode = "404", description = "No such instance, or a partition is not its own", content = @Content)
    void seekToEnd(
            @Parameter(example = "shipping") @PathVariable String group,
            @Parameter(example = "c1") @PathVariable String instance,
            @RequestBody Partitions body) throws InterruptedException {
        seekTo(OffsetQuery.LATEST, group, instance, body.required());
    }

    private void seekTo(long time, String group, String instance, List<TopicPartition> partitions)
            throws InterruptedException {
        var queries = partitions.stream().distinct().map(each -> new OffsetQuery(each.topic(), each.partition(), time))
                .toList();
        seek(group, instance, positions(readsCommitted(group, instance), queries));
    }

    private List<Position> byTime(boolean readCommitted, List<OffsetQuery> queries) throws InterruptedException {
        // Ends first: what is appended after them and is not older than the time is then not passed over.
        var ends = brokers.offsets(queries.stream().map(each -> new OffsetQuery(each.topic(), each.partition(),
                OffsetQuery.LATEST)).toList(), readCommitted);
        var found = positions(readCommitted, queries);
        var positions = new ArrayList<Position>();
        for (int i = 0; i < found.size(); i++) {
            var each = found.get(i);
            positions.add(each.offset() >= 0 ? each
                    : new Position(each.topic(), each.partition(), ends.get(i).offset()));
        }
        return positions;
    }

    /** Where its records end for the instance: that of one that reads what is committed is before a transaction that is not over. */
    private boolean readsCommitted(String group, String instance) {
        return Polls.readsCommitted(services.instances(group).describe(group, instance).settings());
    }

    private List<Position> positions(boolean readCommitted, List<OffsetQuery> queries) throws InterruptedException {
        return brokers.offsets(queries, readCommitted).stream()
                .map(found -> new Position(found.query().topic(), found.query().partition(), found.offset())).toList();
    }

    private void seek(String group, String instance, List<Position> positions) {
        try {
            services.instances(group).seek(group, instance, new Seek(positions));
        } catch (RefusedException refusal) {
            // Programs for Kafka REST v2 know a partition that is not the instance's own as one that is not there.
            throw refusal.code() == ErrorCode.INVALID_REQUEST
                    ? new RefusedException(ErrorCode.UNKNOWN_PARTITION, String.valueOf(refusal.getMessage()))
                    : refusal;
        }
    }
}
