package io.millrace.coordinator.listener;

import io.millrace.common.api.ClusterApi;
import io.millrace.common.api.GroupsApi;
import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.ProducerIdsApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.api.TopicsApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** An offset service in memory that refuses when it is told to, and a controller that has producer ids and settings of topics. */
final class PlayedOffsets implements OffsetsApi, ServiceClients {
    private final Map<String, Map<TopicPartition, Committed>> committed = new TreeMap<>();
    private final List<Commit> commits = new ArrayList<>();
    private final AtomicLong producerIds = new AtomicLong();
    private final TopicsApi topics;
    private @Nullable RefusedException refusal;
    private @Nullable UUID tellsId;
    private @Nullable String goneTopic;

    PlayedOffsets(TopicsApi topics) {
        this.topics = topics;
    }

    synchronized void refuse(@Nullable RefusedException with) {
        refusal = with;
    }

    /** A commit for it is refused, whatever else is in it, as that of a topic that is gone. */
    synchronized void lose(@Nullable String topic) {
        goneTopic = topic;
    }

    /** Of the topics of all offsets from now on. */
    synchronized void tellsTopicId(@Nullable UUID id) {
        tellsId = id;
    }

    /** Every commit that was taken, as it came. */
    synchronized List<Commit> commits() {
        return List.copyOf(commits);
    }

    @Override
    public synchronized void commit(String group, Commit commit) {
        answer();
        if (commit.offsets().stream().anyMatch(offset -> offset.topic().equals(goneTopic))) {
            throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "there is no topic " + goneTopic);
        }
        commits.add(commit);
        commit.offsets().forEach(offset -> committed.computeIfAbsent(group, _ -> new TreeMap<>()).put(
                new TopicPartition(offset.topic(), offset.partition()), new Committed(offset.topic(), offset
                        .partition(),
                        offset.offset(), offset.leaderEpoch(), offset.metadata() == null ? "" : offset.metadata(), 0)));
    }

    @Override
    public synchronized CommittedOffsets fetch(String group, Fetch fetch) {
        answer();
        return new CommittedOffsets(committed.getOrDefault(group, Map.of()).entrySet().stream()
                .filter(entry -> fetch.partitions() == null || fetch.partitions().contains(entry.getKey()))
                .map(Map.Entry::getValue).map(offset -> new Committed(offset.topic(), offset.partition(), offset
                        .offset(),
                        offset.leaderEpoch(), offset.metadata(), offset.committedAtMs(), tellsId)).toList());
    }

    @Override
    public synchronized void delete(String group) {
        answer();
        committed.remove(group);
    }

    @Override
    public synchronized void forget(String group, Forget forget) {
        answer();
        committed.getOrDefault(group, new TreeMap<>()).keySet().removeAll(forget.partitions());
    }

    private void answer() {
        if (refusal != null) {
            throw refusal;
        }
    }

    @Override
    public CommittedOffsets reset(String group, Reset reset) {
        throw new UnsupportedOperationException("the coordinator resets nothing");
    }

    @Override
    public OffsetsApi offsets() {
        return this;
    }

    @Override
    public ProducerIdsApi producerIds() {
        return () -> new ProducerIdsApi.ProducerIdBlock(producerIds.getAndAdd(1_000), 1_000);
    }

    @Override
    public ClusterApi cluster() {
        throw new UnsupportedOperationException("not played");
    }

    @Override
    public TopicsApi topics() {
        return topics;
    }

    @Override
    public InstancesApi instances(String group) {
        throw new UnsupportedOperationException("the coordinator is the one who serves instances");
    }

    @Override
    public GroupsApi groups(String group) {
        throw new UnsupportedOperationException("the coordinator is the one who serves groups");
    }

    @Override
    public List<GroupsApi> allGroups() {
        throw new UnsupportedOperationException("the coordinator is the one who serves groups");
    }
}
