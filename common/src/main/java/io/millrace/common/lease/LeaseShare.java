package io.millrace.common.lease;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * How one process keeps to its even share of leases: their number divided by that of the living processes, rounded up. It takes free ones
 * up to its share and gives up what it has beyond; a free one that nobody takes for some rounds it takes over its share, for a lease
 * without a holder is worse than an uneven one, and then keeps what it has for a while, lest it go to and fro. Pure but for being
 * changed in place; the keeper's loop owns it.
 */
final class LeaseShare {
    /** Others look once in a round of their own, which may be a slow one. */
    static final int ROUNDS_LEFT_TO_OTHERS = 3;
    static final int ROUNDS_KEPT_AFTERWARDS = 40;

    /** What to do in one round. The shares of all processes together are never fewer than the leases. */
    record Round(List<String> take, List<String> giveUp) {}

    private final SortedSet<String> names;
    private final Map<String, Integer> roundsFree = new HashMap<>();
    private int roundsToKeep;

    /** @param names of the leases to be spread */
    LeaseShare(SortedSet<String> names) {
        this.names = names;
    }

    /** @param held of the leases to be spread, without those that are being given up */
    Round next(SortedSet<String> held, SortedSet<String> leaving, LeaseView view) {
        var living = new HashSet<>(view.candidates());
        names.forEach(name -> {
            String other = view.others().get(name);
            if (other != null) {
                living.add(other);
            }
        });
        int share = Math.ceilDiv(names.size(), 1 + living.size());
        var take = new TreeSet<String>();
        for (String name : names) {
            if (held.contains(name) || leaving.contains(name) || view.others().containsKey(name)) {
                roundsFree.remove(name);
                continue;
            }
            boolean nobodyElse = roundsFree.merge(name, 1, Integer::sum) > ROUNDS_LEFT_TO_OTHERS;
            if (held.size() + take.size() < share) {
                take.add(name);
            } else if (nobodyElse) {
                take.add(name);
                roundsToKeep = ROUNDS_KEPT_AFTERWARDS;
            }
        }
        if (roundsToKeep > 0) {
            roundsToKeep--;
            return new Round(List.copyOf(take), List.of());
        }
        int surplus = Math.max(0, held.size() - share);
        return new Round(List.copyOf(take), held.reversed().stream().limit(surplus).toList());
    }
}
