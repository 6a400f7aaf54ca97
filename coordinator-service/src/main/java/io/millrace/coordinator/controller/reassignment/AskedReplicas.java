package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.api.ClusterApi.Replicas;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.controller.placement.BrokerUse;
import io.millrace.coordinator.controller.reassignment.ClusterStore.Topic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Replicas of somebody's own choice: what is wrong with them is refused by the partition's name. */
final class AskedReplicas {
    private AskedReplicas() {}

    /** By partition; refused if one is named twice, or has no replicas or one twice. */
    static Map<TopicPartition, List<Integer>> of(List<Replicas> request) {
        var asked = new LinkedHashMap<TopicPartition, List<Integer>>();
        for (var each : request) {
            var partition = new TopicPartition(each.topic(), each.partition());
            if (asked.putIfAbsent(partition, List.copyOf(each.replicas())) != null) {
                throw invalid(partition, "is named twice");
            }
            if (each.replicas().isEmpty()) {
                throw invalid(partition, "needs at least one replica");
            }
            var seen = new HashSet<Integer>();
            for (int id : each.replicas()) {
                if (!seen.add(id)) {
                    throw invalid(partition, "cannot have two replicas on broker " + id);
                }
            }
        }
        return asked;
    }

    /**
     * Those that are not as they are to be already.
     *
     * @param topics all those asked for that there are
     */
    static Map<TopicPartition, List<Integer>> changes(Map<TopicPartition, List<Integer>> asked, Basis basis,
            Map<String, Topic> topics) {
        var changes = new HashMap<TopicPartition, List<Integer>>();
        asked.forEach((partition, replicas) -> {
            var before = basis.destinations().get(partition);
            var topic = topics.get(partition.topic());
            if (before == null || topic == null) {
                throw new RefusedException(ErrorCode.UNKNOWN_PARTITION, "There is no partition " + partition
                        .partition() + " of a topic '" + partition.topic() + "'");
            }
            refuseUnfitBrokers(partition, before, replicas, basis.uses());
            // One that has fewer already may stay so.
            if (replicas.size() < Math.min(topic.minInsyncReplicas(), before.size())) {
                throw invalid(partition, "needs at least " + topic.minInsyncReplicas() + " replicas, not " + replicas
                        .size() + ": min.insync.replicas asks for them");
            }
            if (!replicas.equals(before)) {
                changes.put(partition, replicas);
            }
        });
        return changes;
    }

    /**
     * As {@link #changes}, of those that can be.
     *
     * @param refused takes those that cannot
     */
    static Map<TopicPartition, List<Integer>> possible(List<Replicas> request, Basis basis, Map<String, Topic> topics,
            Map<TopicPartition, RefusedException> refused) {
        var changes = new HashMap<TopicPartition, List<Integer>>();
        for (var each : request) {
            try {
                changes.putAll(changes(of(List.of(each)), basis, topics));
            } catch (RefusedException e) {
                refused.put(new TopicPartition(each.topic(), each.partition()), e);
            }
        }
        return changes;
    }

    /**
     * Of new partitions.
     *
     * @param from              index of the first
     * @param to                index behind the last
     * @param replicationFactor of the partitions that there are
     */
    static Map<TopicPartition, List<Integer>> created(String topic, int from, int to, int replicationFactor,
            List<List<Integer>> assignments, Map<Integer, BrokerUse> uses) {
        if (assignments.size() != to - from) {
            throw new RefusedException(ErrorCode.INVALID_REPLICA_ASSIGNMENT, "Topic '" + topic + "' gets " + (to - from)
                    + " partitions more, and brokers are given for " + assignments.size());
        }
        var named = new ArrayList<Replicas>();
        for (int index = from; index < to; index++) {
            named.add(new Replicas(topic, index, assignments.get(index - from)));
        }
        var created = of(named);
        created.forEach((partition, replicas) -> {
            refuseUnfitBrokers(partition, List.of(), replicas, uses);
            if (replicas.size() != replicationFactor) {
                throw invalid(partition, "is given " + replicas.size() + " replicas, and the topic's others have "
                        + replicationFactor);
            }
        });
        return created;
    }

    private static void refuseUnfitBrokers(TopicPartition partition, List<Integer> before, List<Integer> replicas,
            Map<Integer, BrokerUse> uses) {
        var unknown = replicas.stream().filter(id -> !uses.containsKey(id)).toList();
        if (!unknown.isEmpty()) {
            throw invalid(partition, "is assigned to brokers that there are not: " + unknown);
        }
        var unfit = replicas.stream().filter(id -> !before.contains(id) && uses.get(id) != BrokerUse.TARGET).toList();
        if (!unfit.isEmpty()) {
            throw invalid(partition, "is assigned to brokers that are not running, or are drained: " + unfit);
        }
    }

    private static RefusedException invalid(TopicPartition partition, String reason) {
        return new RefusedException(ErrorCode.INVALID_REPLICA_ASSIGNMENT, "Partition " + partition + " " + reason);
    }
}
