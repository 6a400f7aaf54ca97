package io.millrace.broker.replication.simulation;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange;
import io.millrace.common.partition.Outcome;
import io.millrace.common.partition.PartitionRules;
import io.millrace.common.partition.Standing;
import io.millrace.common.partition.Terms;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** PostgreSQL, and the controller beside it: one row for the partition, one for each broker, every version kept. */
final class SimulatedMetadata {
    static final long LEASE_MICROS = 200_000;

    private static final class Broker {
        long epoch;
        int life;
        /** The registration that the controller has dealt with. */
        long settledEpoch;
        boolean ready;
        boolean fenced = true;
        boolean leaving;
        boolean tailLost;
        long leaseEndMicros;
    }

    private final Map<Integer, Broker> brokers = new TreeMap<>();
    private final List<ClusterView> views = new ArrayList<>();
    private final Terms terms;
    private final Mutant mutant;
    private PartitionImage row;
    private boolean away;
    private long trustsLeasesFromMicros;
    /** What a reassignment that is called off goes back to. */
    private List<Integer> before;
    private int removals;

    SimulatedMetadata(int brokerCount, List<Integer> replicas, Terms terms, Mutant mutant) {
        this.terms = terms;
        this.mutant = mutant;
        IntStream.range(0, brokerCount).forEach(id -> brokers.put(id, new Broker()));
        before = replicas;
        row = new PartitionImage(0, replicas, replicas, PartitionImage.NO_LEADER, 0, 0);
        views.add(new ClusterView(0, row, images()));
    }

    boolean isAway() {
        return away;
    }

    void goAway() {
        away = true;
    }

    /** Leases that ran out meanwhile say nothing of their holders. */
    void comeBack(long nowMicros) {
        if (away) {
            away = false;
            trustsLeasesFromMicros = nowMicros + LEASE_MICROS;
        }
    }

    /** The registration of which the controller has drawn the consequences. */
    long settledEpoch(int id) {
        return broker(id).settledEpoch;
    }

    /** How often replicas went. */
    int removals() {
        return removals;
    }

    PartitionImage row() {
        return row;
    }

    ClusterView newest() {
        return views.getLast();
    }

    ClusterView view(int version) {
        return views.get(version);
    }

    /** Returns the broker's new epoch. Only the first registration of a process tells of a lost tail: a later one may be its late double. */
    long register(int id, int life, boolean tailLost, long nowMicros) {
        Broker broker = broker(id);
        boolean first = life != broker.life;
        broker.life = life;
        broker.epoch++;
        broker.ready = false;
        broker.fenced = true;
        broker.leaving = false;
        broker.tailLost |= first && tailLost && mutant != Mutant.TAIL_LOST_STAYS_IN_SYNC;
        broker.leaseEndMicros = nowMicros + LEASE_MICROS;
        commit(row);
        return broker.epoch;
    }

    /** False when the broker registered again since. */
    boolean renew(int id, long epoch, boolean ready, boolean leaving, long nowMicros) {
        Broker broker = broker(id);
        if (broker.epoch != epoch) {
            return false;
        }
        broker.leaseEndMicros = nowMicros + LEASE_MICROS;
        broker.ready = ready;
        if (leaving && !broker.leaving) {
            broker.leaving = true;
            commit(row);
        }
        return true;
    }

    Outcome alter(int leaderId, long leaderBrokerEpoch, IsrChange change) {
        Outcome outcome = PartitionRules.changeIsr(row, leaderId, leaderBrokerEpoch, change, standings(), terms);
        if (outcome instanceof Outcome.Changed(PartitionImage now)) {
            commit(now);
            return new Outcome.Changed(row);
        }
        return outcome;
    }

    /** Without effect while the partition is on its way to others. */
    void reassign(List<Integer> target) {
        before = row.isReassigned() ? before : row.replicas();
        commit(PartitionRules.reassign(row, target, standings(), terms));
    }

