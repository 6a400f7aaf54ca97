package io.millrace.coordinator.group;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What must be stored so that the next coordinator finds the group as it is now. Always computed by comparing the group
 * before and after, so nothing can be changed in memory and forgotten in the database.
 */
public sealed interface GroupChange {
    record GroupRow(String groupId, long epoch, AssignorName assignor, long topicsHash) implements GroupChange {}

    record MemberRow(Member member) implements GroupChange {}

    record MemberGone(String memberId) implements GroupChange {}

    /** Who shall own a partition, who owns it, and whether that one is giving it up. One row a partition: it has one owner. */
    record PartitionRow(PartitionId partition, @Nullable String target, @Nullable String owner, boolean revoking)
            implements
                GroupChange {}

    record PartitionGone(PartitionId partition) implements GroupChange {}

    /** Rows that end before rows that begin, so that a partition's next owner never meets the one before. */
    static List<GroupChange> between(Group before, Group after) {
        var changes = new ArrayList<GroupChange>();
        GroupRow row = row(after);
        if (!row.equals(row(before))) {
            changes.add(row);
        }
        before.members().keySet().stream().filter(memberId -> after.member(memberId) == null)
                .forEach(memberId -> changes.add(new MemberGone(memberId)));
        after.members().values().stream().filter(member -> !member.equals(before.member(member.memberId())))
                .forEach(member -> changes.add(new MemberRow(member)));
        SortedMap<PartitionId, PartitionRow> rowsBefore = partitionRows(before);
        SortedMap<PartitionId, PartitionRow> rowsAfter = partitionRows(after);
        rowsBefore.keySet().stream().filter(partition -> !rowsAfter.containsKey(partition))
                .forEach(partition -> changes.add(new PartitionGone(partition)));
        rowsAfter.forEach((partition, rowAfter) -> {
            if (!Objects.equals(rowAfter, rowsBefore.get(partition))) {
                changes.add(rowAfter);
            }
        });
        return changes;
    }

    private static GroupRow row(Group group) {
        return new GroupRow(group.groupId(), group.epoch(), group.assignor(), group.topicsHash());
    }

    private static SortedMap<PartitionId, PartitionRow> partitionRows(Group group) {
        var targets = new TreeMap<PartitionId, String>();
        group.target().forEach((memberId, partitions) -> partitions.forEach(partition -> targets.put(partition,
                memberId)));
        var rows = new TreeMap<PartitionId, PartitionRow>();
        for (Map.Entry<PartitionId, String> entry : targets.entrySet()) {
            rows.put(entry.getKey(), new PartitionRow(entry.getKey(), entry.getValue(), null, false));
        }
        for (Member member : group.members().values()) {
            for (PartitionId partition : member.state().assigned()) {
                rows.put(partition, new PartitionRow(partition, targets.get(partition), member.memberId(), false));
            }
            if (member.state() instanceof MemberState.UnrevokedPartitions(_, var revoking)) {
                for (PartitionId partition : revoking) {
                    rows.put(partition, new PartitionRow(partition, targets.get(partition), member.memberId(), true));
                }
            }
        }
        return rows;
    }
}
