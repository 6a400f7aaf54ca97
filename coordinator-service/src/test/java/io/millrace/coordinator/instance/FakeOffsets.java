package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** An offset service in memory that fences by the members' and the shards' rows, as the real one does. */
final class FakeOffsets implements OffsetsApi, ServiceClients {
    private final JdbcClient database;
    private final Map<String, Map<TopicPartition, Committed>> committed = new TreeMap<>();
    private long clockMs;
    private boolean away;
    private int termsOver;
    private volatile @Nullable String held;
    private volatile CountDownLatch arrived = new CountDownLatch(0);
    private volatile CountDownLatch released = new CountDownLatch(0);

    FakeOffsets(JdbcClient database) {
        this.database = database;
    }

    synchronized void goAway(boolean gone) {
        away = gone;
    }

    /** Commits of the group are not answered until they are {@linkplain #release released}. */
    void hold(String group) {
        arrived = new CountDownLatch(1);
        released = new CountDownLatch(1);
        held = group;
    }

    /** Waits for a commit that is not answered. */
    void awaitHeld() throws InterruptedException {
        assertThat(arrived.await(30, TimeUnit.SECONDS)).isTrue();
    }

    void release() {
        held = null;
        released.countDown();
    }

    /** How many commits came from a term that was over. */
    synchronized int termsOver() {
        return termsOver;
    }

    synchronized Map<TopicPartition, Long> of(String group) {
        var offsets = new TreeMap<TopicPartition, Long>();
        committed.getOrDefault(group, Map.of()).forEach((partition, stored) -> offsets.put(partition, stored.offset()));
        return Map.copyOf(offsets);
    }

    @Override
    public void commit(String group, Commit commit) {
        if (group.equals(held)) {
            arrived.countDown();
            try {
                released.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new RefusedException(ErrorCode.UNAVAILABLE, "interrupted", e);
            }
        }
        take(group, commit);
    }

    private synchronized void take(String group, Commit commit) {
        answer();
        if (commit.term() != null && database.sql("select epoch from groups.shard where shard = :shard")
                .param("shard", commit.term().shard()).query(Long.class).single() != commit.term().epoch()) {
            termsOver++;
            throw new RefusedException(ErrorCode.FENCED_MEMBER_EPOCH, "the term is over");
        }
        if (commit.member() != null) {
            Long epoch = database.sql("select epoch from groups.member where group_id = :group and member_id = :member")
                    .param("group", group).param("member", commit.member().memberId()).query(Long.class).optional()
                    .orElseThrow(() -> new RefusedException(ErrorCode.UNKNOWN_MEMBER, "no such member"));
            if (epoch != commit.member().epoch()) {
                throw new RefusedException(ErrorCode.FENCED_MEMBER_EPOCH, "the member's epoch is " + epoch);
            }
        }
        commit.offsets().forEach(offset -> committed.computeIfAbsent(group, _ -> new TreeMap<>())
                .put(new TopicPartition(offset.topic(), offset.partition()), new Committed(offset.topic(), offset
                        .partition(), offset.offset(), null, "", ++clockMs)));
    }

    @Override
    public synchronized CommittedOffsets fetch(String group, Fetch fetch) {
        answer();
        var found = new ArrayList<Committed>();
        committed.getOrDefault(group, Map.of()).forEach((partition, stored) -> {
            if (fetch.partitions() == null || fetch.partitions().contains(partition)) {
                found.add(stored);
            }
        });
        return new CommittedOffsets(found);
    }

    @Override
    public CommittedOffsets reset(String group, Reset reset) {
        throw new UnsupportedOperationException("the coordinator resets nothing");
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
        if (away) {
            throw new RefusedException(ErrorCode.UNAVAILABLE, "the offset service is away");
        }
    }

    @Override
    public OffsetsApi offsets() {
        return this;
    }

    @Override
    public ClusterApi cluster() {
        throw new UnsupportedOperationException("not played");
    }

    @Override
    public TopicsApi topics() {
        throw new UnsupportedOperationException("groups do not change topics");
    }

    @Override
    public ProducerIdsApi producerIds() {
        throw new UnsupportedOperationException("groups need no producer ids");
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
