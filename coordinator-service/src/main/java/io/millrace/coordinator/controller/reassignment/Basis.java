package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.controller.placement.BrokerUse;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a plan is made of.
 *
 * @param destinations the replicas of all partitions as they are, or are going to be
 * @param uses         what may be done with each broker
 */
record Basis(Map<TopicPartition, List<Integer>> destinations, Map<Integer, BrokerUse> uses) {
    /** The same, were this broker drained. */
    Basis draining(int id) {
        var changed = new TreeMap<>(uses);
        if (changed.replace(id, BrokerUse.DRAINS) == null) {
            throw new RefusedException(ErrorCode.UNKNOWN_BROKER, "There is no broker " + id);
        }
        return new Basis(destinations, changed);
    }

    /**
     * Whether what was planned on this can be carried out on what there is now: the brokers, and all of the topics that are to change, are as
     * they were, and nothing has come to a broker that is drained. Changes of other topics leave it a little less even, no more; changes of
     * leaders and in-sync replicas, which have the partition epoch rise all the time, make no difference to a plan.
     *
     * @param targets what was planned
     */
    boolean stillServes(Map<TopicPartition, List<Integer>> targets, Basis now) {
        var topics = targets.keySet().stream().map(TopicPartition::topic).collect(Collectors.toSet());
        return uses.equals(now.uses) && of(topics).equals(now.of(topics)) && now.destinations.entrySet().stream()
                .filter(entry -> !entry.getValue().equals(destinations.get(entry.getKey())))
                .noneMatch(entry -> entry.getValue().stream().anyMatch(id -> uses.get(id) == BrokerUse.DRAINS));
    }

    private Map<TopicPartition, List<Integer>> of(Set<String> topics) {
        return destinations.entrySet().stream().filter(entry -> topics.contains(entry.getKey().topic()))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }
}
