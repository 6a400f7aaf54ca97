package io.millrace.gateway.brokers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsTopicResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ListOffsetsResponse;
import org.jspecify.annotations.Nullable;

/** The part of an offset look-up that goes to one leader. A partition asked for at two times takes two calls. */
final class OffsetsCall {
    private record Wanted(int index, OffsetQuery query, int leaderEpoch) {}

    private final List<Wanted> wanted = new ArrayList<>();

    /** Hears what was found in one partition: null when it is to be asked for again. */
    @FunctionalInterface
    interface Reader {
        void found(int index, @Nullable FoundOffset offset);
    }

    boolean takes(OffsetQuery query) {
        return wanted.stream().noneMatch(each -> each.query.topic().equals(query.topic()) && each.query
                .partition() == query.partition());
    }

    OffsetsCall add(int index, OffsetQuery query, int leaderEpoch) {
        wanted.add(new Wanted(index, query, leaderEpoch));
        return this;
    }

    ListOffsetsRequest.Builder request(IsolationLevel isolation) {
        Map<String, ListOffsetsTopic> topics = new LinkedHashMap<>();
        for (Wanted each : wanted) {
            topics.computeIfAbsent(each.query.topic(), name -> new ListOffsetsTopic().setName(name)).partitions()
                    .add(new ListOffsetsPartition().setPartitionIndex(each.query.partition()).setTimestamp(each.query
                            .timestampMs()).setCurrentLeaderEpoch(each.leaderEpoch));
        }
        return ListOffsetsRequest.Builder.forConsumer(true, isolation).setTargetTimes(List.copyOf(
                topics.values()));
    }

    /** Tells what the leader answered, or that it did not. */
    void read(@Nullable ListOffsetsResponse response, Reader reader) {
        for (Wanted each : wanted) {
            ListOffsetsPartitionResponse partition = response == null ? null : find(response, each.query);
            boolean isFound = partition != null && partition.errorCode() == Errors.NONE.code();
            reader.found(each.index, isFound ? new FoundOffset(each.query, partition.offset(), partition.leaderEpoch())
                    : null);
        }
    }

    private static @Nullable ListOffsetsPartitionResponse find(ListOffsetsResponse response, OffsetQuery query) {
        for (ListOffsetsTopicResponse topic : response.topics()) {
            if (topic.name().equals(query.topic())) {
                for (ListOffsetsPartitionResponse partition : topic.partitions()) {
                    if (partition.partitionIndex() == query.partition()) {
                        return partition;
                    }
                }
            }
        }
        return null;
    }
}
