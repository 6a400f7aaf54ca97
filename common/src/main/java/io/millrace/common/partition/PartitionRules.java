package io.millrace.common.partition;

import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange.Member;
import io.millrace.common.partition.Outcome.Changed;
import io.millrace.common.partition.Outcome.Reason;
import io.millrace.common.partition.Outcome.Refused;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The transitions of a partition's row. Each takes the row as it is and returns the row as it is to be (the same object where nothing
 * changes); writing it is a compare-and-set on both epochs.
 *
 * <pre>
 *                    fenced, leaving, shrunk                 tail lost
 *   in the ISR ---------------------------------> ELR ----------------------> neither
 *     ^  ^      (neither, if the ISR keeps its     |     (or the ISR reaches     |
 *     |  |       minimum without it)               |      its minimum again)     |
 *     |  +------- caught up, or elected -----------+                             |
 *     +---------- caught up, or elected as the last leader or uncleanly ---------+
 * </pre>
 *
 * The ELR has whoever left the ISR since that is below its minimum: the high watermark has stood still since then, so they have all that
 * was committed (KIP-966). A broker that may have lost its tail is in neither.
 */
public final class PartitionRules {
    private static final int NO_LEADER = PartitionImage.NO_LEADER;

    private PartitionRules() {}

    /**
     * A leader's wish for other in-sync replicas.
     *
     * @param brokers all that are registered, by id
     */
    public static Outcome changeIsr(
            @Nullable PartitionImage row,
            int leaderId,
            long leaderBrokerEpoch,
            IsrChange change,
            Map<Integer, Standing> brokers,
            Terms terms) {
        if (row == null) {
            return new Refused(Reason.UNKNOWN_PARTITION, null);
        }
        var leader = brokers.get(leaderId);
        if (leader == null || leader.epoch() != leaderBrokerEpoch) {
            return new Refused(Reason.STALE_EPOCH, row);
        }
        if (row.leader() != leaderId || !leader.isLive()) {
            return new Refused(Reason.NOT_LEADER, row);
        }
        if (row.leaderEpoch() != change.leaderEpoch() || row.partitionEpoch() != change.partitionEpoch()) {
            return new Refused(Reason.STALE_EPOCH, row);
        }
        var isr = change.isr().stream().map(Member::brokerId).toList();
        boolean eligible = isr.contains(leaderId)
                && Set.copyOf(isr).size() == isr.size()
                && change.isr().stream().allMatch(member -> mayBeInSync(row, leaderId, member, brokers));
        if (!eligible) {
            return new Refused(Reason.INELIGIBLE_REPLICA, row);
        }
        var after = new Draft(row);
        after.loseTails(brokers);
        after.isrChangesTo(isr, terms);
        after.completeReassignment(brokers, terms);
        // Also when the ISR is the one there was: a leader asks for that to be sure that nothing it asked for before can still be taken.
        return new Changed(after.nextEpoch());
    }

    private static boolean mayBeInSync(PartitionImage row, int leaderId, Member member,
            Map<Integer, Standing> brokers) {
        var broker = brokers.get(member.brokerId());
        if (broker == null || !row.replicas().contains(member.brokerId()) || !broker.isLive()) {
            return false;
        }
        boolean stays = row.isr().contains(member.brokerId());
        if (member.brokerEpoch() == IsrChange.UNKNOWN_EPOCH) {
            return stays;
        }
        return member.brokerEpoch() == broker.epoch() && (stays || member.brokerId() == leaderId || broker
                .mayJoinIsr());
    }

    /**
     * Draws the consequences of brokers that were fenced or unfenced, are leaving or have lost their tails: takes them out of the ISR or
     * ELR, and elects a leader if there is none, or its leadership has ended, or it is leaving and another can lead.
     *
     * @param brokers as they are to be from now on
     * @param ended   whose leaderships have ended, even if they lead the same partition again
     */
    public static PartitionImage brokersChanged(PartitionImage row, Map<Integer, Standing> brokers,
            Set<Integer> ended, Terms terms) {
        var after = new Draft(row);
        after.brokersChange(brokers, ended, terms);
        after.completeReassignment(brokers, terms);
        return after.next();
    }

    /**
     * The topic has other settings from now on. Where more replicas have to be in sync than before, the leader epoch is raised even though the
     * leader stays: one that still counts by the former number must not take anybody out of sync, for whoever leaves an ISR below its
     * minimum is taken to have all that was committed. In the new epoch it leads with the image that has the settings, too.
     */
    public static PartitionImage termsChanged(PartitionImage row, Map<Integer, Standing> brokers, Terms before,
            Terms terms) {
        var after = new Draft(row);
        after.brokersChange(brokers, Set.of(), terms);
        after.completeReassignment(brokers, terms);
        if (terms.minInsyncReplicas() > before.minInsyncReplicas() && after.leader != NO_LEADER
                && after.leaderEpoch == row.leaderEpoch()) {
            after.leads(after.leader);
        }
        return after.next();
    }

