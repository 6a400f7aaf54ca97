package io.millrace.coordinator.group;

import java.util.Collection;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;

/** A partition by its topic's id: a topic deleted and made again under the same name has other partitions. */
public record PartitionId(UUID topicId, int partition) implements Comparable<PartitionId> {
    private static final SortedSet<PartitionId> NONE = Collections.unmodifiableSortedSet(new TreeSet<>());

    @Override
    public int compareTo(PartitionId other) {
        int byTopic = topicId.compareTo(other.topicId);
        return byTopic != 0 ? byTopic : Integer.compare(partition, other.partition);
    }

    /** An immutable copy in one order everywhere, so that a simulation's seed replays. */
    public static SortedSet<PartitionId> sorted(Collection<PartitionId> partitions) {
        return partitions.isEmpty() ? NONE : Collections.unmodifiableSortedSet(new TreeSet<>(partitions));
    }
}
