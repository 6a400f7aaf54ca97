package io.millrace.coordinator.controller;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.partition.PartitionRules;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.common.partition.Standing;
import io.millrace.common.partition.Terms;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Looks through the image for partitions that are not as the standing of the brokers wants them; not twice at the same. */
final class PartitionLook {
    private ClusterImage image = ClusterImage.EMPTY;
    private Map<Integer, Standing> standings = Map.of();

    /**
     * The partitions that are to be looked at in PostgreSQL. The image may be behind: one that is named may have been settled meanwhile,
     * and one that is not is named when the image has come up.
     */
    List<Key> unsettled(ClusterImage newest, BrokerTransitions transitions) {
        if (newest == image && transitions.standings().equals(standings)) {
            return List.of();
        }
        image = newest;
        standings = transitions.standings();
        var unsettled = new ArrayList<Key>();
        for (var topic : newest.topicsById().values()) {
            var terms = Terms.of(topic.configs());
            for (var partition : topic.partitions()) {
                // An ended leadership shows in the leader's standing, but for one that is unfenced in this very step and hence looked after.
                if (PartitionRules.brokersChanged(partition, standings, Set.of(), terms) != partition) {
                    unsettled.add(new Key(topic.id(), partition.index()));
                }
            }
        }
        return unsettled;
    }
}
