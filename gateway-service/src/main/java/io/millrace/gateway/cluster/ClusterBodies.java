package io.millrace.gateway.cluster;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.common.api.ClusterApi;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The bodies of requests and answers. */
final class ClusterBodies {
    private ClusterBodies() {}

    @Schema(name = "MoveOptions")
    record MoveOptions(
            @JsonProperty("dry_run") @Schema(description = "Only tell what would move", example = "true") @Nullable Boolean dryRun,
            @JsonProperty("throttle_bytes_per_second") @Schema(description = "The most that each broker takes in for new replicas until all is done; 0 is without limit. "
                    + "As the brokers are configured if absent", example = "52428800") @Nullable Long throttleBytesPerSecond) {
        static ClusterApi.Options options(@Nullable MoveOptions body) {
            return body == null ? new ClusterApi.Options(false, null)
                    : new ClusterApi.Options(Boolean.TRUE.equals(body.dryRun), body.throttleBytesPerSecond);
        }
    }

    @Schema(name = "Reassign")
    record Reassign(
            @Nullable List<Replicas> partitions,
            @JsonProperty("dry_run") @Schema(description = "Only tell what would move", example = "false") @Nullable Boolean dryRun,
            @JsonProperty("throttle_bytes_per_second") @Schema(example = "52428800") @Nullable Long throttleBytesPerSecond) {
        ClusterApi.Reassign request() {
            if (partitions == null || partitions.isEmpty() || partitions.contains(null)) {
                throw missing("partitions");
            }
            return new ClusterApi.Reassign(partitions.stream().map(Replicas::request).toList(), MoveOptions.options(
                    new MoveOptions(dryRun, throttleBytesPerSecond)));
        }
    }

    @Schema(name = "ReplicasOfPartition")
    record Replicas(
            @Schema(example = "orders") @Nullable String topic,
            @Schema(example = "0") @Nullable Integer partition,
            @Schema(description = "Broker ids, the preferred leader first", example = "[1]") @Nullable List<Integer> replicas) {
        ClusterApi.Replicas request() {
            if (topic == null || partition == null || replicas == null || replicas.contains(null)) {
                throw missing(topic == null ? "topic" : partition == null ? "partition" : "replicas");
            }
            return new ClusterApi.Replicas(topic, partition, replicas);
        }
    }

    @Schema(name = "ReplicationFactor")
    record ReplicationFactor(
            @JsonProperty("replication_factor") @Schema(example = "3") @Nullable Integer replicationFactor,
            @JsonProperty("dry_run") @Schema(description = "Only tell what would move", example = "false") @Nullable Boolean dryRun,
            @JsonProperty("throttle_bytes_per_second") @Schema(example = "52428800") @Nullable Long throttleBytesPerSecond) {
        ClusterApi.ReplicationFactor request() {
            if (replicationFactor == null) {
                throw missing("replication_factor");
            }
            return new ClusterApi.ReplicationFactor(replicationFactor, MoveOptions.options(new MoveOptions(dryRun,
                    throttleBytesPerSecond)));
        }
    }

    @Schema(name = "PartitionsCount")
    record PartitionsCount(
            @JsonProperty("partitions_count") @Schema(description = "In all, more than now", example = "6") @Nullable Integer partitionsCount) {
        int require() {
            if (partitionsCount == null) {
                throw missing("partitions_count");
            }
            return partitionsCount;
        }
    }

    @Schema(name = "MovePlan")
    record MovePlan(
            @JsonProperty("replicas_to_copy") @Schema(description = "Replicas that go to another broker; a change of the leader alone copies nothing", example = "1") int replicasToCopy,
            List<Move> moves) {
        static MovePlan of(ClusterApi.Planned planned) {
            return new MovePlan(planned.copies(), planned.moves().stream().map(move -> new Move(move.topic(), move
                    .partition(), move.before(), move.after())).toList());
        }
    }

    @Schema(name = "Move")
    record Move(
            @Schema(example = "orders") String topic,
            @Schema(example = "0") int partition,
            @Schema(description = "Broker ids, the preferred leader first", example = "[0]") List<Integer> from,
            @Schema(example = "[1]") List<Integer> to) {}

