package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupChange;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupMachine;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.Topics;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** One step of one group, inside its turnstile: decided by the {@link GroupMachine}, stored, and only then believed. */
@Component
class GroupSteps {
    private final GroupStore store;
    private final GroupSettings settings;
    private final TopicsFeed topics;
    private final GroupMeters meters;
    private final MonotonicClock clock;
    private final GroupMachine machine;
    /** PostgreSQL failed us; sessions begin anew once it answers. */
    private volatile boolean storeAway;

    GroupSteps(GroupStore store, GroupSettings settings, TopicsFeed topics, GroupMeters meters, MonotonicClock clock) {
        this.store = store;
        this.settings = settings;
        this.topics = topics;
        this.meters = meters;
        this.clock = clock;
        this.machine = new GroupMachine(settings.limits(), settings.assignor());
    }

    /** Does nothing to the row where nothing changes. */
    GroupReply step(GroupCell cell, GroupEvent event) {
        cell.shard.requireServed();
        Group before = present(cell);
        GroupMachine.Step step = machine.apply(before, event, topics.current());
        if (step.group() != before) {
            List<GroupChange> changes = GroupChange.between(before, step.group());
            storing(cell, () -> {
                store.save(cell.shard, cell.groupId, changes);
                cell.group = step.group();
            });
            cell.used();
            before.members().keySet().stream().filter(memberId -> step.group().member(memberId) == null)
                    .forEach(cell.sessions::forget);
            if (step.group().epoch() != before.epoch()) {
                meters.rebalances.increment();
            }
        }
        return step.reply();
    }

    void tellTopics(GroupCell cell) {
        Topics now = topics.current();
        if (cell.topicsSeen != now) {
            step(cell, new GroupEvent.TopicsChanged());
            cell.topicsSeen = now;
        }
    }

    boolean knowsTopics(GroupCell cell) {
        return cell.topicsSeen == topics.current();
    }

    /** Makes the group unless it is there. */
    void make(GroupCell cell) {
        if (cell.group == null) {
            storing(cell, () -> cell.group = store.load(cell.shard, cell.groupId).stream().findFirst()
                    .orElseGet(() -> insertEmpty(cell)));
        }
    }

    private Group insertEmpty(GroupCell cell) {
        Group empty = Group.empty(cell.groupId, settings.assignor());
        store.save(cell.shard, cell.groupId, List.of(
                new GroupChange.GroupRow(empty.groupId(), empty.epoch(), empty.assignor(), empty.topicsHash())));
        return empty;
    }

    /** Refused with {@link ErrorCode#UNKNOWN_GROUP}. */
    Group present(GroupCell cell) {
        Group group = stored(cell);
        if (group == null) {
            throw Shard.unknown(cell.groupId);
        }
        return group;
    }

    /** Null where there is no such group. */
    @Nullable
    Group stored(GroupCell cell) {
        if (cell.isForgotten()) {
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

    /** After a write that nobody answered, what is stored may be either; it is read again before the next step. */
    void storing(GroupCell cell, Runnable write) {
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

    /** What PostgreSQL did since it was last asked for. */
    enum StoreWas {
        THERE, AWAY, BACK_AGAIN
    }

    /** Asks PostgreSQL only where it has failed us. */
    StoreWas storeWas() {
        if (!storeAway) {
            return StoreWas.THERE;
        }
        storeAway = !store.answers();
        return storeAway ? StoreWas.AWAY : StoreWas.BACK_AGAIN;
    }
}
