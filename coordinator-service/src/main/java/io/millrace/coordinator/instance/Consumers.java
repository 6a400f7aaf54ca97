package io.millrace.coordinator.instance;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.Member;
import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.runtime.GroupMeters;
import io.millrace.coordinator.group.runtime.GroupRuntime;
import io.millrace.coordinator.group.runtime.MonotonicClock;
import io.millrace.coordinator.group.runtime.Shard;
import io.millrace.coordinator.group.runtime.ShardListener;
import io.millrace.coordinator.group.runtime.Shards;
import io.millrace.coordinator.group.runtime.Turnstile;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** The HTTP consumers of the shards held here, in memory as they are stored. */
@Component
class Consumers implements ShardListener {
    /** So many to begin from that two beginnings are never near each other. */
    private static final long POLL_NUMBERS = 1L << 62;

    private record Key(String groupId, String instanceId) {}

    private final ConcurrentHashMap<Key, HttpConsumer> consumers = new ConcurrentHashMap<>();
    private final Shards shards;
    private final GroupRuntime runtime;
    private final InstanceStore store;
    private final Membership membership;
    private final ConsumerSettings settings;
    private final MonotonicClock clock;

    Consumers(Shards shards, GroupRuntime runtime, InstanceStore store, Membership membership,
            ConsumerSettings settings,
            MonotonicClock clock, GroupMeters meters) {
        this.shards = shards;
        this.runtime = runtime;
        this.store = store;
        this.membership = membership;
        this.settings = settings;
        this.clock = clock;
        shards.listen(this);
        meters.gauge("millrace.consumer.instances", "HTTP consumers of this coordinator", consumers,
                ConcurrentHashMap::size);
    }

    /** Runs a call of the client's, one at a time per consumer. Refused with {@link ErrorCode#UNKNOWN_INSTANCE}. */
    <T> T call(String groupId, String instanceId, Function<HttpConsumer, T> task) {
        HttpConsumer consumer = served(groupId, instanceId);
        return consumer.turnstile.pass(() -> {
            if (consumer.deleted) {
                throw unknown(groupId, instanceId);
            }
            // Whoever waited for the turn may be late: what is left in memory now is seen by nobody.
            consumer.shard.requireServed();
            consumer.calledAtMs = clock.nowMs();
            return task.apply(consumer);
        });
    }

    /** One to look at outside of its turn. Refused with {@link ErrorCode#UNKNOWN_INSTANCE}. */
    HttpConsumer served(String groupId, String instanceId) {
        shards.of(groupId);
        HttpConsumer consumer = consumers.get(new Key(groupId, instanceId));
        if (consumer == null) {
            throw unknown(groupId, instanceId);
        }
        return consumer;
    }

    /** Stores and keeps a new one. Refused with {@link ErrorCode#INSTANCE_EXISTS} and {@link ErrorCode#TOO_MANY}. */
    void add(InstanceRow row) {
        Shard shard = shards.of(row.groupId());
        var key = new Key(row.groupId(), row.instanceId());
        if (consumers.size() >= settings.maxInstances()) {
            throw new RefusedException(ErrorCode.TOO_MANY,
                    "this coordinator has its limit of %d consumers".formatted(settings.maxInstances()));
        }
        HttpConsumer consumer = consumer(row, shard);
        runtime.within(shard, row.groupId(), () -> {
            if (consumers.containsKey(key)) {
                throw new RefusedException(ErrorCode.INSTANCE_EXISTS,
                        "group '%s' has a consumer '%s' already".formatted(row.groupId(), row.instanceId()));
            }
            store.save(shard, row);
            // A new term may have loaded it from the row already.
            consumers.putIfAbsent(key, consumer);
        });
    }

    /** Inside its turnstile. */
    void remove(HttpConsumer consumer) {
        store.delete(consumer.shard, consumer.row);
        consumer.deleted = true;
        consumers.remove(new Key(consumer.row.groupId(), consumer.row.instanceId()), consumer);
    }

