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
     * @param leaderships how many partitions each live broker leads, by id; not empty
     * @param start       turns the order of brokers that lead equally many; any number
     * @return the leader of each partition
     */
    static List<Integer> leaders(Map<Integer, Integer> leaderships, int partitions, int start) {
        var ids = leaderships.keySet().stream().sorted().toList();
        var order = new ArrayList<Integer>(ids.size());
        for (int i = 0; i < ids.size(); i++) {
            order.add(ids.get(Math.floorMod(start + i, ids.size())));
        }
        // The sort is stable: among equals the turned order stays.
        order.sort(Comparator.comparing(leaderships::get));
        var leaders = new ArrayList<Integer>(partitions);
        for (int partition = 0; partition < partitions; partition++) {
            leaders.add(order.get(partition % order.size()));
        }
        return leaders;
    }
}
