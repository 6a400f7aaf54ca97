package io.millrace.coordinator.group;

import io.millrace.coordinator.group.classic.HeldBytes;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A consumer group at one moment: immutable, so what is stored and what is in memory can be compared.
 *
 * @param epoch       rises with every change of membership, subscriptions or subscribed topics, and with it the target
 * @param assignor    made the target
 * @param topicsHash  of the topics the target was made from ({@link TopicsHash}); tells a successor whether they changed meanwhile
 * @param target      what each member shall own, by member id
 */
public record Group(String groupId, long epoch, AssignorName assignor, long topicsHash,
        SortedMap<String, Member> members, SortedMap<String, SortedSet<PartitionId>> target) {
    /** How a group looks from outside, in Kafka's words. */
    public enum Phase {
        EMPTY, RECONCILING, STABLE
    }

    public Group {
        members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
        target = Collections.unmodifiableSortedMap(new TreeMap<>(target));
    }

    public static Group empty(String groupId, AssignorName assignor) {
        return new Group(groupId, 0, assignor, TopicsHash.NO_TOPICS, new TreeMap<>(), new TreeMap<>());
    }

    public @Nullable Member member(String memberId) {
        return members.get(memberId);
    }

    /** The static member of this name. */
    public @Nullable Member named(@Nullable String instanceId) {
        if (instanceId == null) {
            return null;
        }
        for (Member member : members.values()) {
            if (instanceId.equals(member.profile().instanceId())) {
                return member;
            }
        }
        return null;
    }

    public SortedSet<PartitionId> targetOf(String memberId) {
        return target.getOrDefault(memberId, PartitionId.sorted(List.of()));
    }

    /** About the memory that takes what its members say. */
    public long heldBytes() {
        long bytes = HeldBytes.OBJECT + HeldBytes.of(groupId);
        for (Member member : members.values()) {
            bytes += HeldBytes.OBJECT + HeldBytes.of(member.memberId()) + member.profile().heldBytes();
        }
        return bytes;
    }

    public Phase phase() {
        if (members.isEmpty()) {
            return Phase.EMPTY;
        }
        return members.values().stream().allMatch(this::settled) ? Phase.STABLE : Phase.RECONCILING;
    }

    private boolean settled(Member member) {
        return member.epoch() == epoch && member.state() instanceof MemberState.Stable;
    }

    /** Whether a member other than the given one may still be reading the partition. */
    boolean heldByAnother(PartitionId partition, String memberId) {
        for (Map.Entry<String, Member> entry : members.entrySet()) {
            if (!entry.getKey().equals(memberId) && entry.getValue().state().holds(partition)) {
                return true;
            }
        }
        return false;
    }

    /** The same without members, at an epoch that the group has reached while its members spoke another protocol. */
    public Group emptyAt(long reached) {
        return new Group(groupId, reached, assignor, topicsHash, new TreeMap<>(), new TreeMap<>());
    }

    Group with(Member member) {
        if (members.get(member.memberId()) == member) {
            return this;
        }
        var changed = new TreeMap<>(members);
        changed.put(member.memberId(), member);
        return new Group(groupId, epoch, assignor, topicsHash, changed, target);
    }

    /** The member goes on under another name; no change where there is none. */
    Group renamed(String memberId, String newId) {
        Member member = members.get(memberId);
        if (member == null) {
            return this;
        }
        var changed = new TreeMap<>(members);
        changed.remove(memberId);
        changed.put(newId, new Member(newId, member.profile(), member.epoch(), member.previousEpoch(), member.state()));
        var moved = new TreeMap<>(target);
        SortedSet<PartitionId> itsTarget = moved.remove(memberId);
        if (itsTarget != null) {
            moved.put(newId, itsTarget);
        }
        return new Group(groupId, epoch, assignor, topicsHash, changed, moved);
    }

    Group without(String memberId) {
        var remaining = new TreeMap<>(members);
        remaining.remove(memberId);
        return new Group(groupId, epoch, assignor, topicsHash, remaining, target);
    }

    Group retargeted(AssignorName by, long hash, SortedMap<String, SortedSet<PartitionId>> next) {
        return new Group(groupId, epoch + 1, by, hash, members, next);
    }
}