    /** Inside its turnstile. */
    void change(HttpConsumer consumer, InstanceRow row) {
        store.save(consumer.shard, row);
        consumer.row = row;
    }

    /** Inside its turnstile. What is kept of partitions that were or are not assigned by hand is forgotten with the change. */
    void assign(HttpConsumer consumer, InstanceRow row, Collection<PartitionId> assigned) {
        var lost = new TreeSet<>(consumer.kept.keySet());
        if (!consumer.row.byHand().isEmpty()) {
            lost.removeAll(assigned);
        }
        store.save(consumer.shard, row, lost);
        consumer.row = row;
        consumer.kept.keySet().removeAll(lost);
    }

    /** Drops one from memory whose shard has been with somebody else for long. */
    void forget(HttpConsumer consumer) {
        consumers.remove(new Key(consumer.row.groupId(), consumer.row.instanceId()), consumer);
    }

    Collection<HttpConsumer> all() {
        return List.copyOf(consumers.values());
    }

    @Override
    public void shardTaken(Shard shard, boolean nobodyBetween) {
        var stored = new HashSet<Key>();
        var kept = new HashMap<Key, Map<PartitionId, Kept>>();
        store.loadKept(shard, (groupId, instanceId, partition, position) -> kept.computeIfAbsent(new Key(groupId,
                instanceId), _ -> new HashMap<>()).put(partition, position));
        for (InstanceRow row : store.load(shard)) {
            var key = new Key(row.groupId(), row.instanceId());
            stored.add(key);
            HttpConsumer known = nobodyBetween ? consumers.get(key) : null;
            if (known != null) {
                known.shard = shard;
                known.row = row;
            } else {
                consumers.put(key, loaded(row, shard, kept.getOrDefault(key, Map.of())));
            }
        }
        consumers.keySet().removeIf(
                key -> ClusterImage.shardOf(key.groupId()) == shard.number() && !stored.contains(key));
    }

    @Override
    public void shardLost(int shard) {
        // What is in memory stays until the shard comes back: then it is known whether anybody else had it.
    }

    /** A member goes on with what its group has for it; where it had read to, what is committed tells, and what is kept. */
    private HttpConsumer loaded(InstanceRow row, Shard shard, Map<PartitionId, Kept> kept) {
        HttpConsumer consumer = consumer(row, shard);
        consumer.takenOver = true;
        Group group = shard.loaded(row.groupId());
        @Nullable
        Member member = group == null ? null : group.member(row.instanceId());
        if (member != null) {
            consumer.memberEpoch = member.epoch();
            consumer.owned = member.state().assigned();
            consumer.subscriptionChanged = true;
        } else if (!row.byHand().isEmpty()) {
            // A client need not poll before it seeks.
            consumer.owned = membership.byHand(row.byHand());
        }
        // Others may have read since what it lost without a chance to forget.
        var lost = new TreeSet<>(kept.keySet());
        lost.removeIf(partition -> row.isSubscribed() ? consumer.owned.contains(partition) : !row.byHand().isEmpty());
        if (!lost.isEmpty()) {
            store.forget(shard, row, lost);
        }
        consumer.kept.putAll(kept);
        consumer.kept.keySet().removeAll(lost);
        return consumer;
    }

    private HttpConsumer consumer(InstanceRow row, Shard shard) {
        String name = "consumer '%s' of group '%s'".formatted(row.instanceId(), row.groupId());
        var turnstile = new Turnstile(name, settings.requestsWaiting(), settings.requestPatience());
        long nowMs = clock.nowMs();
        var commits = new CommitSchedule(settings.autoCommitInterval(), settings.maxCommitBackoff(), nowMs);
        var progress = new ReadProgress(ThreadLocalRandom.current().nextLong(POLL_NUMBERS));
        return new HttpConsumer(row, shard, turnstile, commits, progress, nowMs);
    }

    private static RefusedException unknown(String groupId, String instanceId) {
        return new RefusedException(ErrorCode.UNKNOWN_INSTANCE,
                "group '%s' has no consumer '%s'".formatted(groupId, instanceId));
    }
}
