package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.ClassicMembers;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupChange;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupMachine;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.MemberProfile;
import io.millrace.coordinator.group.Topics;
import io.millrace.coordinator.group.classic.ClassicEvent;
import io.millrace.coordinator.group.classic.ClassicFault;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicMachine;
import io.millrace.coordinator.group.classic.ClassicReply;
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
    private final ClassicMachine classicMachine;
    private final ClassicDialect dialect;
    /** PostgreSQL failed us; sessions begin anew once it answers. */
    private volatile boolean storeAway;

    GroupSteps(GroupStore store, GroupSettings settings, TopicsFeed topics, GroupMeters meters, MonotonicClock clock) {
        this.store = store;
        this.settings = settings;
        this.topics = topics;
        this.meters = meters;
        this.clock = clock;
        this.machine = new GroupMachine(settings.limits(), settings.assignor());
        this.dialect = new ClassicDialect(this, topics, settings.classicLimits(), clock);
        this.classicMachine = new ClassicMachine(settings.classicLimits());
    }

    /** What an event comes to, not yet stored. */
    record Considered(Group group, GroupReply reply) {}

    /**
     * Decides an event without storing what it does.
     *
     * @param before as stored, with what was decided since
     * @return null where the group's type may change by it: that is {@linkplain #step a step} of its own
     */
    @Nullable
    Considered consider(GroupCell cell, Group before, GroupEvent event) {
        cell.shard.requireServed();
        if (cell.classic != null) {
            return null;
        }
        GroupMachine.Step step = machine.apply(before, event, topics.current());
        if (ClassicMembers.areAllThatIsLeft(before, step.group())) {
            return null;
        }
        return step.group() != before && step.reply() instanceof GroupReply.Granted && !cell.reserve(step.group()
                .heldBytes()) ? new Considered(before, noMemory()) : new Considered(step.group(), step.reply());
    }

    /** Does nothing to the rows where nothing changes. */
    void save(GroupCell cell, Group before, Group after) {
        if (after == before) {
            return;
        }
        List<GroupChange> changes = GroupChange.between(before, after);
        storing(cell, () -> {
            store.save(cell.shard, cell.groupId, changes);
            cell.believe(after, null);
        });
        cell.used();
        before.members().keySet().stream().filter(memberId -> after.member(memberId) == null)
                .forEach(cell.sessions::forget);
        meters.rebalances.increment(after.epoch() - before.epoch());
    }

    /** Decides and stores an event. */
    GroupReply step(GroupCell cell, GroupEvent event) {
        cell.shard.requireServed();
        Group before = present(cell);
        ClassicGroup classic = cell.classic;
        if (event instanceof GroupEvent.Join && classic != null && !classic.isEmpty()) {
            return upgrade(cell, before, classic, event);
        }
        GroupMachine.Step step = machine.apply(before, event, topics.current());
        if (ClassicMembers.areAllThatIsLeft(before, step.group())) {
            downgrade(cell, before, step.group());
        } else if (step.group() != before && step.reply() instanceof GroupReply.Granted && !cell.reserve(step.group()
                .heldBytes())) {
            return noMemory();
        } else {
            save(cell, before, step.group());
        }
        return step.reply();
    }

    private GroupReply noMemory() {
        meters.refusals.increment();
        return new GroupReply.Refused(ErrorCode.COORDINATOR_FULL,
                "the groups of this coordinator hold %s, which is its limit".formatted(settings.maxMemory()));
    }

    /** A consumer of another protocol joins: from now on the coordinator assigns, and the others go on speaking as they do. */
    private GroupReply upgrade(GroupCell cell, Group before, ClassicGroup classic, GroupEvent event) {
        Group upgraded = ClassicMembers.upgraded(classic, before, topics.current());
        if (upgraded == null) {
            return new GroupReply.Refused(ErrorCode.SUBSCRIPTION_CONFLICT,
                    "the members of group '%s' speak Kafka's classic protocol, and are no consumers".formatted(
                            cell.groupId));
        }
        GroupMachine.Step step = machine.apply(upgraded, event, topics.current());
        if (step.reply() instanceof GroupReply.Granted) {
            if (!cell.reserve(step.group().heldBytes())) {
                return noMemory();
            }
            List<GroupChange> changes = GroupChange.between(before, step.group());
            storing(cell, () -> {
                store.upgrade(cell.shard, cell.groupId, changes);
                cell.believe(step.group(), null);
            });
            cell.used();
            cell.sessions.restart(step.group(), clock.nowMs());
            cell.waiting.dismiss(ClassicFault.REBALANCE_IN_PROGRESS);
            meters.rebalances.increment();
        }
        return step.reply();
    }

    /** The last went that did not speak the classic protocol: those who do assign among themselves again. */
    private void downgrade(GroupCell cell, Group before, Group after) {
        ClassicGroup classic = ClassicMembers.downgraded(after, topics.current(), clock.nowMs());
        Group empty = after.emptyAt(after.epoch());
        List<GroupChange> changes = GroupChange.between(before, empty);
        storing(cell, () -> {
            store.downgrade(cell.shard, cell.groupId, changes, classic);
            cell.believe(empty, classic);
        });
        cell.used();
        cell.sessions.restart(empty, clock.nowMs());
        meters.rebalances.increment();
    }

    GroupReply.@Nullable Refused refusalOf(MemberProfile profile) {
        return machine.refusalOf(profile);
    }

    @Nullable
    ClassicFault refusalOf(ClassicEvent event) {
        return classicMachine.refusalOf(event);
    }

    /** A request in the classic protocol. Whoever is answered by this is told. */
    void step(GroupCell cell, ClassicEvent event) {
        cell.shard.requireServed();
        Group group = present(cell);
        if (!group.members().isEmpty()) {
            dialect.answer(cell, group, event, classicMachine.refusalOf(event));
            return;
        }
        ClassicGroup known = cell.classic;
        ClassicGroup before = known != null ? known : ClassicGroup.empty(cell.groupId, Math.toIntExact(group.epoch()));
        ClassicMachine.Step step = classicMachine.apply(before, event, clock.nowMs());
        ClassicGroup after = step.group();
        if (!hasMemoryFor(cell, group, after, event)) {
            return;
        }
        if (step.mustBeStored()) {
            storing(cell, () -> {
                store.save(cell.shard, after);
                cell.believe(group.emptyAt(after.generation()), after);
            });
            cell.used();
            if (after.generation() != before.generation()) {
                meters.rebalances.increment();
            }
        } else {
            // Ids that were given out and not used leave nothing of the type behind.
            cell.believe(group, after.isUnused() && !after.hasHadMembers() ? null : after);
        }
        if (cell.shard.isHeld()) {
            step.answers().forEach(answer -> cell.waiting.tell(answer.request(), answer.reply()));
        }
        cell.shard.letWait(cell);
    }

    /** What makes the group take more is not carried out where there is no memory for it; its sender is told to ask again later. */
    private boolean hasMemoryFor(GroupCell cell, Group group, ClassicGroup after, ClassicEvent event) {
        long request;
        String memberId;
        switch (event) {
            case ClassicEvent.Join join -> {
                request = join.request();
                memberId = join.memberId();
            }
            case ClassicEvent.Sync sync -> {
                request = sync.request();
                memberId = sync.sender().memberId();
            }
            case ClassicEvent.Heartbeat _,ClassicEvent.Commit _,ClassicEvent.Leave _,ClassicEvent.Disconnect _,ClassicEvent.Tick _,ClassicEvent.Restart _ -> {
                return true;
            }
        }
        if (cell.reserve(group.heldBytes() + after.heldBytes())) {
            return true;
        }
        meters.refusals.increment();
        cell.waiting.tell(request, new ClassicReply.Refused(memberId, ClassicFault.COORDINATOR_NOT_AVAILABLE));
        return false;
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
            storing(cell, () -> loaded(cell, store.load(cell.shard, cell.groupId).stream().findFirst()
                    .orElseGet(() -> new GroupStore.Stored(insertEmpty(cell), null))));
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
            GroupStore.Stored stored = store.load(cell.shard, cell.groupId).stream().findFirst().orElse(null);
            if (stored == null) {
                return null;
            }
            group = stored.group();
            loaded(cell, stored);
        }
        if (cell.sessionsOutdated) {
            cell.sessionsOutdated = false;
            cell.sessions.restart(group, clock.nowMs());
            ClassicGroup classic = cell.classic;
            if (classic != null) {
                cell.believe(group, classicMachine.apply(classic, new ClassicEvent.Restart(), clock.nowMs()).group());
            }
        }
        return group;
    }

    private static void loaded(GroupCell cell, GroupStore.Stored stored) {
        cell.believe(stored.group(), stored.classic());
        cell.sessionsOutdated = true;
    }

    /** After a write that nobody answered, what is stored may be either; it is read again before the next step. */
    void storing(GroupCell cell, Runnable write) {
        try {
            write.run();
        } catch (RefusedException e) {
            if (e.code() == ErrorCode.UNAVAILABLE) {
                cell.doubt();
                // One transaction that was given up says nothing about the other groups.
                storeAway |= GroupStore.wasAway(e);
            }
            throw e;
        } catch (RuntimeException e) {
            cell.doubt();
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
