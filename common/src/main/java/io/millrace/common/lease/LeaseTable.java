package io.millrace.common.lease;

import io.millrace.common.lease.LeaseState.Candidate;
import io.millrace.common.lease.LeaseState.Held;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;

/** The leases that one process holds or wants. Pure but for being changed in place; its one loop owns it. */
final class LeaseTable {
    /** What became of a lease. */
    sealed interface Change {
        String name();

        record Acquired(String name, Held held) implements Change {}

        record Renewed(String name, Held held) implements Change {}

        record Lost(String name) implements Change {}
    }

    private final LeaseTiming timing;
    private final Map<String, LeaseState> leases = new TreeMap<>();

    LeaseTable(LeaseTiming timing, Collection<String> names) {
        this.timing = timing;
        names.forEach(name -> leases.put(name, new Candidate()));
    }

    /** Epochs by name of what is to be renewed. */
    Map<String, Long> held() {
        var held = new TreeMap<String, Long>();
        leases.forEach((name, state) -> {
            if (state instanceof Held(long epoch, _)) {
                held.put(name, epoch);
            }
        });
        return held;
    }

    List<String> wanted() {
        return leases.entrySet().stream().filter(lease -> lease.getValue() instanceof Candidate).map(Map.Entry::getKey)
                .toList();
    }

    /** @param renewed epochs by name; a lease that was held when asking and is not among them belongs to another now */
    List<Change> renewed(Map<String, Long> renewed, long sentNanos, long nowNanos) {
        return changeHeld((name, held) -> Long.valueOf(held.epoch()).equals(renewed.get(name))
                ? held.renewed(timing, sentNanos, nowNanos)
                : held.refused());
    }

    /** It is given back, or about to be: not asked for again before it is seen free. */
    void givenUp(String name) {
        leases.put(name, new Candidate());
    }

    /** PostgreSQL did not answer. */
    List<Change> unanswered(long nowNanos) {
        return changeHeld((_, held) -> held.unanswered(nowNanos));
    }

    List<Change> acquired(Map<String, Long> epochs, long sentNanos, long nowNanos) {
        var changes = new ArrayList<Change>();
        epochs.forEach((name, epoch) -> {
            if (leases.get(name) instanceof Candidate candidate
                    && candidate.granted(timing, epoch, sentNanos, nowNanos) instanceof Held held) {
                leases.put(name, held);
                changes.add(new Change.Acquired(name, held));
            }
        });
        return changes;
    }

    private List<Change> changeHeld(BiFunction<String, Held, LeaseState> transition) {
        var changes = new ArrayList<Change>();
        leases.replaceAll((name, state) -> switch (state) {
            case Candidate candidate -> candidate;
            case Held held -> {
                var next = transition.apply(name, held);
                switch (next) {
                    case Candidate _ -> changes.add(new Change.Lost(name));
                    case Held renewed when renewed != held -> changes.add(new Change.Renewed(name, renewed));
                    case Held _ -> {}
                }
                yield next;
            }
        });
        return changes;
    }
}
