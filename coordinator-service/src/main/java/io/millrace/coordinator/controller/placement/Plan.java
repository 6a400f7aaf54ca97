package io.millrace.coordinator.controller.placement;

import io.millrace.common.api.TopicPartition;
import java.util.List;
import java.util.Map;

/** What a planner found. */
public sealed interface Plan {
    /** @param targets the replicas of the partitions that are to change, the preferred leader first */
    record Moves(Map<TopicPartition, List<Integer>> targets) implements Plan {
        public Moves {
            targets = Map.copyOf(targets);
        }
    }

    /** A partition wants more replicas than there are brokers for it. */
    record TooFewBrokers(TopicPartition partition, int replicas, int brokers) implements Plan {}
}
