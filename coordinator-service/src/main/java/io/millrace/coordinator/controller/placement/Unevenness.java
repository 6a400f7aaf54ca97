package io.millrace.coordinator.controller.placement;

import java.util.Comparator;
import java.util.function.ToIntFunction;

/** How far brokers are from having equal shares: sums of squares, so that each step from a fuller to an emptier one lessens them. */
record Unevenness(long replicas, long leaders, long replicasByTopic, long leadersByTopic)
        implements
            Comparable<Unevenness> {
    private static final Comparator<Unevenness> ORDER = Comparator.comparingLong(Unevenness::replicas)
            .thenComparingLong(Unevenness::leaders)
            .thenComparingLong(Unevenness::replicasByTopic)
            .thenComparingLong(Unevenness::leadersByTopic);

    static Unevenness of(Layout layout) {
        long replicasByTopic = 0;
        long leadersByTopic = 0;
        for (var topic : layout.topics()) {
            String name = topic.getFirst().topic();
            replicasByTopic += squares(layout, broker -> layout.replicas.of(name, broker));
            leadersByTopic += squares(layout, broker -> layout.leaders.of(name, broker));
        }
        return new Unevenness(squares(layout, layout.replicas::of), squares(layout, layout.leaders::of),
                replicasByTopic, leadersByTopic);
    }

    private static long squares(Layout layout, ToIntFunction<Integer> count) {
        return layout.targets().stream().mapToLong(broker -> (long) count.applyAsInt(broker) * count.applyAsInt(broker))
                .sum();
    }

    @Override
    public int compareTo(Unevenness other) {
        return ORDER.compare(this, other);
    }
}
