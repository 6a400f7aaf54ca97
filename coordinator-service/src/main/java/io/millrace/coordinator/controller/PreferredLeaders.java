package io.millrace.coordinator.controller;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.partition.PartitionRules;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.common.partition.Standing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which partitions get their preferred leaders back: those that could have them for some time, a few at a time, so that a broker that is
 * back is not given all its work in one moment, and one that comes and goes gets none.
 */
final class PreferredLeaders {
    private final long delayNanos;
    private final long intervalNanos;
    private final int atOnce;
    private Map<Key, Long> restorableSinceNanos = new HashMap<>();
    private long lastNanos;
    private boolean any;

    PreferredLeaders(Duration delay, Duration interval, int atOnce) {
        this.delayNanos = delay.toNanos();
        this.intervalNanos = interval.toNanos();
        this.atOnce = atOnce;
    }

    /** The partitions whose turn it is, at most {@code atOnce}; nothing within an interval after some were named. */
    List<Key> due(ClusterImage image, Map<Integer, Standing> brokers, long nowNanos) {
        var restorable = new HashMap<Key, Long>();
        for (var topic : image.topicsById().values()) {
            for (var partition : topic.partitions()) {
                if (partition.leader() != partition.replicas().getFirst()
                        && PartitionRules.restorePreferredLeader(partition, brokers) != partition) {
                    var key = new Key(topic.id(), partition.index());
                    restorable.put(key, restorableSinceNanos.getOrDefault(key, nowNanos));
                }
            }
        }
        restorableSinceNanos = restorable;
        if (any && nowNanos - lastNanos < intervalNanos) {
            return List.of();
        }
        var due = new ArrayList<Key>();
        restorable.forEach((key, since) -> {
            if (due.size() < atOnce && nowNanos - since >= delayNanos) {
                due.add(key);
            }
        });
        if (!due.isEmpty()) {
            any = true;
            lastNanos = nowNanos;
        }
        return due;
    }
}
