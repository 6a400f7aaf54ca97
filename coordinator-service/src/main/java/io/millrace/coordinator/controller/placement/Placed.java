package io.millrace.coordinator.controller.placement;

import io.millrace.common.api.TopicPartition;
import java.util.ArrayList;
import java.util.List;

/** A partition's replicas in the course of planning; {@link Layout} alone changes them. */
final class Placed {
    final TopicPartition partition;
    final List<Integer> before;
    final List<Integer> replicas;

    Placed(TopicPartition partition, List<Integer> before) {
        this.partition = partition;
        this.before = before;
        this.replicas = new ArrayList<>(before);
    }

    String topic() {
        return partition.topic();
    }

    int leader() {
        return replicas.getFirst();
    }

    boolean has(int broker) {
        return replicas.contains(broker);
    }

    /** How many replicas more would have to be copied in all if this one went from the one broker to the other. */
    int copiesOfMove(int from, int to) {
        return (before.contains(from) ? 1 : 0) - (before.contains(to) ? 1 : 0);
    }
}