    /** @param staying whether it also must not be about to end */
    private static boolean serves(@Nullable Standing broker, boolean staying) {
        return broker != null && broker.isLive() && !(staying && broker.leaving());
    }

    /** Makes the first of the replicas the leader, if it is in sync and here to stay. */
    public static PartitionImage restorePreferredLeader(PartitionImage row, Map<Integer, Standing> brokers) {
        int preferred = row.replicas().getFirst();
        if (row.leader() == NO_LEADER || row.leader() == preferred || !row.isr().contains(preferred)
                || !serves(brokers.get(preferred), true)) {
            return row;
        }
        var after = new Draft(row);
        after.leads(preferred);
        return after.next();
    }

    /**
     * Elects a leader where there is none, as an operator's last resort: of the replicas that run, also one that may lack what was acknowledged.
     * Not where PostgreSQL has lost who was in sync: there the replicas' reports decide.
     */
    public static PartitionImage electUncleanly(PartitionImage row, Map<Integer, Standing> brokers, Terms terms) {
        if (row.leader() != NO_LEADER) {
            return row;
        }
        var after = new Draft(row);
        after.brokersChange(brokers, Set.of(), new Terms(terms.minInsyncReplicas(), true));
        after.completeReassignment(brokers, terms);
        return after.leader == NO_LEADER ? row : after.next();
    }

    /**
     * Begins to bring a partition to other replicas. Those that come have to catch up first; those that go stay until then, and until enough
     * of the others are in sync ({@link #changeIsr} and {@link #brokersChanged} see to both). Where none comes, it may be done at once.
     * A partition that is on its way to others stays on it, and one for which the target is not {@linkplain #mayHave fit} stays as it is.
     *
     * @param target the preferred leader first
     */
    public static PartitionImage reassign(PartitionImage row, List<Integer> target, Map<Integer, Standing> brokers,
            Terms terms) {
        if (row.isReassigned() || !mayHave(row, target, terms)) {
            return row;
        }
        var after = new Draft(row);
        // The row may yet name those in sync of which it is known since that they are not.
        after.brokersChange(brokers, Set.of(), terms);
        after.adding = Draft.without(target, row.replicas());
        after.removing = Draft.without(row.replicas(), target);
        after.replicas = Stream.concat(target.stream(), after.removing.stream()).toList();
        after.completeReassignment(brokers, terms);
        return after.next();
    }

    /**
     * Whether the replicas may be those of the partition (else INVALID_REPLICA_ASSIGNMENT): none twice, and as many as acks=all needs now; only
     * where the partition has fewer than {@code min.insync.replicas} already, no more than that.
     */
    public static boolean mayHave(PartitionImage row, List<Integer> target, Terms terms) {
        return !target.isEmpty() && Set.copyOf(target).size() == target.size()
                && target.size() >= terms.effectiveMinIsr(row);
    }

    /**
     * Takes back what a reassignment has added so far, if enough of the former replicas are in sync; else it has to go on, for what was
     * acknowledged stands on the new ones.
     *
     * @param before the replicas before it, for their order
     */
    public static PartitionImage cancelReassignment(PartitionImage row, List<Integer> before,
            Map<Integer, Standing> brokers, Terms terms) {
        var after = new Draft(row);
        after.brokersChange(brokers, Set.of(), terms);
        var kept = Draft.without(row.replicas(), row.adding());
        var inSync = Draft.without(after.isr, row.adding());
        if (!row.isReassigned() || inSync.size() < terms.effectiveMinIsr(kept.size())) {
            return row;
        }
        after.settleOn(before.size() == kept.size() && before.containsAll(kept) ? before : kept, inSync, brokers,
                terms);
        return after.next();
    }

    /** A row on its way to the next. */
    private static final class Draft {
        final PartitionImage row;
        List<Integer> replicas;
        List<Integer> isr;
        List<Integer> elr;
        List<Integer> adding;
        List<Integer> removing;
        int leader;
        int lastLeader;
        int leaderEpoch;
        boolean recovering;

        Draft(PartitionImage row) {
            this.row = row;
            replicas = row.replicas();
            isr = row.isr();
            elr = row.elr();
            adding = row.adding();
            removing = row.removing();
            leader = row.leader();
            lastLeader = row.lastLeader();
            leaderEpoch = row.leaderEpoch();
            recovering = row.recovering();
        }

        void loseTails(Map<Integer, Standing> brokers) {
            var lost = replicas.stream().filter(id -> brokers.get(id) instanceof Standing broker && broker.tailLost())
                    .toList();
            isr = without(isr, lost);
            elr = without(elr, lost);
        }

