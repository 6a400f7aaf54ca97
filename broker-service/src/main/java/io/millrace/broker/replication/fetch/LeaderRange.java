package io.millrace.broker.replication.fetch;

import io.millrace.broker.partition.Partition;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ListOffsetsResponse;
import org.jspecify.annotations.Nullable;

/** Asks a leader from where to where its log goes, for a follower whose log is out of that range. */
final class LeaderRange {
    private static final short LEADER_EPOCH_VERSION = 4;

    /** The leader's log start and log end. */
    record Range(long logStart, long logEnd) {}

    private final BrokerClient client;
    private final BrokerEndpoint leader;
    private final Lane lane;
    private final int followerId;
    private final Duration timeout;

    LeaderRange(BrokerClient client, BrokerEndpoint leader, Lane lane, int followerId, Duration timeout) {
        this.client = client;
        this.leader = leader;
        this.lane = lane;
        this.followerId = followerId;
        this.timeout = timeout;
    }

    /** @param then told on another thread, with null when the leader does not say */
    void find(Partition partition, int leaderEpoch, Consumer<@Nullable Range> then) {
        ask(partition, leaderEpoch, ListOffsetsRequest.EARLIEST_TIMESTAMP)
                .thenCombine(ask(partition, leaderEpoch, ListOffsetsRequest.LATEST_TIMESTAMP), Range::new)
                .whenComplete((range, _) -> then.accept(range == null || range.logStart() < 0 || range.logEnd() < 0
                        ? null
                        : range));
    }

    private CompletableFuture<Long> ask(Partition partition, int leaderEpoch, long timestamp) {
        ListOffsetsTopic topic = new ListOffsetsTopic().setName(partition.topic()).setPartitions(List.of(
                new ListOffsetsPartition().setPartitionIndex(partition.index()).setCurrentLeaderEpoch(leaderEpoch)
                        .setTimestamp(timestamp)));
        return client.send(leader, lane, ListOffsetsRequest.Builder.forReplica(LEADER_EPOCH_VERSION, followerId)
                .setTargetTimes(List.of(topic)), ListOffsetsResponse.class, timeout)
                .thenApply(response -> offset(response.topics().getFirst().partitions().getFirst()));
    }

    private static long offset(ListOffsetsPartitionResponse found) {
        return found.errorCode() == Errors.NONE.code() ? found.offset() : ListOffsetsResponse.UNKNOWN_OFFSET;
    }
}
