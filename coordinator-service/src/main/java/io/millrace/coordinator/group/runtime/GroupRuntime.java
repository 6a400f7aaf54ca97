package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.Member;
import io.millrace.coordinator.group.MemberProfile;
import io.millrace.coordinator.group.classic.ClassicGroup;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * What is asked of the groups whose shards this coordinator holds. A step that changes nothing does not go to PostgreSQL.
 * Whatever is told was true while the shard was held, which is looked at once more before the answer leaves.
 */
@Component
public class GroupRuntime {
    private final Shards shards;
    private final GroupSteps steps;
    private final GroupStore store;
    private final GroupSettings settings;
    private final MemberRequests requests;
    private final MonotonicClock clock;

    GroupRuntime(Shards shards, GroupSteps steps, GroupStore store, GroupSettings settings, MemberRequests requests,
            MonotonicClock clock) {
        this.shards = shards;
        this.steps = steps;
        this.store = store;
        this.settings = settings;
        this.requests = requests;
        this.clock = clock;
    }

    /**
     * Makes the group unless it is there, and runs the task while nothing else happens to the group. Refused with
     * {@link ErrorCode#COORDINATOR_FULL}.
     */
    public void within(Shard shard, String groupId, Runnable task) {
        boolean done = false;
        while (!done) {
            if (!shard.groups.containsKey(groupId) && shards.groupCount() >= settings.maxGroups()) {
                throw new RefusedException(ErrorCode.COORDINATOR_FULL,
                        "this coordinator has its limit of %d groups".formatted(settings.maxGroups()));
            }
            GroupCell cell = shard.groups.computeIfAbsent(groupId, shard::newCell);
            done = cell.turnstile.pass(() -> within(cell, task));
        }
    }

    /** @return false where the group went while we waited for it: then there is another cell to be made */
    private boolean within(GroupCell cell, Runnable task) {
        cell.shard.requireServed();
        if (cell.isForgotten()) {
            return false;
        }
        cell.used();
        steps.make(cell);
        steps.storing(cell, task);
        return true;
    }

    /** Why a member is refused whatever its group is like, or whether there is one; null where it depends on that. */
    public GroupReply.@Nullable Refused refusalOf(MemberProfile profile) {
        return steps.refusalOf(profile);
    }

    /**
     * Takes an event to its group.
     *
     * @param silentMs how long the member will be quiet from now on by intention, beyond its heartbeats: its session is longer by that
     */
    public GroupReply apply(Shard shard, String groupId, GroupEvent event, long silentMs) {
        return apply(shard, groupId, _ -> event, silentMs);
    }

    /** @param asked makes the event of the group as it is when its turn comes; what it throws is thrown, and nothing changed */
    public GroupReply apply(Shard shard, String groupId, Function<Group, GroupEvent> asked) {
        return apply(shard, groupId, asked, 0);
    }

    private GroupReply apply(Shard shard, String groupId, Function<Group, GroupEvent> asked, long silentMs) {
        return requests.carryOut(shard.cell(groupId), new MemberRequest(asked, silentMs));
    }

    /** A sign of life that leaves everything as it is. Refused with {@code UNKNOWN_MEMBER} or {@code FENCED_MEMBER_EPOCH}. */
    public void touch(Shard shard, String groupId, String memberId, long memberEpoch) {
        GroupCell cell = shard.cell(groupId);
        cell.turnstile.pass(() -> {
            cell.shard.requireServed();
            Member member = steps.present(cell).member(memberId);
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
        GroupCell cell = shards.of(groupId).cell(groupId);
        Group group = cell.group;
        return group != null ? group : cell.turnstile.pass(() -> steps.present(cell));
    }

    /** The same of a group whose members speak the classic protocol; null for others. Refused with {@link ErrorCode#UNKNOWN_GROUP}. */
    public @Nullable ClassicGroup findClassic(String groupId) {
        find(groupId);
        return shards.of(groupId).cell(groupId).shownClassic();
    }

    /** As {@link #findClassic}, and null too where there is no such group here. */
    public @Nullable ClassicGroup classicIfAny(String groupId) {
        Shard shard = shards.of(groupId);
        GroupCell cell = shard.groups.get(groupId);
        if (cell == null) {
            return null;
        }
        return cell.group != null ? cell.shownClassic() : cell.turnstile.pass(() -> {
            steps.stored(cell);
            return cell.shownClassic();
        });
    }

    /** Whether a member speaks the classic protocol, alone among others or with its whole group. */
    public boolean speaksClassic(String groupId, String memberId) {
        if (classicIfAny(groupId) != null) {
            return true;
        }
        GroupCell cell = shards.of(groupId).groups.get(groupId);
        Group group = cell == null ? null : cell.group;
        Member member = group == null ? null : group.member(memberId);
        return member != null && member.profile().classic() != null;
    }

    /** @param classic where its members speak the classic protocol: then {@code group} is without members */
    public record Listed(Group group, @Nullable ClassicGroup classic) {}

    /** All groups of this coordinator, by their ids. */
    public List<Listed> list() {
        return shards.groups().stream().map(stored -> new Listed(stored.group(), stored.classic()))
                .sorted(Comparator.comparing(listed -> listed.group().groupId())).toList();
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
        Shard shard = shards.of(groupId);
        GroupCell made = shard.newCell(groupId);
        GroupCell known = shard.groups.putIfAbsent(groupId, made);
        // Whoever wants to make the group meanwhile waits for it.
        GroupCell cell = known == null ? made : known;
        cell.turnstile.pass(() -> {
            shard.requireServed();
            if (cell.isForgotten()) {
                throw Shard.unknown(groupId);
            }
            boolean isPlaceholder = known == null && cell.group == null;
            try {
                delete(cell, steps.stored(cell), offsets);
            } catch (RuntimeException e) {
                if (isPlaceholder) {
                    cell.forget();
                }
                throw e;
            }
            cell.forget();
        });
    }

    private void delete(GroupCell cell, @Nullable Group group, CommittedOffsets offsets) {
        if (group == null) {
            if (!offsets.exist()) {
                throw Shard.unknown(cell.groupId);
            }
            offsets.delete();
            return;
        }
        if (!group.members().isEmpty() || cell.isClassicInUse() || store.hasInstances(cell.groupId)) {
            throw notEmpty(cell.groupId);
        }
        offsets.delete();
        steps.storing(cell, () -> {
            if (!store.delete(cell.shard, cell.groupId)) {
                throw notEmpty(cell.groupId);
            }
        });
    }

    private static RefusedException notEmpty(String groupId) {
        return new RefusedException(ErrorCode.GROUP_NOT_EMPTY, "group '%s' has members or consumers".formatted(
                groupId));
    }
}
