package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.partition.PartitionTable.Key;
import java.util.List;

/**
 * A reassignment that is not finished.
 *
 * @param topic     its name
 * @param before    the replicas to go back to
 * @param target    those that it is to have
 * @param cancelled whether it is to go back
 */
record Wanted(Key key, String topic, List<Integer> before, List<Integer> target, boolean cancelled) {
    /** The replicas that it is to have as matters stand. */
    List<Integer> destination() {
        return cancelled ? before : target;
    }

    @Override
    public String toString() {
        return topic + "-" + key.index();
    }
}
