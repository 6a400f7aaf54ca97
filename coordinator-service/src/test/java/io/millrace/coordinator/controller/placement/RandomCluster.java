package io.millrace.coordinator.controller.placement;

import io.millrace.common.api.TopicPartition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** A cluster from a seed: brokers of all uses, and topics placed without any care. */
record RandomCluster(Map<Integer, BrokerUse> uses, Map<TopicPartition, List<Integer>> partitions) {
    static RandomCluster of(long seed) {
        var random = new Random(seed);
        var uses = new TreeMap<Integer, BrokerUse>();
        int targets = 1 + random.nextInt(7);
        for (int broker = 0; broker < targets; broker++) {
            uses.put(broker, BrokerUse.TARGET);
        }
        for (int other = random.nextInt(3); other > 0; other--) {
            uses.put(uses.size(), random.nextBoolean() ? BrokerUse.KEEPS : BrokerUse.DRAINS);
        }
        var partitions = new HashMap<TopicPartition, List<Integer>>();
        int topics = 1 + random.nextInt(8);
        for (int topic = 0; topic < topics; topic++) {
            int replicationFactor = 1 + random.nextInt(Math.min(3, targets));
            int count = 1 + random.nextInt(20);
            for (int index = 0; index < count; index++) {
                var brokers = new ArrayList<>(uses.keySet());
                Collections.shuffle(brokers, random);
                if (random.nextInt(3) == 0) {
                    Collections.sort(brokers);
                }
                partitions.put(new TopicPartition("t" + topic, index), List.copyOf(brokers.subList(0,
                        replicationFactor)));
            }
        }
        return new RandomCluster(uses, partitions);
    }

    List<Integer> targets() {
        return uses.keySet().stream().filter(id -> uses.get(id) == BrokerUse.TARGET).toList();
    }

    RandomCluster after(Map<TopicPartition, List<Integer>> changes) {
        var next = new HashMap<>(partitions);
        next.putAll(changes);
        return new RandomCluster(uses, next);
    }

    static int copies(Map<TopicPartition, List<Integer>> from, Map<TopicPartition, List<Integer>> to) {
        return to.entrySet().stream().mapToInt(entry -> (int) entry.getValue().stream().filter(broker -> !from
                .getOrDefault(entry.getKey(), List.of()).contains(broker)).count()).sum();
    }

    /** The most and the least that any target has, one from the other. */
    int replicaSpread(String topicPrefix) {
        return spread(topicPrefix, Integer.MAX_VALUE);
    }

    int leaderSpread() {
        return spread("", 1);
    }

    private int spread(String topic, int of) {
        var counts = targets().stream().mapToInt(broker -> (int) partitions.entrySet().stream()
                .filter(entry -> topic.isEmpty() || entry.getKey().topic().equals(topic))
                .filter(entry -> entry.getValue().stream().limit(of).anyMatch(broker::equals)).count())
                .summaryStatistics();
        return counts.getMax() - counts.getMin();
    }
}
