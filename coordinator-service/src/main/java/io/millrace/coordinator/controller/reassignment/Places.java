package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.Standing;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** How many partitions each broker is at work on, copying or being copied from, and whether it may be with one more. */
final class Places {
    private final Map<Integer, Standing> brokers;
    private final int maxMovingPartitions;
    private final Map<Integer, Integer> taken = new HashMap<>();

    /** @param maxMovingPartitions for each broker */
    Places(Map<Integer, Standing> brokers, int maxMovingPartitions) {
        this.brokers = brokers;
        this.maxMovingPartitions = maxMovingPartitions;
    }

    /** One whose broker has gone away takes no place from the others. */
    void take(PartitionImage partition) {
        if (canCopy(partition, partition.adding())) {
            atWork(partition, partition.adding()).forEach(broker -> taken.merge(broker, 1, Integer::sum));
        }
    }

    boolean mayBegin(PartitionImage partition, List<Integer> target) {
        var adding = target.stream().filter(id -> !partition.replicas().contains(id)).toList();
        return adding.isEmpty() || canCopy(partition, adding) && atWork(partition, adding).stream().noneMatch(
                this::isFull);
    }

    Set<Integer> full() {
        var full = new TreeSet<>(taken.keySet());
        full.removeIf(id -> !isFull(id));
        return full;
    }

    /** The brokers that may take in one more. */
    Set<Integer> open() {
        var open = new TreeSet<>(brokers.keySet());
        open.removeIf(id -> isFull(id) || !runs(brokers, id));
        return open;
    }

    static boolean runs(Map<Integer, Standing> brokers, int id) {
        return brokers.get(id) instanceof Standing broker && !broker.fenced() && !broker.leaving();
    }

    private boolean isFull(int broker) {
        return taken.getOrDefault(broker, 0) >= maxMovingPartitions;
    }

    private boolean canCopy(PartitionImage partition, Collection<Integer> adding) {
        return partition.leader() != PartitionImage.NO_LEADER && adding.stream().allMatch(id -> runs(brokers, id));
    }

    private static Set<Integer> atWork(PartitionImage partition, Collection<Integer> adding) {
        var atWork = new HashSet<>(adding);
        atWork.add(partition.leader());
        return atWork;
    }
}
