package io.millrace.coordinator.instance;

import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicPartition;
import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.Topic;
import io.millrace.coordinator.group.runtime.Shard;
import io.millrace.coordinator.group.runtime.TopicsFeed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** The offset service in the terms of the coordinator, which knows partitions by their topics' ids. {@link ServiceClients} bounds and repeats the calls. */
@Component
class GroupOffsets {
    private final ServiceClients clients;
    private final TopicsFeed topics;

    GroupOffsets(ServiceClients clients, TopicsFeed topics) {
        this.clients = clients;
        this.topics = topics;
    }

    /** What the group has committed; partitions without a commit, and those of deleted topics, are left out. */
    Map<PartitionId, Kept.Committed> committed(String groupId, SortedSet<PartitionId> partitions) {
        var byName = new HashMap<TopicPartition, PartitionId>();
        for (PartitionId partition : partitions) {
            Topic topic = topics.current().withId(partition.topicId());
            if (topic != null) {
                byName.put(new TopicPartition(topic.name(), partition.partition()), partition);
            }
        }
        var committed = new HashMap<PartitionId, Kept.Committed>();
        if (!byName.isEmpty()) {
            var request = new OffsetsApi.Fetch(byName.keySet().stream().sorted().toList());
            for (OffsetsApi.Committed offset : clients.offsets().fetch(groupId, request).offsets()) {
                PartitionId partition = byName.get(new TopicPartition(offset.topic(), offset.partition()));
                if (partition != null) {
                    committed.put(partition, new Kept.Committed(offset.offset(), offset.committedAtMs()));
                }
            }
        }
        return committed;
    }

    /**
     * @param member whose epoch fences the commit; null for partitions assigned by hand
     * @param shard  whose term fences it too
     */
    void commit(String groupId, OffsetsApi.@Nullable Member member, Shard shard,
            SortedMap<PartitionId, Long> offsets) {
        var request = new ArrayList<OffsetsApi.CommitOffset>();
        offsets.forEach((partition, offset) -> {
            Topic topic = topics.current().withId(partition.topicId());
            if (topic != null) {
                request.add(new OffsetsApi.CommitOffset(topic.name(), partition.partition(), offset, null, null));
            }
        });
        if (!request.isEmpty()) {
            clients.offsets().commit(groupId, new OffsetsApi.Commit(member, new OffsetsApi.ShardTerm(shard
                    .number(), shard.epoch()), request));
        }
    }
}
