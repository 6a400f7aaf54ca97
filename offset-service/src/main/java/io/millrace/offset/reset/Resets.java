package io.millrace.offset.reset;

import io.millrace.common.api.OffsetsApi.Commit;
import io.millrace.common.api.OffsetsApi.CommitOffset;
import io.millrace.common.api.OffsetsApi.Committed;
import io.millrace.common.api.OffsetsApi.Reset;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.offset.commit.Commits;
import io.millrace.offset.reset.ResetTarget.LogRange;
import io.millrace.offset.reset.ResetTarget.ShiftBy;
import io.millrace.offset.reset.ResetTarget.ToTimestamp;
import io.millrace.offset.stored.StoredOffsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.springframework.stereotype.Component;

/**
 * Moves the offsets of an empty group. The new offsets are a commit without a member, so the statement that stores them also makes sure
 * that the group is empty.
 */
@Component
public final class Resets {
    private final StoredOffsets stored;
    private final LogOffsets logs;
    private final Commits commits;

    Resets(StoredOffsets stored, LogOffsets logs, Commits commits) {
        this.stored = stored;
        this.logs = logs;
        this.commits = commits;
    }

    /** @return what is committed now for the partitions that were reset */
    public List<Committed> reset(String group, Reset reset) {
        var target = switch (ResetTarget.parse(reset)) {
            case ResetTarget.Parsed.Target(var parsed) -> parsed;
            case ResetTarget.Parsed.Invalid(var message) -> throw new RefusedException(ErrorCode.INVALID_REQUEST,
                    message);
        };
        if (stored.hasMembers(group)) {
            throw notEmpty(group);
        }
        var committed = new HashMap<TopicPartition, Long>();
        var before = reset.partitions() == null ? stored.all(group) : stored.of(group, reset.partitions());
        before.forEach(row -> committed.put(new TopicPartition(row.topic(), row.partition()), row.offset()));
        var partitions = new TreeSet<TopicPartition>(
                reset.partitions() == null ? committed.keySet() : reset.partitions());
        if (partitions.isEmpty()) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST,
                    "Group '" + group + "' has committed nothing: name the partitions to reset");
        }
        if (target instanceof ShiftBy) {
            partitions.stream().filter(partition -> !committed.containsKey(partition)).findFirst().ifPresent(
                    partition -> {
                        throw new RefusedException(ErrorCode.INVALID_REQUEST,
                                "Group '" + group + "' has committed nothing for " + partition + " to shift from");
                    });
        }
        store(group, resolve(target, partitions, committed));
        return stored.of(group, partitions);
    }

    private List<CommitOffset> resolve(ResetTarget target, TreeSet<TopicPartition> partitions,
            Map<TopicPartition, Long> committed) {
        var beginnings = logs.at(LogOffsets.EARLIEST, partitions);
        var ends = logs.at(LogOffsets.LATEST, partitions);
        var atTime = target instanceof ToTimestamp(long timestampMs) ? logs.at(timestampMs, partitions)
                : Map.<TopicPartition, Long>of();
        var offsets = new ArrayList<CommitOffset>(partitions.size());
        for (var partition : partitions) {
            Long found = atTime.get(partition);
            var range = new LogRange(
                    beginnings.get(partition),
                    ends.get(partition),
                    committed.get(partition),
                    found == null || found == LogOffsets.NONE ? null : found);
            offsets.add(new CommitOffset(partition.topic(), partition.partition(), target.resolve(range), null, null));
        }
        return offsets;
    }

    private void store(String group, List<CommitOffset> offsets) {
        try {
            commits.commit(group, new Commit(null, offsets));
        } catch (RefusedException e) {
            throw e.code() == ErrorCode.UNKNOWN_MEMBER ? notEmpty(group) : e;
        }
    }

    private static RefusedException notEmpty(String group) {
        return new RefusedException(ErrorCode.GROUP_NOT_EMPTY,
                "Group '" + group + "' has members: its offsets can be reset once they have left");
    }
}
