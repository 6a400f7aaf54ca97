package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.PartitionRules;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.common.partition.PartitionTable.Row;
import io.millrace.common.partition.PartitionTable.Transition;
import io.millrace.common.partition.Standing;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

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
 * @param steps    of partitions' rows
 * @param finished where they were to be, or back
 * @param places   as they are once this is done
 */
record NextSteps(List<Step> steps, List<Wanted> finished, Places places) {
    record Step(Wanted wanted, Transition transition) {
        /** False where it goes back, or could be done at once. */
        boolean isInMotion() {
            return transition.after().isReassigned();
        }

        @Override
        public String toString() {
            return wanted + " from " + transition.before().replicas() + " to " + wanted.destination();
        }
    }

    /**
     * @param wanted              in the order in which they are to begin
     * @param rows                of their partitions; one that is not there was deleted
     * @param maxMovingPartitions in motion at a time for each broker that takes one in or leads one
     */
    static NextSteps of(List<Wanted> wanted, Map<Key, Row> rows, Map<Integer, Standing> brokers,
            int maxMovingPartitions) {
        var steps = new ArrayList<Step>();
        var finished = new ArrayList<Wanted>();
        var waiting = new ArrayList<Wanted>();
        var places = new Places(brokers, maxMovingPartitions);
        for (var each : wanted) {
            var row = rows.get(each.key());
            if (row == null) {
                continue;
            }
            var partition = row.partition();
            if (!partition.isReassigned()) {
                if (each.cancelled() || partition.replicas().equals(each.target())) {
                    finished.add(each);
                } else {
                    waiting.add(each);
                }
                continue;
            }
            var after = each.cancelled() || !destination(partition).equals(each.target())
                    ? PartitionRules.cancelReassignment(partition, each.before(), brokers, row.terms())
                    : partition;
            if (after != partition) {
                steps.add(new Step(each, row.to(after)));
            } else {
                places.take(partition);
            }
        }
        for (var each : waiting) {
            var row = rows.get(each.key());
            if (places.mayBegin(row.partition(), each.target())) {
                var after = PartitionRules.reassign(row.partition(), each.target(), brokers, row.terms());
                if (after != row.partition()) {
                    steps.add(new Step(each, row.to(after)));
                }
                if (after.isReassigned()) {
                    places.take(after);
                } else if (after.replicas().equals(each.target())) {
                    finished.add(each);
                }
            }
        }
        return new NextSteps(List.copyOf(steps), List.copyOf(finished), places);
    }

    boolean isEmpty() {
        return steps.isEmpty() && finished.isEmpty();
    }

    List<Transition> transitions() {
        return steps.stream().map(Step::transition).toList();
    }

    private static List<Integer> destination(PartitionImage partition) {
        return partition.replicas().stream().filter(id -> !partition.removing().contains(id)).toList();
    }
}
