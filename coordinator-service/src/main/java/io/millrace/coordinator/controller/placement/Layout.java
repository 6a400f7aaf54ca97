package io.millrace.coordinator.controller.placement;

import io.millrace.common.api.TopicPartition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** The replicas of all partitions in the course of planning, and how many each broker has and leads by preference. */
final class Layout {
    private final Map<Integer, BrokerUse> uses;
    private final List<Integer> targets;
    private final TreeMap<String, List<Placed>> topics = new TreeMap<>();
    final Tally replicas = new Tally();
    final Tally leaders = new Tally();

    /** @param partitions each with at least one replica */
    Layout(Map<TopicPartition, List<Integer>> partitions, Map<Integer, BrokerUse> uses) {
        this.uses = Map.copyOf(uses);
        this.targets = uses.keySet().stream().filter(id -> uses.get(id) == BrokerUse.TARGET).sorted().toList();
        new TreeMap<>(partitions).forEach(this::place);
    }

    private Placed place(TopicPartition partition, List<Integer> brokers) {
        var placed = new Placed(partition, List.copyOf(brokers));
        topics.computeIfAbsent(partition.topic(), _ -> new ArrayList<>()).add(placed);
        brokers.forEach(broker -> replicas.add(partition.topic(), broker, 1));
        leaders.add(partition.topic(), placed.leader(), 1);
        return placed;
    }

    /** The brokers that may get replicas, by id. */
    List<Integer> targets() {
        return targets;
    }

    boolean isTarget(int broker) {
        return uses.get(broker) == BrokerUse.TARGET;
    }

    boolean drains(int broker) {
        return uses.get(broker) == BrokerUse.DRAINS;
    }

    /** Partitions by topic, in order. */
    Collection<List<Placed>> topics() {
        return topics.values();
    }

    List<Placed> topic(String name) {
        return topics.getOrDefault(name, List.of());
    }

    /** The broker that has the least and none of this partition yet; null if there is none. */
    @Nullable
    Integer leastLoadedWithout(Placed placed) {
        return least(broker -> placed.has(broker) ? Integer.MAX_VALUE : 0, placed.topic(),
                replicas) instanceof Integer broker && !placed.has(broker) ? broker : null;
    }

    /** The target with the least by the measure, then of the topic, then in all, then by id; null without targets. */
    @Nullable
    Integer least(ToIntFunction<Integer> measure, String topic, Tally tally) {
        return targets.stream().min(Comparator.comparingInt(measure)
                .thenComparingInt(broker -> tally.of(topic, broker))
                .thenComparingInt(tally::of)).orElse(null);
    }

    /** Another broker takes the place of one that has a replica. */
    void move(Placed placed, int from, int to) {
        int position = placed.replicas.indexOf(from);
        placed.replicas.set(position, to);
        replicas.add(placed.topic(), from, -1);
        replicas.add(placed.topic(), to, 1);
        if (position == 0) {
            leaders.add(placed.topic(), from, -1);
            leaders.add(placed.topic(), to, 1);
        }
    }

    /** One of the replicas is to lead; the others stay in their order. */
    void lead(Placed placed, int broker) {
        leaders.add(placed.topic(), placed.leader(), -1);
        leaders.add(placed.topic(), broker, 1);
        placed.replicas.remove((Integer) broker);
        placed.replicas.addFirst(broker);
    }

    void add(Placed placed, int broker) {
        placed.replicas.add(broker);
        replicas.add(placed.topic(), broker, 1);
    }

    /** Never the preferred leader. */
    void removeFollower(Placed placed, int broker) {
        placed.replicas.remove((Integer) broker);
        replicas.add(placed.topic(), broker, -1);
    }

    /** A new partition that begins with its leader alone. */
    Placed create(TopicPartition partition, int leader) {
        return place(partition, List.of(leader));
    }

    /** The partitions that are now to be elsewhere, or to be led by another. */
    Map<TopicPartition, List<Integer>> changes() {
        var changes = new HashMap<TopicPartition, List<Integer>>();
        for (var topic : topics.values()) {
            for (var placed : topic) {
                if (!placed.replicas.equals(placed.before)) {
                    changes.put(placed.partition, List.copyOf(placed.replicas));
                }
            }
        }
        return changes;
    }
}
