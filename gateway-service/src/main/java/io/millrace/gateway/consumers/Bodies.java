package io.millrace.gateway.consumers;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.common.api.OffsetsApi.Committed;
import io.millrace.common.api.TopicPartition;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The bodies of requests and answers, by the names that Kafka REST v2 clients know. */
final class Bodies {
    private Bodies() {}

    /** All may be absent, and so may the body. */
    @Schema(name = "CreateConsumer")
    record CreateConsumer(
            @Schema(description = "Unique in the group; made up when absent", example = "c1") @Nullable String name,
            @Schema(description = "How records are shown", allowableValues = {
                    "json", "binary",
                    "text"}, defaultValue = "binary", example = "json") @Nullable String format,
            @JsonProperty("auto.offset.reset") @Schema(description = "Where to begin without a committed offset", allowableValues = {
                    "earliest", "latest",
                    "none"}, defaultValue = "latest", example = "earliest") @Nullable String autoOffsetReset,
            @JsonProperty("enable.auto.commit") @JsonAlias("auto.commit.enable") @Schema(description = "Commit what a poll gave out when the next one comes; Confluent's `auto.commit.enable` is understood too", defaultValue = "true", example = "true") @Nullable Boolean enableAutoCommit,
            @JsonProperty("fetch.min.bytes") @Schema(description = "A poll waits until it has so many bytes", defaultValue = "1", example = "1") @Nullable Integer fetchMinBytes,
            @JsonProperty("consumer.request.timeout.ms") @Schema(description = "Longest wait of a poll that names no timeout", defaultValue = "1000", example = "1000") @Nullable Integer requestTimeoutMs,
            @JsonProperty("isolation.level") @Schema(allowableValues = {"read_uncommitted",
                    "read_committed"}, defaultValue = "read_uncommitted", example = "read_uncommitted") @Nullable String isolationLevel,
            @JsonProperty("session.timeout.ms") @Schema(description = "Time without a call after which the partitions go to others", example = "30000") @Nullable Integer sessionTimeoutMs){
        static final CreateConsumer DEFAULTS = new CreateConsumer(null, null, null, null, null, null, null, null);
    }

    /** @param baseUri prefix of every other call on the instance */
    @Schema(name = "CreatedConsumer")
    record CreatedConsumer(
            @JsonProperty("instance_id") @Schema(example = "c1") String instanceId,
            @JsonProperty("base_uri") @Schema(example = "http://localhost:8080/consumers/shipping/instances/c1") String baseUri) {}

    /** Either of the two. */
    @Schema(name = "Subscribe", example = "{\"topics\": [\"orders\"]}")
    record Subscribe(
            @Schema(example = "[\"orders\"]") @Nullable List<@Nullable String> topics,
            @JsonProperty("topic_pattern") @Schema(description = "A regular expression that whole names match, instead of topics") @Nullable String topicPattern) {}

    /** @param partitions one object for each topic, with the numbers of its partitions */
    @Schema(name = "Subscribed")
    record Subscribed(
            @Schema(example = "[\"orders\"]") List<String> topics,
            @Schema(example = "[{\"orders\": [0, 1]}]") List<Map<String, List<Integer>>> partitions) {}

    @Schema(name = "Partitions")
    record Partitions(@Nullable List<@Nullable NamedPartition> partitions) {
        List<TopicPartition> required() {
            return Fields.list("partitions", partitions, (name, partition) -> new TopicPartition(
                    Fields.required(name + ".topic", partition.topic), Fields.notNegative(name + ".partition",
                            partition.partition)));
        }
    }

    @Schema(name = "NamedPartition")
    record NamedPartition(@Schema(example = "orders") @Nullable String topic,
            @Schema(example = "0") @Nullable Integer partition) {}

    @Schema(name = "CommitOffsets")
    record CommitOffsets(@Nullable List<@Nullable NamedOffset> offsets) {}

    /** @param offset the next to read, as in Kafka */
    @Schema(name = "NamedOffset")
    record NamedOffset(
            @Schema(example = "orders") @Nullable String topic,
            @Schema(example = "0") @Nullable Integer partition,
            @Schema(example = "42", description = "The next offset to read") @Nullable Long offset,
            @Schema(example = "checked") @Nullable String metadata) {}

    @Schema(name = "CommittedOffsets")
    record CommittedOffsets(List<CommittedOffset> offsets) {
        static CommittedOffsets of(List<Committed> committed) {
            return new CommittedOffsets(committed.stream().map(
                    each -> new CommittedOffset(each.topic(), each.partition(), each.offset(), each.metadata()))
                    .toList());
        }
    }

    @Schema(name = "CommittedOffset")
    record CommittedOffset(
            @Schema(example = "orders") String topic,
            @Schema(example = "0") int partition,
            @Schema(example = "42", description = "The next offset to read") long offset,
            @Schema(example = "") String metadata) {}

    /** Offsets, timestamps, or both. */
    @Schema(name = "SeekPositions", example = "{\"offsets\":[{\"topic\":\"orders\",\"partition\":0,\"offset\":0}]}")
    record SeekPositions(
            @Nullable List<@Nullable NamedOffset> offsets,
            @Schema(example = "[]") @Nullable List<@Nullable NamedTimestamp> timestamps) {}

    /** @param timestamp milliseconds since 1970; the first record that is not older, or the end */
    @Schema(name = "NamedTimestamp")
    record NamedTimestamp(
            @Schema(example = "orders") @Nullable String topic,
            @Schema(example = "0") @Nullable Integer partition,
            @Schema(example = "1767225600000") @Nullable Long timestamp) {}
}
