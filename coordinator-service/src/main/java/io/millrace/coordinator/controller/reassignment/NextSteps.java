package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.PartitionRules;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.common.partition.PartitionTable.Row;
import io.millrace.common.partition.PartitionTable.Transition;
import io.millrace.common.partition.Standing;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is to be done next of the reassignments under way.
 *
 * <pre>
 *             a place is free                all that are added are in sync
 *   waiting ------------------> in motion -------------------------------------> finished
 *      ^                         |     |  cancelled, and enough of the former
 *      |     has another target, |     |  replicas are in sync                      ^
 *      +-------------------------+     +--------------------------------------------+
 *        and can still go back
 * </pre>
 *
 * Arriving is not among these steps: the leader does that, with the change of the ISR that brings in the last one ({@link PartitionRules}).
 *
 * @param transitions of partitions' rows
 * @param finished    where they were to be, or back
 */
record NextSteps(List<Transition> transitions, List<Key> finished) {
    /**
     * A reassignment that is not finished.
     *
     * @param before    the replicas to go back to
     * @param target    those that it is to have
     * @param cancelled whether it is to go back
     */
    record Wanted(Key key, List<Integer> before, List<Integer> target, boolean cancelled) {}

    /**
     * @param wanted              in the order in which they are to begin
     * @param rows                of their partitions; one that is not there was deleted
     * @param maxMovingPartitions in motion at a time for each broker that takes one in or leads one
     */
    static NextSteps of(List<Wanted> wanted, Map<Key, Row> rows, Map<Integer, Standing> brokers,
            int maxMovingPartitions) {
        var transitions = new ArrayList<Transition>();
        var finished = new ArrayList<Key>();
        var waiting = new ArrayList<Wanted>();
        var inMotion = new HashMap<Integer, Integer>();
        for (var each : wanted) {
            var row = rows.get(each.key);
            if (row == null) {
                continue;
            }
            var partition = row.partition();
            if (!partition.isReassigned()) {
                if (each.cancelled || partition.replicas().equals(each.target)) {
                    finished.add(each.key);
                } else {
                    waiting.add(each);
                }
                continue;
            }
            var after = each.cancelled || !destination(partition).equals(each.target)
                    ? PartitionRules.cancelReassignment(partition, each.before, brokers, row.terms())
                    : partition;
            if (after != partition) {
                transitions.add(row.to(after));
            } else if (canCopy(partition, partition.adding(), brokers)) {
                // One whose broker has gone away keeps no place from the others.
                involved(partition, partition.adding()).forEach(broker -> inMotion.merge(broker, 1, Integer::sum));
            }
        }
        for (var each : waiting) {
            var row = rows.get(each.key);
            if (mayBegin(row.partition(), each.target, brokers, inMotion, maxMovingPartitions)) {
                var after = PartitionRules.reassign(row.partition(), each.target, brokers, row.terms());
                transitions.add(row.to(after));
                if (after.isReassigned()) {
                    involved(after, after.adding()).forEach(broker -> inMotion.merge(broker, 1, Integer::sum));
                } else {
                    finished.add(each.key);
                }
            }
        }
        return new NextSteps(List.copyOf(transitions), List.copyOf(finished));
    }

    boolean isEmpty() {
        return transitions.isEmpty() && finished.isEmpty();
    }

    private static List<Integer> destination(PartitionImage partition) {
        return partition.replicas().stream().filter(id -> !partition.removing().contains(id)).toList();
    }

    private static boolean mayBegin(PartitionImage partition, List<Integer> target, Map<Integer, Standing> brokers,
            Map<Integer, Integer> inMotion, int maxMovingPartitions) {
        var adding = target.stream().filter(id -> !partition.replicas().contains(id)).toList();
        if (adding.isEmpty()) {
            return true;
        }
        return canCopy(partition, adding, brokers) && involved(partition, adding).stream().allMatch(id -> inMotion
                .getOrDefault(id, 0) < maxMovingPartitions);
    }

    private static boolean canCopy(PartitionImage partition, List<Integer> adding, Map<Integer, Standing> brokers) {
        return partition.leader() != PartitionImage.NO_LEADER && adding.stream().allMatch(id -> brokers.get(
                id) instanceof Standing broker && !broker.fenced() && !broker.leaving());
    }

    private static Set<Integer> involved(PartitionImage partition, List<Integer> adding) {
        var involved = new HashSet<>(adding);
        involved.add(partition.leader());
        return involved;
    }
}
