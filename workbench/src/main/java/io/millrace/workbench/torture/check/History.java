package io.millrace.workbench.torture.check;

import java.util.List;
import java.util.Set;

/**
 * All that was seen in one run.
 *
 * @param idempotentProducers by number: their writes are never doubled, and stand in each partition in the order in which they were sent.
 *                            Any other sends one request after the other, and may send one again whose outcome it does not know
 */
public record History(List<Event> events, Set<Integer> idempotentProducers) {
    /** The reader that reads everything, from the first offset to the last, when all faults are over. */
    public static final int FINAL_READER = 0;

    public History {
        events = List.copyOf(events);
        idempotentProducers = Set.copyOf(idempotentProducers);
    }
}
