package io.millrace.coordinator.controller;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which brokers are fenced and unfenced, and who leads their partitions then. A leader comes from the in-sync replicas only; where none of
 * them can lead, the partition has no leader, and the last in-sync replicas stay what they are, for only they have all that was acknowledged.
 *
 * <pre>
 *                      registers                 says it is ready
 *   (not registered) -----------> fenced ---------------------------> unfenced
 *                                   ^                                    |
 *                                   +--- lease ran out, deregistered, ---+
 *                                        registered again
 * </pre>
 */
final class Election {
    private Election() {}

    /**
     * A broker as PostgreSQL has it.
     *
     * @param expired whether its lease has run out, by PostgreSQL's clock
     * @param ready   whether it may lead
     * @param leads   whether any partition names it as leader
     */
    record Broker(int id, boolean expired, boolean ready, boolean fenced, boolean leads) {
        /** It registered anew, or took its leave, while partitions still name it. */
        boolean mustStepDown() {
            return fenced && leads;
        }

        boolean mustBeFenced() {
            return expired && !fenced;
        }

        boolean mayLeadAgain() {
            return fenced && ready && !expired;
        }
    }

    /** @param leader null: none */
    record Partition(
            UUID topicId,
            int index,
            List<Integer> replicas,
            List<Integer> isr,
            @Nullable Integer leader,
            int leaderEpoch,
            int partitionEpoch) {}

    /**
     * @param fence    to be fenced
     * @param unfence  to be unfenced
     * @param demoted  whose leadership has ended, even if they lead the same partition again
     * @param unfenced all that may lead once this is done
     */
    record Transition(Set<Integer> fence, Set<Integer> unfence, Set<Integer> demoted, Set<Integer> unfenced) {
        boolean isEmpty() {
            return fence.isEmpty() && unfence.isEmpty() && demoted.isEmpty();
        }

        /** The brokers of whose partitions any may need another leader. */
        Set<Integer> affected() {
            var affected = new TreeSet<>(demoted);
            affected.addAll(unfence);
            return affected;
        }
    }

    /** @param trustExpiry false while it may be that brokers could not renew their leases through no fault of their own */
    static Transition transition(Collection<Broker> brokers, boolean trustExpiry) {
        var fence = new TreeSet<Integer>();
        var unfence = new TreeSet<Integer>();
        var demoted = new TreeSet<Integer>();
        var unfenced = new TreeSet<Integer>();
        for (var broker : brokers) {
            if (trustExpiry && broker.mustBeFenced()) {
                fence.add(broker.id);
                demoted.add(broker.id);
            } else if (broker.mayLeadAgain()) {
                unfence.add(broker.id);
                unfenced.add(broker.id);
            } else if (!broker.fenced) {
                unfenced.add(broker.id);
            }
            if (broker.mustStepDown()) {
                demoted.add(broker.id);
            }
        }
        return new Transition(fence, unfence, demoted, unfenced);
    }

    /** Those of the partitions that change, as they are to be. */
    static List<Partition> elect(Transition transition, Collection<Partition> partitions) {
        var changed = new ArrayList<Partition>();
        for (var partition : partitions) {
            var after = elect(transition, partition);
            if (!after.equals(partition)) {
                changed.add(after);
            }
        }
        return changed;
    }

    private static Partition elect(Transition transition, Partition partition) {
        var inSync = partition.isr.stream().filter(transition.unfenced::contains).toList();
        var isr = inSync.isEmpty() ? partition.isr : inSync;
        boolean leaderStays = partition.leader != null
                && inSync.contains(partition.leader)
                && !transition.demoted.contains(partition.leader);
        var leader = leaderStays
                ? partition.leader
                : partition.replicas.stream().filter(inSync::contains).findFirst().orElse(null);
        boolean sameLeadership = leaderStays || partition.leader == null && leader == null;
        if (sameLeadership && isr.equals(partition.isr)) {
            return partition;
        }
        return new Partition(
                partition.topicId,
                partition.index,
                partition.replicas,
                isr,
                leader,
                sameLeadership ? partition.leaderEpoch : partition.leaderEpoch + 1,
                partition.partitionEpoch + 1);
    }
}
