package io.millrace.coordinator.listener;

import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.TopicPartition;
import io.millrace.coordinator.group.Topic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponsePartitions;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseTopics;
import org.apache.kafka.common.requests.OffsetFetchResponse;
import org.jspecify.annotations.Nullable;

/** Committed offsets as OffsetFetch asks for them and is told them. Pure. */
final class CommittedOffsets {
    private static final int NO_EPOCH = -1;

    private CommittedOffsets() {}

    /** Those of the partitions asked for that there are, each once. */
    static List<TopicPartition> wanted(OffsetFetchRequestGroup group, WireTopics topics) {
        var wanted = new LinkedHashSet<TopicPartition>();
        for (OffsetFetchRequestTopics topic : group.topics()) {
            Topic known = topics.find(topic.name(), topic.topicId());
            if (known != null) {
                topic.partitionIndexes().stream().filter(index -> WireTopics.has(known, index))
                        .forEach(index -> wanted.add(new TopicPartition(known.name(), index)));
            }
        }
        return List.copyOf(wanted);
    }

    /** What was asked for, partition by partition; one without a commit is told so, and is no error. */
    static OffsetFetchResponseGroup answer(OffsetFetchRequestGroup group, List<OffsetsApi.Committed> committed,
            WireTopics topics) {
        Map<TopicPartition, OffsetsApi.Committed> byPartition = new HashMap<>();
        committed.forEach(offset -> byPartition.put(new TopicPartition(offset.topic(), offset.partition()), offset));
        var answer = new OffsetFetchResponseGroup().setGroupId(group.groupId());
        for (OffsetFetchRequestTopics topic : group.topics()) {
            var answered = new OffsetFetchResponseTopics().setName(topic.name()).setTopicId(topic.topicId());
            answer.topics().add(answered);
            Topic known = topics.find(topic.name(), topic.topicId());
            for (int index : topic.partitionIndexes()) {
                OffsetsApi.Committed offset = known == null ? null
                        : byPartition.get(new TopicPartition(known.name(), index));
                // The name is another topic's by now: what is committed is not for the one that was asked for.
                boolean another = topics.byId() && known != null && offset != null && isOfAnother(offset, known);
                OffsetFetchResponsePartitions partition = partition(index, another ? null : offset);
                if ((known == null || another) && topics.byId()) {
                    partition.setErrorCode(topics.unknown().code());
                }
                answered.partitions().add(partition);
            }
        }
        return answer;
    }

    /** All that the group has committed. */
    static OffsetFetchResponseGroup all(String groupId, List<OffsetsApi.Committed> committed, WireTopics topics) {
        var byTopic = new TreeMap<String, OffsetFetchResponseTopics>();
        for (OffsetsApi.Committed offset : committed) {
            Topic known = topics.topics().named(offset.topic());
            // One that was made since this coordinator last looked has no id here, and is left for the next question.
            if (known != null && !(topics.byId() && isOfAnother(offset, known))) {
                byTopic.computeIfAbsent(offset.topic(), name -> new OffsetFetchResponseTopics().setName(name)
                        .setTopicId(WireTopics.id(known))).partitions().add(partition(offset.partition(), offset));
            }
        }
        return new OffsetFetchResponseGroup().setGroupId(groupId).setTopics(new ArrayList<>(byTopic.values()));
    }

    private static boolean isOfAnother(OffsetsApi.Committed offset, Topic topic) {
        return offset.topicId() != null && !offset.topicId().equals(topic.id());
    }

    private static OffsetFetchResponsePartitions partition(int index, OffsetsApi.@Nullable Committed offset) {
        var partition = new OffsetFetchResponsePartitions().setPartitionIndex(index);
        if (offset == null) {
            return partition.setCommittedOffset(OffsetFetchResponse.INVALID_OFFSET).setCommittedLeaderEpoch(NO_EPOCH)
                    .setMetadata(OffsetFetchResponse.NO_METADATA);
        }
        Integer epoch = offset.leaderEpoch();
        return partition.setCommittedOffset(offset.offset()).setCommittedLeaderEpoch(epoch == null ? NO_EPOCH : epoch)
                .setMetadata(offset.metadata());
    }
}
