package io.millrace.workbench.torture.load;

import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.History;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** Takes events from all clients in the order in which they are over. */
public final class Recorder {
    /** A run of an hour stays below; over it, the run is ended as failed rather than judged in part. */
    private static final int MAX_EVENTS = 20_000_000;
    private static final int MAX_BROKEN = 200;

    private final long startedNanos = System.nanoTime();
    private final List<Event> events = new ArrayList<>();
    private final List<String> broken = new ArrayList<>();
    private final Map<String, Integer> refusals = new TreeMap<>();

    /** Since the recorder was made. */
    public long nowMs() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos);
    }

    synchronized void add(Event event) {
        if (events.size() >= MAX_EVENTS) {
            throw new IllegalStateException("more than " + MAX_EVENTS + " events: run for a shorter time");
        }
        events.add(event);
    }

    synchronized int size() {
        return events.size();
    }

    /** A promise that is broken beyond what the events tell. */
    public synchronized void broken(String what) {
        if (broken.size() < MAX_BROKEN) {
            broken.add(String.format("after %d ms: %s", nowMs(), what));
        }
    }

    public synchronized List<String> broken() {
        return List.copyOf(broken);
    }

    /** An error that a client was given; none of them is forbidden. */
    synchronized void refused(String what) {
        refusals.merge(what, 1, Integer::sum);
    }

    /** How often clients were given which error. */
    public synchronized Map<String, Integer> refusals() {
        return new TreeMap<>(refusals);
    }

    public synchronized History history(Set<Integer> idempotentProducers) {
        return new History(events, idempotentProducers);
    }
}
