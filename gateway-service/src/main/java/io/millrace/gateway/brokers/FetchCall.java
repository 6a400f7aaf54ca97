package io.millrace.gateway.brokers;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RecordCursor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.jspecify.annotations.Nullable;

/** The part of a fetch that goes to one leader. */
final class FetchCall {
    private record Wanted(int index, FetchFrom from, TopicImage topic, int leaderEpoch) {}

    private final List<Wanted> wanted = new ArrayList<>();

    /** Hears what was found in one partition. */
    @FunctionalInterface
    interface Reader {
        void fetched(int index, Fetched fetched);
    }

    /** @param leaderEpoch under which the leader is asked, so that one that does not know of it, or of its successor, refuses (KIP-320) */
    void add(int index, FetchFrom from, TopicImage topic, int leaderEpoch) {
        wanted.add(new Wanted(index, from, topic, leaderEpoch));
    }

    FetchRequest.Builder request(FetchLimits limits, Duration wait) {
        Map<TopicPartition, FetchRequest.PartitionData> partitions = new LinkedHashMap<>();
        for (Wanted each : wanted) {
            partitions.put(new TopicPartition(each.topic.name(), each.from.partition()), new FetchRequest.PartitionData(
                    each.topic.id(),
                    each.from.offset(), FetchRequest.INVALID_LOG_START_OFFSET, limits.maxPartitionBytes(), Optional.of(
                            each.leaderEpoch)));
        }
        // Rounded up: what is left below a millisecond would be asked for again and again without a wait.
        int waitMs = (int) wait.plusNanos(999_999).toMillis();
        return FetchRequest.Builder.forConsumer(ApiKeys.FETCH.latestVersion(), waitMs, 1, partitions)
                .setMaxBytes(limits.maxBytes())
                .isolationLevel(limits.readCommitted() ? IsolationLevel.READ_COMMITTED
                        : IsolationLevel.READ_UNCOMMITTED);
    }

    /** Tells what the leader answered. */
    void read(FetchResponse response, Reader reader) {
        for (Wanted each : wanted) {
            PartitionData data = response.data().errorCode() != Errors.NONE.code() ? null : find(response, each);
            reader.fetched(each.index, data == null ? Fetched.failed(each.from, ErrorCode.LEADER_UNAVAILABLE)
                    : toFetched(each.from, data));
        }
    }

    /** Tells that there is no answer of the leader. */
    void fail(ErrorCode error, Reader reader) {
        wanted.forEach(each -> reader.fetched(each.index, Fetched.failed(each.from, error)));
    }

    private static Fetched toFetched(FetchFrom from, PartitionData data) {
        Errors error = Errors.forCode(data.errorCode());
        return switch (error) {
            case NONE -> new Fetched(from, null, data.logStartOffset(), data.highWatermark(), RecordCursor.bufferOf(data
                    .records()));
            case OFFSET_OUT_OF_RANGE ->
                new Fetched(from, ErrorCode.OFFSET_OUT_OF_RANGE, data.logStartOffset(), data.highWatermark(),
                        RecordCursor.bufferOf(null));
            // Not the leader any more, or not yet: the topic is in this gateway's image, so its broker will hear of it.
            default -> Fetched.failed(from, ErrorCode.LEADER_UNAVAILABLE);
        };
    }

    private static @Nullable PartitionData find(FetchResponse response, Wanted each) {
        for (FetchableTopicResponse topic : response.data().responses()) {
            boolean same = topic.topicId().equals(Uuid.ZERO_UUID)
                    ? topic.topic().equals(each.topic.name())
                    : topic.topicId().equals(each.topic.id());
            if (same) {
                for (PartitionData partition : topic.partitions()) {
                    if (partition.partitionIndex() == each.from.partition()) {
                        return partition;
                    }
                }
            }
        }
        return null;
    }
}
