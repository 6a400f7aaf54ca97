package io.millrace.coordinator.controller.placement;

import java.util.HashMap;
import java.util.Map;

/** How many of something each broker has, in all and of each topic. */
final class Tally {
    private final Map<Integer, Integer> overall = new HashMap<>();
    private final Map<String, Map<Integer, Integer>> byTopic = new HashMap<>();

    int of(int broker) {
        return overall.getOrDefault(broker, 0);
    }

    int of(String topic, int broker) {
        return byTopic.getOrDefault(topic, Map.of()).getOrDefault(broker, 0);
    }

    void add(String topic, int broker, int count) {
        overall.merge(broker, count, Integer::sum);
        byTopic.computeIfAbsent(topic, _ -> new HashMap<>()).merge(broker, count, Integer::sum);
    }
}
