package io.millrace.coordinator.controller.placement;

import io.millrace.common.api.TopicPartition;
import io.millrace.coordinator.controller.placement.Plan.Moves;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Gives every broker its share: of each topic, of all replicas, and of the leadership. What is drained is moved first; then each topic is
 * evened out, then all of them together by moves that keep the topics even, then the leaders ({@link LeaderBalance}).
 *
 * <p>Where c are a topic's replicas on two brokers and one has more, some partition of the topic has a replica on the one and none on the
 * other: so a move in the right direction always exists, and no two replicas ever meet on one broker. And where the totals of two brokers
 * differ by two or more, so do their replicas of some topic in the same direction, by one at most once the topics are even: the move that
 * brings the totals together leaves that topic as even as it was. Among the moves that serve, the one is taken that copies least.
 */
public final class Rebalance {
    private Rebalance() {}

    /** @param partitions the replicas of all partitions */
    public static Plan plan(Map<TopicPartition, List<Integer>> partitions, Map<Integer, BrokerUse> uses) {
        var layout = new Layout(partitions, uses);
        boolean drains = layout.topics().stream().flatMap(List::stream)
                .anyMatch(placed -> placed.replicas.stream().anyMatch(layout::drains));
        var before = Unevenness.of(layout);
        var refusal = Evacuation.evacuate(layout);
        if (refusal != null) {
            return refusal;
        }
        if (!layout.targets().isEmpty()) {
            layout.topics().forEach(topic -> evenOut(layout, topic));
            evenOutTotals(layout);
            LeaderBalance.evenOut(layout);
        }
        // What is as good as it can be stays, or repeated plans would shuffle for ever.
        return drains || Unevenness.of(layout).compareTo(before) < 0 ? new Moves(layout.changes())
                : new Moves(Map.of());
    }

    private static void evenOut(Layout layout, List<Placed> topic) {
        String name = topic.getFirst().topic();
        var order = Comparator.<Integer>comparingInt(broker -> layout.replicas.of(name, broker))
                .thenComparingInt(layout.replicas::of);
        while (true) {
            int most = layout.targets().stream().max(order).orElseThrow();
            int least = layout.targets().stream().min(order).orElseThrow();
            if (layout.replicas.of(name, most) - layout.replicas.of(name, least) <= 1) {
                return;
            }
            layout.move(cheapest(layout, topic, most, least), most, least);
        }
    }

    private static void evenOutTotals(Layout layout) {
        var order = Comparator.<Integer>comparingInt(layout.replicas::of);
        while (true) {
            int most = layout.targets().stream().max(order).orElseThrow();
            int least = layout.targets().stream().min(order).orElseThrow();
            if (layout.replicas.of(most) - layout.replicas.of(least) <= 1) {
                return;
            }
            var moved = layout.topics().stream()
                    .filter(topic -> {
                        String name = topic.getFirst().topic();
                        return layout.replicas.of(name, most) > layout.replicas.of(name, least);
                    })
                    .map(topic -> cheapest(layout, topic, most, least))
                    .min(byCost(layout, most, least)).orElseThrow();
            layout.move(moved, most, least);
        }
    }

    private static Placed cheapest(Layout layout, List<Placed> topic, int from, int to) {
        return topic.stream().filter(placed -> placed.has(from) && !placed.has(to)).min(byCost(layout, from, to))
                .orElseThrow();
    }

    /** What copies least; of those, a leader's replica where the leadership is to go the same way, else a follower's. */
    private static Comparator<Placed> byCost(Layout layout, int from, int to) {
        boolean leadershipToo = layout.leaders.of(from) > layout.leaders.of(to);
        return Comparator.<Placed>comparingInt(placed -> placed.copiesOfMove(from, to))
                .thenComparing(placed -> (placed.leader() == from) != leadershipToo);
    }
}
