package io.millrace.coordinator.controller;

import io.millrace.common.partition.Standing;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Which brokers are fenced and unfenced.
 *
 * <pre>
 *                      registers            ready, its lost tail has been dealt with
 *   (not registered) -----------> fenced -------------------------------------------> unfenced
 *                                   ^                                                    |
 *                                   +--- lease ran out, refuses connections, ------------+
 *                                        deregistered, registered again
 * </pre>
 *
 * @param fence      to be fenced
 * @param unfence    to be unfenced
 * @param lostTails  to be taken out of what they were in sync with, which settles that their tails are lost
 * @param ended      whose leaderships have ended, even if they lead the same partitions again
 * @param standings  all of them, as they are once this is done, but for the lost tails
 */
record BrokerTransitions(Set<Integer> fence, Set<Integer> unfence, Set<Integer> lostTails, Set<Integer> ended,
        Map<Integer, Standing> standings) {

    /**
     * A broker as PostgreSQL has it.
     *
     * @param expired whether its lease has run out, by PostgreSQL's clock
     * @param ready   whether it may lead
     */
    record Broker(int id, long epoch, boolean expired, boolean ready, boolean fenced, boolean tailLost,
            boolean leaving) {
        BrokerPresence.Registered registered() {
            return new BrokerPresence.Registered(id, epoch);
        }
    }

    /**
     * @param refusing     brokers that refused connections after they had taken some
     * @param trustSilence false while it may be that brokers could not renew their leases through no fault of their own, or that the metadata
     *                     is not yet again what it was
     */
    static BrokerTransitions of(Collection<Broker> brokers, Set<BrokerPresence.Registered> refusing,
            boolean trustSilence) {
        var fence = new TreeSet<Integer>();
        var unfence = new TreeSet<Integer>();
        var lostTails = new TreeSet<Integer>();
        var ended = new TreeSet<Integer>();
        var standings = new HashMap<Integer, Standing>();
        for (var broker : brokers) {
            boolean refuses = refusing.contains(broker.registered());
            boolean fenced = broker.fenced;
            if (fenced) {
                ended.add(broker.id);
            }
            if (broker.tailLost) {
                lostTails.add(broker.id);
            } else if (fenced && broker.ready && !broker.expired && !refuses) {
                unfence.add(broker.id);
                fenced = false;
            }
            if (!broker.fenced && trustSilence && (broker.expired || refuses)) {
                fence.add(broker.id);
                ended.add(broker.id);
                fenced = true;
            }
            standings.put(broker.id, new Standing(broker.id, broker.epoch, fenced, broker.leaving, broker.tailLost));
        }
        return new BrokerTransitions(fence, unfence, lostTails, ended, standings);
    }

    boolean isEmpty() {
        return fence.isEmpty() && unfence.isEmpty() && lostTails.isEmpty();
    }

    /** The brokers of whose partitions any may have to change. */
    Set<Integer> affected() {
        var affected = new TreeSet<>(fence);
        affected.addAll(unfence);
        affected.addAll(lostTails);
        return affected;
    }
}
