package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.classic.ClassicEvent;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicMember;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Looks after groups that nobody may be asking for: members gone silent, topics that changed, and groups that nothing is left of. */
@Component
class GroupExpiry {
    private static final Logger LOG = LoggerFactory.getLogger(GroupExpiry.class);

    private final Shards shards;
    private final GroupSteps steps;
    private final EmptyGroups emptyGroups;
    private final GroupMeters meters;
    private final MonotonicClock clock;
    private final Semaphore attending;

    GroupExpiry(Shards shards, GroupSteps steps, EmptyGroups emptyGroups, GroupSettings settings, GroupMeters meters,
            MonotonicClock clock) {
        this.shards = shards;
        this.steps = steps;
        this.emptyGroups = emptyGroups;
        this.meters = meters;
        this.clock = clock;
        this.attending = new Semaphore(settings.expiriesAtOnce());
    }

    /** Looks once through all groups; begins sessions anew where we were away. */
    void tick(boolean wasAway) {
        GroupSteps.StoreWas storeWas = steps.storeWas();
        if (storeWas == GroupSteps.StoreWas.AWAY) {
            return;
        }
        for (Shard shard : shards.taken()) {
            if (!shard.isHeld()) {
                shard.wasAway = true;
                continue;
            }
            boolean restart = wasAway || storeWas == GroupSteps.StoreWas.BACK_AGAIN || shard.wasAway;
            shard.wasAway = false;
            look(shard, restart);
        }
    }

    private void look(Shard shard, boolean restart) {
        var empty = new ArrayList<GroupCell>();
        for (GroupCell cell : shard.groups.values()) {
            if (restart) {
                cell.sessionsOutdated = true;
            }
            look(cell, empty);
        }
        emptyGroups.remove(shard, empty);
    }

    /** Passes by a group that is busy: it is looked at again soon. */
    private void look(GroupCell cell, List<GroupCell> empty) {
        cell.turnstile.passIfFree(() -> {
            // Of one that has to be read again, nobody knows whose time is over.
            boolean due = cell.group == null || !cell.sessions.expired(clock.nowMs()).isEmpty() || !steps.knowsTopics(
                    cell) || isClassicDue(cell);
            if (emptyGroups.isDue(cell)) {
                empty.add(cell);
            } else if (due && cell.attended.compareAndSet(false, true)) {
                Thread.ofVirtual().name("group-" + cell.groupId).start(() -> attend(cell));
            }
        });
    }

    private boolean isClassicDue(GroupCell cell) {
        ClassicGroup classic = cell.classic;
        return classic != null && (cell.sessionsOutdated || classic.nextDeadlineMs() <= clock.nowMs());
    }

    private void attend(GroupCell cell) {
        attending.acquireUninterruptibly();
        try {
            cell.turnstile.pass(() -> {
                if (steps.stored(cell) == null) {
                    cell.forget();
                    return;
                }
                steps.tellTopics(cell);
                for (String memberId : cell.sessions.expired(clock.nowMs())) {
                    steps.step(cell, new GroupEvent.Expire(memberId));
                    meters.expiries.increment();
                    LOG.info("Group {}: member {} was not heard from in time", cell.groupId, memberId);
                }
                if (isClassicDue(cell)) {
                    attendClassic(cell);
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

    private void attendClassic(GroupCell cell) {
        ClassicGroup before = cell.classic;
        long nowMs = clock.nowMs();
        steps.step(cell, new ClassicEvent.Tick());
        ClassicGroup after = cell.classic;
        if (before == null || after == null) {
            return;
        }
        for (ClassicMember member : before.members().values()) {
            if (after.member(member.memberId()) == null && member.heardByMs() <= nowMs) {
                meters.expiries.increment();
                LOG.info("Group {}: member {} was not heard from in time", cell.groupId, member.memberId());
            } else if (after.member(member.memberId()) == null) {
                meters.leftBehind.increment();
                LOG.info("Group {}: member {} did not join, or ask for its assignment, in time", cell.groupId, member
                        .memberId());
            }
        }
    }
}
