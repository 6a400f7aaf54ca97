package io.millrace.common.partition;

import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicConfig;
import java.util.Map;

/**
 * The settings of a topic that the rules of its partitions depend on.
 *
 * @param minInsyncReplicas      as set; never more is asked than there are replicas
 * @param uncleanLeaderElection  whether a replica that may lack what was acknowledged may lead rather than none
 */
public record Terms(int minInsyncReplicas, boolean uncleanLeaderElection) {
    public static final Terms DEFAULT = new Terms(1, false);

    public static Terms of(TopicConfig config) {
        return new Terms(config.minInsyncReplicas(), config.uncleanLeaderElection());
    }

    /** Of a topic's settings as stored. */
    public static Terms of(Map<String, String> configs) {
        return of(TopicConfig.ofStored(configs));
    }

    /**
     * How many in-sync replicas the high watermark of the partition needs to advance. Leaders and elections must count alike, for that it
     * stands still below this is what makes the ELR eligible. Replicas that are still being added do not count.
     */
    public int effectiveMinIsr(PartitionImage partition) {
        return effectiveMinIsr(partition.replicas().size() - partition.adding().size());
    }

    int effectiveMinIsr(int replicas) {
        return Math.min(minInsyncReplicas, replicas);
    }
}