    @Schema(name = "MoveProgress")
    record MoveProgress(
            @Schema(description = "Partitions that have not begun to move", example = "3") int waiting,
            @Schema(description = "Partitions whose replicas are being copied", example = "1") int moving,
            @Schema(description = "Those of both that go on only once something else has changed", example = "0") int stuck,
            @Schema(description = "Partitions that are where they were to be", example = "2") int done,
            @JsonProperty("throttle_bytes_per_second") @Schema(description = "Null: as the brokers are configured", example = "52428800") @Nullable Long throttleBytesPerSecond,
            @JsonProperty("bytes_left") @Schema(description = "What those in motion still have to copy; null where a broker did not tell, or not all in motion are listed", example = "1048576") @Nullable Long bytesLeft,
            List<BrokerProgress> brokers,
            @Schema(description = "The first of them: those in motion, then those that wait in the order of their turn") List<PartitionProgress> partitions) {
        /** @param bytesLeft of those in motion; missing where it is not known */
        static MoveProgress of(ClusterApi.Progress progress, Map<TopicPartition, Long> bytesLeft) {
            var brokers = progress.brokers().stream().map(each -> new BrokerProgress(each.broker(), each.coming(), each
                    .going())).toList();
            var partitions = progress.partitions().stream().map(each -> PartitionProgress.of(each, bytesLeft)).toList();
            var moving = partitions.stream().filter(each -> each.state.equals(PartitionProgress.MOVING)).toList();
            boolean isKnown = moving.size() >= progress.moving() && moving.stream().allMatch(
                    each -> each.bytesLeft != null);
            long left = moving.stream().map(PartitionProgress::bytesLeft).filter(Objects::nonNull).mapToLong(
                    Long::longValue).sum();
            return new MoveProgress(progress.waiting(), progress.moving(), progress.stuck(), progress.done(), progress
                    .throttleBytesPerSecond(), isKnown ? left : null, brokers, partitions);
        }
    }

    @Schema(name = "BrokerMoveProgress")
    record BrokerProgress(
            @Schema(example = "1") int broker,
            @Schema(description = "Replicas that are still to come to it", example = "2") int coming,
            @Schema(description = "Replicas that are still to go from it", example = "0") int going) {}

    @Schema(name = "PartitionMoveProgress")
    record PartitionProgress(
            @Schema(example = "orders") String topic,
            @Schema(example = "0") int partition,
            @Schema(example = "moving", allowableValues = {
                    "waiting", "moving"}) String state,
            @Schema(example = "[0]") List<Integer> from,
            @Schema(example = "[1]") List<Integer> to,
            @Schema(description = "Brokers that are copying it", example = "[1]") List<Integer> adding,
            @JsonProperty("caught_up") @Schema(description = "Those of them that have all of it", example = "[]") List<Integer> caughtUp,
            @JsonProperty("bytes_left") @Schema(description = "What they still have to copy; null while it waits, and where a broker did not tell", example = "1048576") @Nullable Long bytesLeft,
            @Schema(description = "Why it is not done: others are before it (`queued`), brokers are copying it (`catching_up`), brokers that are to have it "
                    + "do not run (`broker_not_running`), there is nobody to copy it from (`no_leader`), or all copies are there and fewer than "
                    + "`min.insync.replicas` of those that stay are in sync (`below_min_isr`)", example = "catching_up", allowableValues = {
                            "queued", "catching_up", "broker_not_running", "no_leader", "below_min_isr"}) String reason,
            @JsonProperty("waits_for") @Schema(description = "The brokers that the reason is about", example = "[1]") List<Integer> waitsFor){
        private static final String MOVING = "moving";

        static PartitionProgress of(ClusterApi.UnderWay each, Map<TopicPartition, Long> bytesLeft) {
            return new PartitionProgress(each.topic(), each.partition(), each.started() ? MOVING : "waiting", each
                    .before(), each.after(), each.adding(), each.caughtUp(), bytesLeft.get(new TopicPartition(each
                            .topic(), each.partition())), each.reason().name().toLowerCase(Locale.ROOT), each
                                    .waitsFor());
        }
    }

    @Schema(name = "CancelledMoves")
    record Cancelled(
            @Schema(description = "Partitions that stay where they are, or go back", example = "3") int cancelled) {}

    @Schema(name = "Broker")
    record Broker(
            @Schema(example = "0") int id,
            @Schema(example = "127.0.0.1") String host,
            @JsonProperty("kafka_port") @Schema(example = "9092") int kafkaPort,
            boolean running,
            @Schema(description = "It gets no new replicas, and those that it has go elsewhere") boolean draining,
            @Schema(description = "Replicas that it has, or is copying", example = "4") int replicas,
            @JsonProperty("in_sync") @Schema(description = "Those of them that have all", example = "4") int inSync,
            @Schema(description = "Partitions that it leads", example = "2") int leaders) {
        static Broker of(BrokerImage broker, ClusterImage image) {
            int replicas = 0;
            int inSync = 0;
            int leaders = 0;
            for (var topic : image.topicsById().values()) {
                for (var partition : topic.partitions()) {
                    replicas += partition.replicas().contains(broker.id()) ? 1 : 0;
                    inSync += partition.isr().contains(broker.id()) ? 1 : 0;
                    leaders += partition.leader() == broker.id() ? 1 : 0;
                }
            }
            return new Broker(broker.id(), broker.host(), broker.kafkaPort(), !broker.fenced(), broker.draining(),
                    replicas, inSync, leaders);
        }
    }

    private static RefusedException missing(String field) {
        return new RefusedException(ErrorCode.INVALID_REQUEST, field + ": is required");
    }
}
