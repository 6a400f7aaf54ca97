package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupChange;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupMachine;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.Member;
import io.millrace.coordinator.group.Topics;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * Runs the groups of the shards that this coordinator holds. A step of a group is decided by the {@link GroupMachine},
 * stored, and only then believed and told; a step that changes nothing does not go to PostgreSQL. Whatever is told was
 * true while the shard was held, which is looked at once more before the answer leaves.
 */
@Component
public class GroupRuntime {
    private static final Logger LOG = LoggerFactory.getLogger(GroupRuntime.class);

    private final GroupStore store;
    private final GroupSettings settings;
    private final TopicsFeed topics;
    private final GroupMeters meters;
    private final MonotonicClock clock;
    private final GroupMachine machine;
    private final List<ShardListener> listeners = new CopyOnWriteArrayList<>();
    private final AtomicReferenceArray<@Nullable Shard> shards = new AtomicReferenceArray<>(ClusterImage.GROUP_SHARDS);
    /** Of the last term of each shard that this process loaded, 0 for none. */
    private final AtomicLongArray lastEpochs = new AtomicLongArray(ClusterImage.GROUP_SHARDS);
    private final Semaphore attending;
    /** PostgreSQL failed us; sessions begin anew once it answers. */
    private volatile boolean storeAway;

