package io.millrace.common.metadata;

import java.util.List;

/**
 * One partition as last written by the controller, or by its leader where only the in-sync replicas changed.
 *
 * @param index          from 0
 * @param replicas       broker ids, the preferred leader first; while it is reassigned, with those that come and those that go
 * @param isr            the in-sync replicas, a subset of {@code replicas}
 * @param leader         broker id, or {@link #NO_LEADER}
 * @param leaderEpoch    rises with every change of leader
 * @param partitionEpoch rises with every change of this row
 * @param elr            eligible leader replicas (KIP-966): not in sync, but with all that was committed; may lead when no in-sync replica can
 * @param lastLeader     who leads, or led last; {@link #NO_LEADER} when nobody ever did
 * @param adding         replicas that a reassignment adds
 * @param removing       replicas that go when those have caught up
 * @param recovering     PostgreSQL went back to an older state, and fewer than {@code min.insync.replicas} have been in sync since: the replicas'
 *                       reports decide who leads, and nothing has been acknowledged since
 */
public record PartitionImage(
        int index,
        List<Integer> replicas,
        List<Integer> isr,
        int leader,
        int leaderEpoch,
        int partitionEpoch,
        List<Integer> elr,
        int lastLeader,
        List<Integer> adding,
        List<Integer> removing,
        boolean recovering) {
    public static final int NO_LEADER = -1;

    public PartitionImage {
        replicas = List.copyOf(replicas);
        isr = List.copyOf(isr);
        elr = List.copyOf(elr);
        adding = List.copyOf(adding);
        removing = List.copyOf(removing);
    }

    /** A partition of which it is known who may lead. */
    public PartitionImage(int index, List<Integer> replicas, List<Integer> isr, int leader, int leaderEpoch,
            int partitionEpoch, List<Integer> elr, int lastLeader, List<Integer> adding, List<Integer> removing) {
        this(index, replicas, isr, leader, leaderEpoch, partitionEpoch, elr, lastLeader, adding, removing, false);
    }

    /** A partition that is not being reassigned and has no eligible leaders beside its in-sync replicas. */
    public PartitionImage(int index, List<Integer> replicas, List<Integer> isr, int leader, int leaderEpoch,
            int partitionEpoch) {
        this(index, replicas, isr, leader, leaderEpoch, partitionEpoch, List.of(), leader, List.of(), List.of());
    }

    public boolean isReassigned() {
        return !adding.isEmpty() || !removing.isEmpty();
    }
}
