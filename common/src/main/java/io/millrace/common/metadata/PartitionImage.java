package io.millrace.common.metadata;

import java.util.List;

/**
 * One partition as last written by the controller.
 *
 * @param index          from 0
 * @param replicas       broker ids, the preferred leader first
 * @param isr            the in-sync replicas, a subset of {@code replicas}
 * @param leader         broker id, or {@link #NO_LEADER}
 * @param leaderEpoch    rises with every change of leader
 * @param partitionEpoch rises with every change of this row
 */
public record PartitionImage(
        int index,
        List<Integer> replicas,
        List<Integer> isr,
        int leader,
        int leaderEpoch,
        int partitionEpoch) {
    public static final int NO_LEADER = -1;

    public PartitionImage {
        replicas = List.copyOf(replicas);
        isr = List.copyOf(isr);
    }
}
