package io.millrace.gateway.events;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.gateway.records.RecordSchema;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** For the OpenAPI document alone: what a block of a stream comes to when its lines are made an object, and {@code data} is read as JSON. */
final class EventSchemas {
    private EventSchemas() {}

    @Schema(name = "Event", description = "A block of the stream, its lines as fields and its `data` read as JSON", oneOf = {
            RecordEvent.class, GapEvent.class, CaughtUpEvent.class, IdEvent.class, RetryEvent.class})
    interface Event {}

    @Schema(name = "GroupEvent", description = "A block of the stream, its lines as fields and its `data` read as JSON", oneOf = {
            GroupRecordEvent.class, GapEvent.class, CaughtUpEvent.class, JoinedEvent.class, AssignedEvent.class,
            RevokedEvent.class, FencedEvent.class, RetryEvent.class})
    interface GroupEvent {}

    @Schema(name = "RecordEvent")
    record RecordEvent(@Schema(allowableValues = "record") String event,
            @Schema(description = "Where to go on after it") String id, RecordSchema data) {}

    @Schema(name = "GroupRecordEvent")
    record GroupRecordEvent(@Schema(allowableValues = "record") String event, RecordSchema data) {}

    @Schema(name = "GapEvent", description = "What was to come next is no longer in the log")
    record GapEvent(@Schema(allowableValues = "gap") String event, Gap data) {}

    @Schema(name = "Gap")
    record Gap(String topic, int partition,
            @Schema(description = "The offset that should have come next") long requested,
            @Schema(description = "The offset that comes next") long available) {}

    @Schema(name = "CaughtUpEvent", description = "All that was in the log has been written")
    record CaughtUpEvent(@Schema(allowableValues = "caught-up") String event, Nothing data) {}

    @Schema(name = "Nothing", type = "object", additionalProperties = Schema.AdditionalPropertiesValue.FALSE)
    record Nothing() {}

    @Schema(name = "IdEvent", additionalProperties = Schema.AdditionalPropertiesValue.FALSE, description = "Where to go on, without an event")
    record IdEvent(String id) {}

    @Schema(name = "RetryEvent", additionalProperties = Schema.AdditionalPropertiesValue.FALSE, description = "How many milliseconds to wait before coming back")
    record RetryEvent(int retry) {}

    @Schema(name = "JoinedEvent", description = "The first event: the consumer instance that the stream is")
    record JoinedEvent(@Schema(allowableValues = "joined") String event, Joined data) {}

    @Schema(name = "Joined")
    record Joined(String group, @JsonProperty("instance_id") String instanceId,
            @JsonProperty("base_uri") String baseUri,
            @Schema(allowableValues = {"auto", "manual"}) String commit){}

    @Schema(name = "AssignedEvent", description = "Partitions that came")
    record AssignedEvent(@Schema(allowableValues = "assigned") String event, OwnPartitions data) {}

    @Schema(name = "RevokedEvent", description = "Partitions that went")
    record RevokedEvent(@Schema(allowableValues = "revoked") String event, OwnPartitions data) {}

    @Schema(name = "OwnPartitions")
    record OwnPartitions(List<OwnPartition> partitions) {}

    @Schema(name = "OwnPartition")
    record OwnPartition(String topic, int partition) {}

    @Schema(name = "FencedEvent", description = "The last event: the group goes on without the stream")
    record FencedEvent(@Schema(allowableValues = "fenced") String event, Fenced data) {}

    @Schema(name = "Fenced")
    record Fenced(@Nullable String message) {}
}
