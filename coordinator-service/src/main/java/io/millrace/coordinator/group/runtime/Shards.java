package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.coordinator.group.Group;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * The shards that this coordinator holds, with their groups.
 *
 * <pre>
 *  not held --takeOver--> served --leave--> leaving --release--> not held
 *                           |  (answers what was begun,            ^
 *                           |   refuses what comes)                |
 *                           +--release: the lease is gone ---------+
 * </pre>
 */
@Component
public class Shards {
    private static final Logger LOG = LoggerFactory.getLogger(Shards.class);

    private final GroupStore store;
    private final GroupSettings settings;
    private final GroupMemory memory;
    private final TopicsFeed topics;
    private final MonotonicClock clock;
    private final List<ShardListener> listeners = new CopyOnWriteArrayList<>();
    private final AtomicReferenceArray<@Nullable Shard> shards = new AtomicReferenceArray<>(ClusterImage.GROUP_SHARDS);
    /** Of the last term of each shard that this process loaded, 0 for none. */
    private final AtomicLongArray lastEpochs = new AtomicLongArray(ClusterImage.GROUP_SHARDS);

    Shards(GroupStore store, GroupSettings settings, GroupMemory memory, TopicsFeed topics, GroupMeters meters,
            MonotonicClock clock) {
        this.store = store;
        this.settings = settings;
        this.memory = memory;
        this.topics = topics;
        this.clock = clock;
        meters.gauge("millrace.group.shards", "Shards of this coordinator", this, shards -> shards.held().size());
        meters.gauge("millrace.group.groups", "Groups of this coordinator", this, Shards::groupCount);
        meters.gauge("millrace.group.members", "Members of this coordinator's groups", this, Shards::memberCount);
    }

    public void listen(ShardListener listener) {
        listeners.add(listener);
    }

    /**
     * Loads a shard's groups, shutting out whoever held it before, and serves them from then on. Not before the cluster image
     * is as new as the one that its groups were last changed by: an older one would take partitions away and give them back.
     */
    public void takeOver(int number, ShardLease lease) {
        Shard before = shards.get(number);
        if (before != null) {
            before.markLost();
        }
        var shard = new Shard(number, lease, settings, memory.new OfShard());
        GroupStore.Loaded loaded = store.takeOver(number, lease.epoch());
        if (!topics.awaitVersion(loaded.clusterVersion(), settings.requestPatience())) {
            throw new RefusedException(ErrorCode.UNAVAILABLE,
                    "the cluster image is older than version %d, which shard %d needs"
                            .formatted(loaded.clusterVersion(), number));
        }
        for (GroupStore.Stored stored : loaded.groups()) {
            Group group = stored.group();
            GroupCell cell = shard.newCell(group.groupId());
            cell.believe(group, stored.classic());
            cell.sessions.restart(group, clock.nowMs());
            // The first step, or the first look, begins the sessions of classic members.
            cell.sessionsOutdated = stored.classic() != null;
            shard.groups.put(group.groupId(), cell);
        }
        boolean nobodyBetween = lastEpochs.getAndSet(number, lease.epoch()) + 1 == lease.epoch();
        try {
            listeners.forEach(listener -> listener.shardTaken(shard, nobodyBetween));
        } catch (RuntimeException e) {
            shard.markLost();
            throw e;
        }
        shards.set(number, shard);
        LOG.info("Took over shard {} under epoch {} with {} groups", number, lease.epoch(), shard.groups.size());
    }

    /**
     * Begins nothing more in a shard that is to be given back, and waits until what was begun is answered, or the lease has gone
     * meanwhile. Whoever waits at a group is sent to the next holder.
     */
    public void leave(int number) {
        Shard shard = shards.get(number);
        if (shard != null) {
            shard.leave();
            listeners.forEach(listener -> listener.shardLeaving(shard));
        }
    }

    /** Stops serving a shard. */
    public void release(int number) {
        Shard shard = shards.getAndSet(number, null);
        if (shard != null) {
            shard.markLost();
            listeners.forEach(listener -> listener.shardLost(number));
            LOG.info("Gave up shard {}", number);
        }
    }

    /** Refused with {@link ErrorCode#NOT_COORDINATOR} unless this coordinator holds the group's shard. */
    public Shard of(String groupId) {
        int number = ClusterImage.shardOf(groupId);
        Shard shard = shards.get(number);
        if (shard == null) {
            throw Shard.notHeld(number);
        }
        shard.requireServed();
        return shard;
    }

    /** All that were taken over, also those whose lease has run out since. */
    List<Shard> taken() {
        var taken = new ArrayList<Shard>();
        for (int number = 0; number < shards.length(); number++) {
            Shard shard = shards.get(number);
            if (shard != null) {
                taken.add(shard);
            }
        }
        return taken;
    }

    private List<Shard> held() {
        return taken().stream().filter(Shard::isHeld).toList();
    }

    /** Groups of all shards held here, in no order. */
    List<GroupStore.Stored> groups() {
        var groups = new ArrayList<GroupStore.Stored>();
        for (Shard shard : held()) {
            for (GroupCell cell : shard.groups.values()) {
                Group group = cell.group;
                if (group != null) {
                    groups.add(new GroupStore.Stored(group, cell.shownClassic()));
                }
            }
        }
        return groups;
    }

    int groupCount() {
        return held().stream().mapToInt(shard -> shard.groups.size()).sum();
    }

    private int memberCount() {
        return groups().stream().mapToInt(GroupStore.Stored::memberCount).sum();
    }
}
