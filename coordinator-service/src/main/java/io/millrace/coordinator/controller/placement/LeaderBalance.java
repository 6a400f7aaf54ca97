package io.millrace.coordinator.controller.placement;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Evens out who leads by preference: first within each topic, then over all topics, by letting another of its replicas lead a partition, which
 * copies nothing. Where one broker cannot hand leadership to another directly, it goes over others: A to B in one partition, B to C in
 * another.
 *
 * <p>Where no such way is left, a partition's leader moves from the broker X that leads most to the one that leads least, Y, and a follower
 * of another from Y to X, so that both have as many replicas as before. The latter exists: X has at most one replica more than Y and leads
 * at least two more, so Y follows in more partitions than X does; in one of those X does not follow; nor does X lead it, for then it could
 * have handed that to Y.
 */
final class LeaderBalance {
    private record Handover(Placed placed, int from, int to) {}

    private LeaderBalance() {}

    static void evenOut(Layout layout) {
        for (var topic : layout.topics()) {
            String name = topic.getFirst().topic();
            ToIntFunction<Integer> led = broker -> layout.leaders.of(name, broker);
            for (var way = way(layout, List.of(topic), led, false); way != null; way = way(layout, List.of(topic), led,
                    false)) {
                follow(layout, way);
            }
        }
        while (spread(layout) > 1) {
            var way = way(layout, layout.topics(), layout.leaders::of, true);
            if (way == null) {
                way = way(layout, layout.topics(), layout.leaders::of, false);
            }
            if (way != null) {
                follow(layout, way);
            } else {
                swap(layout);
            }
        }
    }

    private static int spread(Layout layout) {
        var counts = layout.targets().stream().mapToInt(layout.leaders::of).summaryStatistics();
        return counts.getMax() - counts.getMin();
    }

    private static void follow(Layout layout, List<Handover> way) {
        way.forEach(step -> layout.lead(step.placed, step.to));
    }

    /**
     * A shortest way from a broker that leads much to one that leads at least two fewer.
     *
     * @param keepTopics whether each step must leave its topic as even as it is
     */
    private static @Nullable List<Handover> way(Layout layout, Collection<List<Placed>> topics,
            ToIntFunction<Integer> led, boolean keepTopics) {
        Map<Integer, Map<Integer, Handover>> handovers = new HashMap<>();
        for (var topic : topics) {
            for (var placed : topic) {
                int from = placed.leader();
                if (!layout.isTarget(from)) {
                    continue;
                }
                for (int to : placed.replicas) {
                    boolean allowed = to != from && layout.isTarget(to) && (!keepTopics || layout.leaders.of(placed
                            .topic(), from) > layout.leaders.of(placed.topic(), to));
                    if (allowed) {
                        handovers.computeIfAbsent(from, _ -> new HashMap<>()).putIfAbsent(to, new Handover(placed, from,
                                to));
                    }
                }
            }
        }
        var sources = layout.targets().stream().sorted(Comparator.comparingInt(led).reversed()).toList();
        for (int source : sources) {
            var way = wayFrom(source, handovers, broker -> led.applyAsInt(source) - led.applyAsInt(broker) >= 2);
            if (way != null) {
                return way;
            }
        }
        return null;
    }

    private static @Nullable List<Handover> wayFrom(int source, Map<Integer, Map<Integer, Handover>> handovers,
            IntPredicate isGoal) {
        var reachedBy = new HashMap<Integer, Handover>();
        var open = new ArrayDeque<Integer>(List.of(source));
        while (!open.isEmpty()) {
            int broker = open.remove();
            for (var step : handovers.getOrDefault(broker, Map.of()).values()) {
                if (step.to == source || reachedBy.putIfAbsent(step.to, step) != null) {
                    continue;
                }
                if (isGoal.test(step.to)) {
                    return backFrom(step, source, reachedBy);
                }
                open.add(step.to);
            }
        }
        return null;
    }

    private static List<Handover> backFrom(Handover last, int source, Map<Integer, Handover> reachedBy) {
        var way = new ArrayDeque<Handover>();
        for (Handover step = last; step != null; step = step.from == source ? null : reachedBy.get(step.from)) {
            way.addFirst(step);
        }
        return List.copyOf(way);
    }

    private static void swap(Layout layout) {
        int most = layout.targets().stream().max(Comparator.comparingInt(layout.leaders::of)).orElseThrow();
        int least = layout.targets().stream().min(Comparator.comparingInt(layout.leaders::of)).orElseThrow();
        var partitions = layout.topics().stream().flatMap(List::stream).toList();
        var led = partitions.stream().filter(placed -> placed.leader() == most && !placed.has(least))
                .min(Comparator.comparingInt(placed -> cost(layout, placed, most, least))).orElseThrow();
        boolean oneMore = layout.replicas.of(most) > layout.replicas.of(least);
        layout.move(led, most, least);
        if (!oneMore) {
            var followed = partitions.stream()
                    .filter(placed -> placed.has(least) && placed.leader() != least && !placed.has(most))
                    .min(Comparator.comparingInt(placed -> cost(layout, placed, least, most))).orElseThrow();
            layout.move(followed, least, most);
        }
    }

    /** How uneven the move makes the topic, and what it copies. */
    private static int cost(Layout layout, Placed placed, int from, int to) {
        int uneven = Math.max(0, layout.replicas.of(placed.topic(), to) + 1 - layout.replicas.of(placed.topic(), from));
        return 2 * uneven + placed.copiesOfMove(from, to) + 1;
    }
}
