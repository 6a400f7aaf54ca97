package io.millrace.coordinator.controller.placement;

import io.millrace.common.api.TopicPartition;
import io.millrace.coordinator.controller.placement.Plan.Moves;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Places what topics get more: replicas and partitions. What there is stays where it is. */
public final class Growth {
    private Growth() {}

    /**
     * Gives each partition of the topic so many replicas; where it has more, those go that are not running, then those on the brokers that
     * have most, but never its preferred leader.
     *
     * @param partitions the replicas of all partitions of all topics
     */
    public static Plan replicationFactor(Map<TopicPartition, List<Integer>> partitions, Map<Integer, BrokerUse> uses,
            String topic, int replicationFactor) {
        var layout = new Layout(partitions, uses);
        for (var placed : layout.topic(topic)) {
            while (placed.replicas.size() > replicationFactor) {
                layout.removeFollower(placed, dispensable(layout, placed));
            }
            while (placed.replicas.size() < replicationFactor) {
                var next = layout.leastLoadedWithout(placed);
                if (next == null) {
                    return Evacuation.tooFew(layout, placed, replicationFactor);
                }
                layout.add(placed, next);
            }
        }
        return new Moves(layout.changes());
    }

    private static int dispensable(Layout layout, Placed placed) {
        return placed.replicas.stream().skip(1).max(Comparator
                .<Integer, Boolean>comparing(broker -> !layout.isTarget(broker))
                .thenComparingInt(broker -> layout.replicas.of(placed.topic(), broker))
                .thenComparingInt(layout.replicas::of)).orElseThrow();
    }

    /**
     * Places new partitions of the topic, behind those that it has.
     *
     * @param partitions the replicas of all partitions of all topics
     * @return the new partitions alone
     */
    public static Plan partitions(Map<TopicPartition, List<Integer>> partitions, Map<Integer, BrokerUse> uses,
            String topic, int from, int to, int replicationFactor) {
        var layout = new Layout(partitions, uses);
        var created = new HashMap<TopicPartition, List<Integer>>();
        for (int index = from; index < to; index++) {
            var partition = new TopicPartition(topic, index);
            if (layout.targets().size() < replicationFactor) {
                return new Plan.TooFewBrokers(partition, replicationFactor, layout.targets().size());
            }
            var leader = layout.least(broker -> layout.leaders.of(topic, broker), topic, layout.replicas);
            var placed = layout.create(partition, Objects.requireNonNull(leader));
            while (placed.replicas.size() < replicationFactor) {
                layout.add(placed, Objects.requireNonNull(layout.leastLoadedWithout(placed)));
            }
            created.put(partition, List.copyOf(placed.replicas));
        }
        return new Moves(created);
    }
}
