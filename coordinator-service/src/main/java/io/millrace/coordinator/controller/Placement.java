package io.millrace.coordinator.controller;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Places the partitions of a new topic: evenly within the topic, for its readers and writers share its load, and where that leaves a
 * choice, on the brokers that lead least.
 */
final class Placement {
    private Placement() {}

    /**
     * @param leaderships how many partitions each live broker leads, by id; at least as many brokers as there are to be replicas
     * @param start       turns the order of brokers that lead equally many, and of followers; any number
     * @return the replicas of each partition, the leader first
     */
    static List<List<Integer>> replicas(Map<Integer, Integer> leaderships, int partitions, int replicationFactor,
            int start) {
        var order = order(leaderships, start);
        var placed = new ArrayList<List<Integer>>(partitions);
        int others = order.size() - 1;
        for (int partition = 0; partition < partitions; partition++) {
            int leader = partition % order.size();
            // Each time all brokers have led one, the followers shift by one, so that not the same always follow the same: when a
            // broker dies, all others share what it led.
            int shift = Math.floorMod(start, Math.max(others, 1)) + partition / order.size();
            var replicas = new ArrayList<Integer>(replicationFactor);
            replicas.add(order.get(leader));
            for (int follower = 0; follower < replicationFactor - 1; follower++) {
                replicas.add(order.get((leader + 1 + (shift + follower) % others) % order.size()));
            }
            placed.add(List.copyOf(replicas));
        }
        return placed;
    }

    private static List<Integer> order(Map<Integer, Integer> leaderships, int start) {
        var ids = leaderships.keySet().stream().sorted().toList();
        var order = new ArrayList<Integer>(ids.size());
        for (int i = 0; i < ids.size(); i++) {
            order.add(ids.get(Math.floorMod(start + i, ids.size())));
        }
        // The sort is stable: among equals the turned order stays.
        order.sort(Comparator.comparing(leaderships::get));
        return order;
    }
}