        void brokersChange(Map<Integer, Standing> brokers, Set<Integer> ended, Terms terms) {
            loseTails(brokers);
            isrChangesTo(remaining(brokers), terms);
            if (!isr.contains(leader) || ended.contains(leader)) {
                elect(brokers, terms);
            }
        }

        /** Those who stay in sync: who is about to end goes, but not the last ones. */
        private List<Integer> remaining(Map<Integer, Standing> brokers) {
            var staying = isr.stream().filter(id -> serves(brokers.get(id), true)).toList();
            return staying.isEmpty() ? isr.stream().filter(id -> serves(brokers.get(id), false)).toList() : staying;
        }

        void isrChangesTo(List<Integer> members, Terms terms) {
            if (members.size() >= terms.effectiveMinIsr(replicas.size() - adding.size())) {
                elr = List.of();
                recovering = false;
            } else {
                var eligible = new LinkedHashSet<>(elr);
                eligible.addAll(isr);
                members.forEach(eligible::remove);
                elr = List.copyOf(eligible);
            }
            isr = members;
        }

        /**
         * From the ISR; where that is empty, from the ELR; where both are, who led last; else nobody, or by the topic's setting anybody. The
         * last two not where PostgreSQL has lost who was in sync: there the replicas' reports decide.
         */
        void elect(Map<Integer, Standing> brokers, Terms terms) {
            var inSync = candidate(isr, brokers);
            if (inSync != null) {
                leads(inSync);
                return;
            }
            var eligible = candidate(elr, brokers);
            if (eligible != null) {
                isrChangesTo(List.of(eligible), terms);
                leads(eligible);
                return;
            }
            var last = isr.isEmpty() && elr.isEmpty() && !recovering ? candidate(List.of(lastLeader), brokers) : null;
            boolean unclean = last == null && terms.uncleanLeaderElection() && !recovering;
            var other = unclean ? candidate(without(replicas, adding), brokers) : last;
            if (other != null) {
                isr = List.of(other);
                elr = List.of();
                leads(other);
            } else if (leader != NO_LEADER) {
                leader = NO_LEADER;
                leaderEpoch++;
            }
        }

        /** In the order of the replicas; who is about to end only if it is the last. */
        private @Nullable Integer candidate(Collection<Integer> among, Map<Integer, Standing> brokers) {
            for (boolean staying : List.of(true, false)) {
                for (int id : replicas) {
                    if (among.contains(id) && serves(brokers.get(id), staying)) {
                        return id;
                    }
                }
            }
            return null;
        }

        void leads(int brokerId) {
            leader = brokerId;
            lastLeader = brokerId;
            leaderEpoch++;
        }

        /**
         * Once all that are added are in sync, those to be removed go, as long as enough stay: of brokers that are known to run and to have lost
         * nothing, for such alone are in the ISR at this point.
         */
        void completeReassignment(Map<Integer, Standing> brokers, Terms terms) {
            var target = without(replicas, removing);
            var inSync = without(isr, removing);
            boolean reassigned = !adding.isEmpty() || !removing.isEmpty();
            if (!reassigned || !isr.containsAll(adding) || inSync.size() < terms.effectiveMinIsr(target.size())) {
                return;
            }
            settleOn(target, inSync, brokers, terms);
        }

        /**
         * A replica that goes deletes its log. So the leader epoch is raised even where the leader stays (docs/spec, R20): what it knows of that
         * replica, and fetches that are still under way, must not count should the replica come back, with an empty log.
         *
         * @param inSync as many as the minimum, so that nobody else needs to be eligible
         */
        void settleOn(List<Integer> settled, List<Integer> inSync, Map<Integer, Standing> brokers, Terms terms) {
            boolean someGo = !settled.containsAll(replicas);
            replicas = settled;
            adding = List.of();
            removing = List.of();
            isr = inSync;
            elr = List.of();
            recovering = false;
            if (!inSync.contains(leader)) {
                elect(brokers, terms);
            } else if (someGo && leaderEpoch == row.leaderEpoch()) {
                leads(leader);
            }
        }

        PartitionImage next() {
            return in(row.partitionEpoch()).equals(row) ? row : nextEpoch();
        }

        PartitionImage nextEpoch() {
            return in(row.partitionEpoch() + 1);
        }

        private PartitionImage in(int partitionEpoch) {
            return new PartitionImage(row.index(), replicas, isr, leader, leaderEpoch, partitionEpoch, elr, lastLeader,
                    adding, removing, recovering);
        }

        private static List<Integer> without(List<Integer> from, Collection<Integer> taken) {
            return from.stream().filter(id -> !taken.contains(id)).toList();
        }
    }
}