    /** Whether it is on its way no more. */
    boolean cancelReassignment() {
        commit(PartitionRules.cancelReassignment(row, before, standings(), terms));
        return !row.isReassigned();
    }

    /** What the controller does now and then. */
    void control(long nowMicros) {
        boolean[] changed = {false};
        brokers.forEach((id, broker) -> {
            if (broker.settledEpoch != broker.epoch) {
                brokersChanged(Set.of(id));
                broker.settledEpoch = broker.epoch;
                broker.tailLost = false;
                commit(row);
            }
        });
        brokers.forEach((id, broker) -> {
            boolean expired = nowMicros > broker.leaseEndMicros && nowMicros > trustsLeasesFromMicros;
            if (expired && !broker.fenced) {
                fence(id);
            } else if (!expired && broker.fenced && broker.ready) {
                broker.fenced = false;
                changed[0] = true;
            }
            changed[0] |= broker.leaving && row.leader() == id;
        });
        if (changed[0]) {
            brokersChanged(Set.of());
        }
    }

    /** The process of a broker is known to have died: its registration is fenced without waiting for the lease. */
    void refusedConnection(int id, long epoch) {
        Broker broker = broker(id);
        if (broker.epoch == epoch && !broker.fenced) {
            broker.ready = false;
            fence(id);
        }
    }

    void restorePreferredLeader() {
        commit(PartitionRules.restorePreferredLeader(row, standings()));
    }

    private void fence(int id) {
        broker(id).fenced = true;
        brokersChanged(Set.of(id));
    }

    private void brokersChanged(Set<Integer> ended) {
        commit(PartitionRules.brokersChanged(row, standings(), ended, terms));
    }

    private void commit(PartitionImage asked) {
        boolean someGo = !asked.replicas().containsAll(row.replicas());
        PartitionImage next = someGo && mutant == Mutant.REMOVAL_IN_THE_SAME_EPOCH ? inTheSameEpoch(asked) : asked;
        removals += someGo ? 1 : 0;
        Invariant.holds(next.leaderEpoch() >= row.leaderEpoch() && (next.leader() == row.leader() || next
                .leaderEpoch() > row.leaderEpoch()), "leader epoch of %s after %s", next, row);
        Invariant.holds(next.equals(row) || next.partitionEpoch() == row.partitionEpoch() + 1, "%s after %s", next,
                row);
        Invariant.holds(next.leader() == PartitionImage.NO_LEADER || next.isr().contains(next.leader()),
                "the leader is not in sync: %s", next);
        row = next;
        ClusterView view = new ClusterView(views.size(), row, images());
        ClusterView before = views.getLast();
        if (!view.row().equals(before.row()) || !view.brokers().equals(before.brokers())) {
            views.add(view);
        }
    }

    private PartitionImage inTheSameEpoch(PartitionImage next) {
        return next.leader() != row.leader() ? next
                : new PartitionImage(next.index(), next.replicas(), next.isr(), next.leader(), row.leaderEpoch(), next
                        .partitionEpoch(), next.elr(), next.lastLeader(), next.adding(), next.removing(), next
                                .recovering());
    }

    private Broker broker(int id) {
        @Nullable
        Broker broker = brokers.get(id);
        if (broker == null) {
            throw new IllegalArgumentException("no broker " + id);
        }
        return broker;
    }

    private Map<Integer, BrokerImage> images() {
        Map<Integer, BrokerImage> images = new HashMap<>();
        brokers.forEach((id, broker) -> images.put(id, new BrokerImage(id, broker.epoch, "", 0, "", broker.fenced,
                broker.tailLost, broker.leaving, false)));
        return images;
    }

    private Map<Integer, Standing> standings() {
        Map<Integer, Standing> standings = new HashMap<>();
        brokers.forEach((id, broker) -> standings.put(id, new Standing(id, broker.epoch, broker.fenced, broker.leaving,
                broker.tailLost)));
        return standings;
    }
}
