package io.millrace.coordinator.group;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The database's part in the simulation: rows, and the fence that refuses a coordinator which lost its shard. */
final class SimulatedRows {
    private long shardEpoch;
    private GroupChange.GroupRow group;
    private final Map<String, StoredGroup.StoredMember> members = new TreeMap<>();
    private final Map<PartitionId, GroupChange.PartitionRow> partitions = new TreeMap<>();

    SimulatedRows(Group group) {
        this.group = new GroupChange.GroupRow(group.groupId(), group.epoch(), group.assignor(), group.topicsHash());
    }

    /** @return the epoch under which the caller now writes */
    long takeOver() {
        return ++shardEpoch;
    }

    Group load() {
        return new StoredGroup(group, new ArrayList<>(members.values()), new ArrayList<>(partitions.values()))
                .toGroup();
    }

    /** @return whether the writer still had the shard; if not, nothing is stored */
    boolean store(long writerEpoch, List<GroupChange> changes) {
        if (writerEpoch != shardEpoch) {
            return false;
        }
        for (GroupChange change : changes) {
            switch (change) {
                case GroupChange.GroupRow row -> {
                    if (row.epoch() < group.epoch()) {
                        throw new AssertionError("the group's epoch fell from " + group.epoch() + " to " + row.epoch());
                    }
                    group = row;
                }
                case GroupChange.MemberRow(Member member) -> members.put(member.memberId(),
                        new StoredGroup.StoredMember(member.memberId(), member.profile(), member.epoch(),
                                member.previousEpoch(), StoredGroup.StateName.of(member.state())));
                case GroupChange.MemberGone(String memberId) -> members.remove(memberId);
                case GroupChange.PartitionRow row -> partitions.put(row.partition(), row);
                case GroupChange.PartitionGone(PartitionId partition) -> partitions.remove(partition);
            }
        }
        return true;
    }
}
