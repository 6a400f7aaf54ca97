package io.millrace.coordinator.controller.placement;

import io.millrace.common.api.TopicPartition;
import io.millrace.coordinator.controller.placement.Plan.Moves;
import io.millrace.coordinator.controller.placement.Plan.TooFewBrokers;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Takes replicas from brokers that are drained, each to the broker that has least; all others stay where they are. */
public final class Evacuation {
    private Evacuation() {}

    /** @param partitions the replicas of all partitions */
    public static Plan plan(Map<TopicPartition, List<Integer>> partitions, Map<Integer, BrokerUse> uses) {
        var layout = new Layout(partitions, uses);
        var refusal = evacuate(layout);
        return refusal != null ? refusal : new Moves(layout.changes());
    }

    static @Nullable TooFewBrokers evacuate(Layout layout) {
        for (var topic : layout.topics()) {
            for (var placed : topic) {
                boolean led = layout.drains(placed.leader());
                for (int drained : placed.before.stream().filter(layout::drains).toList()) {
                    var next = layout.leastLoadedWithout(placed);
                    if (next == null) {
                        return tooFew(layout, placed, placed.replicas.size());
                    }
                    layout.move(placed, drained, next);
                }
                if (led) {
                    leadByTheLeastLoaded(layout, placed);
                }
            }
        }
        return null;
    }

    private static void leadByTheLeastLoaded(Layout layout, Placed placed) {
        placed.replicas.stream().filter(layout::isTarget).min(Comparator
                .<Integer>comparingInt(broker -> layout.leaders.of(placed.topic(), broker) - leads(placed, broker))
                .thenComparingInt(broker -> layout.leaders.of(broker) - leads(placed, broker)))
                .ifPresent(broker -> layout.lead(placed, broker));
    }

    private static int leads(Placed placed, int broker) {
        return placed.leader() == broker ? 1 : 0;
    }

    static TooFewBrokers tooFew(Layout layout, Placed placed, int replicas) {
        long brokers = layout.targets().size()
                + placed.replicas.stream().filter(id -> !layout.isTarget(id) && !layout.drains(id)).count();
        return new TooFewBrokers(placed.partition, replicas, (int) brokers);
    }
}
