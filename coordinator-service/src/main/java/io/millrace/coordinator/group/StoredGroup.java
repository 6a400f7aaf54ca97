package io.millrace.coordinator.group;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/** A group as its rows have it; {@link #toGroup} is the inverse of {@link GroupChange}. */
public record StoredGroup(GroupChange.GroupRow row, Collection<StoredMember> members,
        Collection<GroupChange.PartitionRow> partitions) {
    /** The kinds of {@link MemberState}, under the names they are stored by. */
    public enum StateName {
        STABLE, UNREVOKED_PARTITIONS, UNRELEASED_PARTITIONS;

        public static StateName of(MemberState state) {
            return switch (state) {
                case MemberState.Stable _ -> STABLE;
                case MemberState.UnrevokedPartitions _ -> UNREVOKED_PARTITIONS;
                case MemberState.UnreleasedPartitions _ -> UNRELEASED_PARTITIONS;
            };
        }
    }

    /** A member's own row; what it owns is in the partitions' rows. */
    public record StoredMember(String memberId, MemberProfile profile, long epoch, long previousEpoch,
            StateName state) {}

    public Group toGroup() {
        var assigned = new HashMap<String, List<PartitionId>>();
        var revoking = new HashMap<String, List<PartitionId>>();
        var target = new TreeMap<String, List<PartitionId>>();
        members.forEach(member -> target.put(member.memberId(), new ArrayList<>()));
        for (GroupChange.PartitionRow partition : partitions) {
            if (partition.target() != null) {
                target.computeIfAbsent(partition.target(), _ -> new ArrayList<>()).add(partition.partition());
            }
            if (partition.owner() != null) {
                (partition.revoking() ? revoking : assigned).computeIfAbsent(partition.owner(), _ -> new ArrayList<>())
                        .add(partition.partition());
            }
        }
        var loaded = new TreeMap<String, Member>();
        for (StoredMember member : members) {
            MemberState state = state(member, assigned, revoking);
            loaded.put(member.memberId(),
                    new Member(member.memberId(), member.profile(), member.epoch(), member.previousEpoch(), state));
        }
        SortedMap<String, SortedSet<PartitionId>> targets = AssignmentRequest.finished(target);
        return new Group(row.groupId(), row.epoch(), row.assignor(), row.topicsHash(), loaded, targets);
    }

    private static MemberState state(StoredMember member, Map<String, List<PartitionId>> assigned,
            Map<String, List<PartitionId>> revoking) {
        List<PartitionId> has = assigned.getOrDefault(member.memberId(), List.of());
        return switch (member.state()) {
            case STABLE -> MemberState.stable(has);
            case UNREVOKED_PARTITIONS -> MemberState.unrevoked(has, revoking.getOrDefault(member.memberId(), List
                    .of()));
            case UNRELEASED_PARTITIONS -> MemberState.unreleased(has);
        };
    }
}
