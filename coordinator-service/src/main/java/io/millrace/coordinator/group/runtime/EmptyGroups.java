package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.RefusedException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Removes groups that nothing is left of, as Kafka does with a group that is empty and whose offsets are gone: no member, no HTTP
 * consumer and no committed offset for the retention time. What a group has committed is the offset service's to forget; until it
 * has, the group stays, and is looked at again after the same time. A group in memory that has no row goes in the same way.
 */
@Component
class EmptyGroups {
    private static final Logger LOG = LoggerFactory.getLogger(EmptyGroups.class);

    private static final String UNUSED = """
            select candidate.group_id
            from unnest(:groups::text[]) as candidate (group_id)
            where not exists (select from groups.consumer_group as stored where stored.group_id = candidate.group_id)
                or not exists (select from groups.member where member.group_id = candidate.group_id)
                    and not exists (select from groups.instance where instance.group_id = candidate.group_id)
                    and not exists (select from offsets.committed where committed.group_id = candidate.group_id)
            """;
    /** A commit outside of membership locks the row too; so the next statement sees all that were stored before. */
    private static final String LOCK = """
            select group_id
            from groups.consumer_group
            where group_id = :group
            for update
            """;
    private static final String REMOVE = """
            delete from groups.consumer_group
            where group_id = :group
                and not exists (select from groups.member where member.group_id = :group)
                and not exists (select from groups.instance where instance.group_id = :group)
                and not exists (select from offsets.committed where committed.group_id = :group)
            """;

    private final GroupStore store;
    private final GroupSteps steps;
    private final JdbcClient jdbc;
    private final GroupSettings settings;
    private final GroupMeters meters;
    private final MonotonicClock clock;
    private final AtomicBoolean removing = new AtomicBoolean();

    EmptyGroups(GroupStore store, GroupSteps steps, JdbcClient jdbc, GroupSettings settings, GroupMeters meters,
            MonotonicClock clock) {
        this.store = store;
        this.steps = steps;
        this.jdbc = jdbc;
        this.settings = settings;
        this.meters = meters;
        this.clock = clock;
    }

    /** Inside the cell's turnstile. */
    boolean isDue(GroupCell cell) {
        return cell.emptyForMs(clock.nowMs()) >= settings.emptyGroupRetention().toMillis();
    }

    /** Looks at some of these on a thread of its own, unless it is still at others: the rest is due again at the next look. */
    void remove(Shard shard, List<GroupCell> due) {
        if (!due.isEmpty() && removing.compareAndSet(false, true)) {
            List<GroupCell> batch = due.stream().limit(settings.emptyGroupsAtOnce()).toList();
            Thread.ofVirtual().name("empty-groups").start(() -> removeAll(shard, batch));
        }
    }

    private void removeAll(Shard shard, List<GroupCell> batch) {
        try {
            Set<String> unused = unused(shard, batch);
            for (GroupCell cell : batch) {
                cell.turnstile.passIfFree(() -> look(cell, unused));
            }
        } catch (RefusedException e) {
            LOG.debug("Empty groups of shard {} are looked at again: {}", shard.number(), e.getMessage());
        } catch (RuntimeException e) {
            LOG.warn("Looking after the empty groups of shard {} failed; trying again", shard.number(), e);
        } finally {
            removing.set(false);
        }
    }

    private Set<String> unused(Shard shard, List<GroupCell> batch) {
        String[] groupIds = batch.stream().map(cell -> cell.groupId).toArray(String[]::new);
        return store.inShard(shard,
                () -> new HashSet<>(jdbc.sql(UNUSED).param("groups", groupIds).query(String.class).list()));
    }

    private void look(GroupCell cell, Set<String> unused) {
        if (cell.isForgotten() || !isDue(cell)) {
            return;
        }
        if (!unused.contains(cell.groupId)) {
            cell.used();
            return;
        }
        steps.storing(cell, () -> {
            if (remove(cell)) {
                cell.forget();
                meters.groupsRemoved.increment();
                LOG.debug("Group {} is removed: nothing was left of it", cell.groupId);
            } else {
                cell.used();
            }
        });
    }

    /** @return whether there is no such group now */
    private boolean remove(GroupCell cell) {
        return store.inShard(cell.shard, () -> {
            boolean stored = jdbc.sql(LOCK).param("group", cell.groupId).query(String.class).optional().isPresent();
            return !stored || jdbc.sql(REMOVE).param("group", cell.groupId).update() == 1;
        });
    }
}