    GroupRuntime(GroupStore store, GroupSettings settings, TopicsFeed topics, GroupMeters meters,
            MonotonicClock clock) {
        this.store = store;
        this.settings = settings;
        this.topics = topics;
        this.meters = meters;
        this.clock = clock;
        this.attending = new Semaphore(settings.expiriesAtOnce());
        this.machine = new GroupMachine(settings.limits(), settings.assignor());
        meters.gauge("millrace.group.groups", "Groups of this coordinator", this, GroupRuntime::groupCount);
        meters.gauge("millrace.group.members", "Members of this coordinator's groups", this, GroupRuntime::memberCount);
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
        var shard = new Shard(number, lease);
        GroupStore.Loaded loaded = store.takeOver(number, lease.epoch());
        if (!topics.awaitVersion(loaded.clusterVersion(), settings.requestPatience())) {
            throw new RefusedException(ErrorCode.UNAVAILABLE,
                    "the cluster image is older than version %d, which shard %d needs"
                            .formatted(loaded.clusterVersion(), number));
        }
        for (Group group : loaded.groups()) {
            GroupCell cell = cell(shard, group.groupId(), group);
            cell.sessions.restart(group, clock.nowMs());
            shard.groups.put(group.groupId(), cell);
        }
        boolean nobodyBetween = lastEpochs.getAndSet(number, lease.epoch()) + 1 == lease.epoch();
        listeners.forEach(listener -> listener.shardTaken(shard, nobodyBetween));
        shards.set(number, shard);
        LOG.info("Took over shard {} under epoch {} with {} groups", number, lease.epoch(), shard.groups.size());
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
    public Shard shardOf(String groupId) {
        int number = ClusterImage.shardOf(groupId);
        Shard shard = shards.get(number);
        if (shard == null) {
            throw new RefusedException(ErrorCode.NOT_COORDINATOR, "this coordinator does not hold shard " + number);
        }
        shard.requireHeld();
        return shard;
    }

    /**
     * Makes the group unless it is there, and runs the task while nothing else happens to the group. Refused with
     * {@link ErrorCode#TOO_MANY}.
     */
    public void within(Shard shard, String groupId, Runnable task) {
        if (!shard.groups.containsKey(groupId) && groupCount() >= settings.maxGroups()) {
            throw new RefusedException(ErrorCode.TOO_MANY,
                    "this coordinator has its limit of %d groups".formatted(settings.maxGroups()));
        }
        GroupCell cell = shard.groups.computeIfAbsent(groupId, id -> cell(shard, id, null));
        cell.turnstile.pass(() -> {
            if (cell.deleted) {
                throw new RefusedException(ErrorCode.UNAVAILABLE, "group '%s' is being deleted".formatted(groupId));
            }
            if (cell.group == null) {
                storing(cell, () -> cell.group = store.load(shard, groupId).stream().findFirst()
                        .orElseGet(() -> insertEmpty(cell)));
            }
            storing(cell, task);
        });
    }

    /**
     * Takes an event to its group.
     *
     * @param silentMs how long the member will be quiet from now on by intention, beyond its heartbeats: its session is longer by that
     */
    public GroupReply apply(Shard shard, String groupId, GroupEvent event, long silentMs) {
        GroupCell cell = existing(shard, groupId);
        return meters.events.record(() -> cell.turnstile.pass(() -> {
            Group group = present(cell);
            tellTopics(cell, group);
            GroupReply reply = step(cell, event);
            if (reply instanceof GroupReply.Granted) {
                heard(cell, event, silentMs);
            }
            cell.shard.requireHeld();
            return reply;
        }));
    }

    /** A sign of life that leaves everything as it is. Refused with {@code UNKNOWN_MEMBER} or {@code FENCED_MEMBER_EPOCH}. */
    public void touch(Shard shard, String groupId, String memberId, long memberEpoch) {
        GroupCell cell = existing(shard, groupId);
        cell.turnstile.pass(() -> {
            Member member = present(cell).member(memberId);
            if (member == null) {
                throw new RefusedException(ErrorCode.UNKNOWN_MEMBER,
                        "group '%s' has no member '%s'".formatted(groupId, memberId));
            }
            if (member.epoch() != memberEpoch) {
                throw new RefusedException(ErrorCode.FENCED_MEMBER_EPOCH,
                        "member '%s' has epoch %d, the request names %d"
                                .formatted(memberId, member.epoch(), memberEpoch));
            }
            cell.sessions.heard(member, clock.nowMs());
            cell.shard.requireHeld();
        });
    }

    /** The group as stored. Refused with {@link ErrorCode#UNKNOWN_GROUP}. */
    public Group find(String groupId) {
        GroupCell cell = existing(shardOf(groupId), groupId);
        Group group = cell.group;
        return group != null ? group : cell.turnstile.pass(() -> present(cell));
    }

    /** Groups of all shards held here, in no order. */
    public Collection<Group> list() {
        var groups = new ArrayList<Group>();
        for (GroupCell cell : cells()) {
            Group group = cell.group;
            if (group != null) {
                groups.add(group);
            }
        }
        return groups;
    }

    /** What a group has committed, which outlives the group where it was never deleted with it. */
    interface CommittedOffsets {
        boolean exist();

        void delete();
    }

    /**
     * Deletes an empty group, or the offsets of a group that has nothing else.
     *
     * @param offsets deleted first; when that fails, the group stays
     */
    void delete(String groupId, CommittedOffsets offsets) {
        Shard shard = shardOf(groupId);
        GroupCell made = cell(shard, groupId, null);
        GroupCell known = shard.groups.putIfAbsent(groupId, made);
        // Whoever wants to make the group meanwhile waits for it.
        GroupCell cell = known == null ? made : known;
        cell.turnstile.pass(() -> {
            if (cell.deleted) {
                throw unknown(groupId);
            }
            boolean isPlaceholder = known == null && cell.group == null;
            try {
                delete(cell, stored(cell), offsets);
            } catch (RuntimeException e) {
                if (isPlaceholder) {
                    forget(cell);
                }
                throw e;
            }
            forget(cell);
        });
    }

    private void delete(GroupCell cell, @Nullable Group group, CommittedOffsets offsets) {
        if (group == null) {
            if (!offsets.exist()) {
                throw unknown(cell.groupId);
            }
            offsets.delete();
            return;
        }
        if (!group.members().isEmpty() || store.hasInstances(cell.groupId)) {
            throw notEmpty(cell.groupId);
        }
        offsets.delete();
        storing(cell, () -> {
            if (!store.delete(cell.shard, cell.groupId)) {
                throw notEmpty(cell.groupId);
            }
        });
    }

    private static void forget(GroupCell cell) {
        cell.deleted = true;
        cell.shard.groups.remove(cell.groupId, cell);
    }

    /** Looks once through all groups for members to expire and topics to tell of; begins sessions anew where we were away. */
    void tick(boolean wasAway) {
        boolean storeReturned = storeAway && store.answers();
        if (storeAway && !storeReturned) {
            return;
        }
        storeAway = false;
        for (int number = 0; number < shards.length(); number++) {
            Shard shard = shards.get(number);
            if (shard == null) {
                continue;
            }
            if (!shard.isHeld()) {
                shard.wasAway = true;
                continue;
            }
            boolean restart = wasAway || storeReturned || shard.wasAway;
            shard.wasAway = false;
            shard.groups.values().forEach(cell -> look(cell, restart));
        }
    }

    /** Passes by a group that is busy: it is looked at again soon. */
    private void look(GroupCell cell, boolean restart) {
        if (restart) {
            cell.sessionsOutdated = true;
        }
        cell.turnstile.passIfFree(() -> {
            boolean due = !cell.sessions.expired(clock.nowMs()).isEmpty() || cell.topicsSeen != topics.current();
            if (due && cell.attended.compareAndSet(false, true)) {
                Thread.ofVirtual().name("group-" + cell.groupId).start(() -> attend(cell));
            }
        });
    }

    private void attend(GroupCell cell) {
        attending.acquireUninterruptibly();
        try {
            cell.turnstile.pass(() -> {
                Group group = present(cell);
                tellTopics(cell, group);
                for (String memberId : cell.sessions.expired(clock.nowMs())) {
                    step(cell, new GroupEvent.Expire(memberId));
                    meters.expiries.increment();
                    LOG.info("Group {}: member {} was not heard from in time", cell.groupId, memberId);
                }
            });
        } catch (RefusedException e) {
            LOG.debug("Group {} is looked at again: {}", cell.groupId, e.getMessage());
        } catch (RuntimeException e) {
            LOG.warn("Looking after group {} failed; trying again", cell.groupId, e);
        } finally {
            attending.release();
            cell.attended.set(false);
        }
    }

    private void tellTopics(GroupCell cell, Group group) {
        Topics now = topics.current();
        if (cell.topicsSeen != now) {
            step(cell, new GroupEvent.TopicsChanged());
            cell.topicsSeen = now;
        }
    }

    private GroupReply step(GroupCell cell, GroupEvent event) {
        cell.shard.requireHeld();
        Group before = present(cell);
        GroupMachine.Step step = machine.apply(before, event, topics.current());
        if (step.group() != before) {
            List<GroupChange> changes = GroupChange.between(before, step.group());
            storing(cell, () -> {
                store.save(cell.shard, cell.groupId, changes);
                cell.group = step.group();
            });
            before.members().keySet().stream().filter(memberId -> step.group().member(memberId) == null)
                    .forEach(cell.sessions::forget);
            if (step.group().epoch() != before.epoch()) {
                meters.rebalances.increment();
            }
        }
        return step.reply();
    }

    private void heard(GroupCell cell, GroupEvent event, long silentMs) {
        String memberId = switch (event) {
            case GroupEvent.Join join -> join.memberId();
            case GroupEvent.Heartbeat heartbeat -> heartbeat.memberId();
            case GroupEvent.Leave(String left) -> left;
            case GroupEvent.Expire(String expired) -> expired;
            case GroupEvent.TopicsChanged() -> "";
        };
        Member member = present(cell).member(memberId);
        if (member != null) {
            cell.sessions.heard(member, clock.nowMs() + silentMs);
        }
    }

    /** After a write that nobody answered, what is stored may be either; it is read again before the next step. */
    private void storing(GroupCell cell, Runnable write) {
        try {
            write.run();
        } catch (RefusedException e) {
            if (e.code() == ErrorCode.UNAVAILABLE) {
                cell.group = null;
                // One transaction that was given up says nothing about the other groups.
                storeAway |= GroupStore.wasAway(e);
            }
            throw e;
        } catch (RuntimeException e) {
            cell.group = null;
            throw e;
        }
    }

    private Group insertEmpty(GroupCell cell) {
        Group empty = Group.empty(cell.groupId, settings.assignor());
        store.save(cell.shard, cell.groupId, List.of(
                new GroupChange.GroupRow(empty.groupId(), empty.epoch(), empty.assignor(), empty.topicsHash())));
        return empty;
    }

    private Group present(GroupCell cell) {
        Group group = stored(cell);
        if (group == null) {
            throw unknown(cell.groupId);
        }
        return group;
    }

    /** Null where there is no such group. */
    private @Nullable Group stored(GroupCell cell) {
        if (cell.deleted) {
            return null;
        }
        Group group = cell.group;
        if (group == null) {
            group = store.load(cell.shard, cell.groupId).stream().findFirst().orElse(null);
            if (group == null) {
                return null;
            }
            cell.group = group;
            cell.sessionsOutdated = true;
        }
        if (cell.sessionsOutdated) {
            cell.sessionsOutdated = false;
            cell.sessions.restart(group, clock.nowMs());
        }
        return group;
    }

    private GroupCell existing(Shard shard, String groupId) {
        shard.requireHeld();
        GroupCell cell = shard.groups.get(groupId);
        if (cell == null) {
            throw unknown(groupId);
        }
        return cell;
    }

    private GroupCell cell(Shard shard, String groupId, @Nullable Group group) {
        var turnstile = new Turnstile("group '" + groupId + "'", settings.requestsWaiting(), settings
                .requestPatience());
        return new GroupCell(groupId, shard, turnstile, group);
    }

    private List<GroupCell> cells() {
        var cells = new ArrayList<GroupCell>();
        for (int number = 0; number < shards.length(); number++) {
            Shard shard = shards.get(number);
            if (shard != null && shard.isHeld()) {
                cells.addAll(shard.groups.values());
            }
        }
        return cells;
    }

    private int groupCount() {
        return cells().size();
    }

    private int memberCount() {
        return list().stream().mapToInt(group -> group.members().size()).sum();
    }

    private static RefusedException unknown(String groupId) {
        return new RefusedException(ErrorCode.UNKNOWN_GROUP, "there is no group '" + groupId + "'");
    }

    private static RefusedException notEmpty(String groupId) {
        return new RefusedException(ErrorCode.GROUP_NOT_EMPTY, "group '%s' has members or consumers".formatted(
                groupId));
    }
}
