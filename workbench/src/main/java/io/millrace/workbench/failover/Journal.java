package io.millrace.workbench.failover;

import io.millrace.workbench.failover.AckTimes.Gap;
import io.millrace.workbench.torture.check.Event;
import io.millrace.workbench.torture.check.History;
import io.millrace.workbench.torture.check.Place;
import io.millrace.workbench.torture.check.Write;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** What all clients of one trial saw. */
final class Journal {
    /** A trial of ten minutes with four clients that see a thousand records a second stays below. */
    private static final int MAX_EVENTS = 5_000_000;
    private static final int MAX_KINDS_OF_FAILURE = 50;

    private record DoorAndPlace(Door door, Place place) {}

    private final long startedNanos = System.nanoTime();
    private final List<Event> events = new ArrayList<>();
    private final Map<DoorAndPlace, AckTimes> times = new HashMap<>();
    private final Map<String, Integer> failures = new TreeMap<>();
    private int acknowledged;
    private int failedWrites;
    private int failedReads;

    synchronized void acknowledged(Door door, Write write, Place place, long offset) {
        long nowNanos = System.nanoTime();
        times.computeIfAbsent(new DoorAndPlace(door, place), ignored -> new AckTimes()).add(nowNanos);
        acknowledged++;
        add(new Event.Acknowledged(TimeUnit.NANOSECONDS.toMillis(nowNanos - startedNanos), write, place, offset));
    }

    /** A write that its client was told to have failed: it may be stored nevertheless. */
    synchronized void failedWrite(Door door, Write write, String why) {
        failedWrites++;
        count(door.label() + " produce: " + why);
        add(new Event.Unknown(write));
    }

    /** A write whose client went away before the answer. */
    synchronized void unanswered(Write write) {
        add(new Event.Unknown(write));
    }

    synchronized void failedRead(Door door, String why) {
        failedReads++;
        count(door.label() + " fetch: " + why);
    }

    synchronized void seen(Event event) {
        add(event);
    }

    private void add(Event event) {
        if (events.size() >= MAX_EVENTS) {
            throw new IllegalStateException("more than " + MAX_EVENTS + " events in one trial");
        }
        events.add(event);
    }

    private void count(String failure) {
        if (failures.size() < MAX_KINDS_OF_FAILURE || failures.containsKey(failure)) {
            failures.merge(failure, 1, Integer::sum);
        }
    }

    /** Whether every partition has had an acknowledgement by every door since then. */
    synchronized boolean isFlowingSince(long sinceNanos, Set<Door> doors, List<Place> places) {
        return doors.stream().allMatch(door -> places.stream().allMatch(place -> {
            AckTimes acks = times.get(new DoorAndPlace(door, place));
            return acks != null && acks.hasAnySince(sinceNanos);
        }));
    }

    /** The longest time for which any partition had no acknowledgement by a door. */
    synchronized Gap longestGap(Door door, long fromNanos, long toNanos) {
        return times.entrySet().stream().filter(entry -> entry.getKey().door() == door)
                .map(entry -> entry.getValue().longestGap(fromNanos, toNanos)).max(Comparator.naturalOrder())
                .orElse(new Gap(fromNanos, toNanos - fromNanos));
    }

    synchronized History history() {
        return new History(events, Set.of(KafkaProducing.WRITER));
    }

    synchronized int acknowledged() {
        return acknowledged;
    }

    synchronized int failedWrites() {
        return failedWrites;
    }

    synchronized int failedReads() {
        return failedReads;
    }

    /** How often each kind of failure came. */
    synchronized Map<String, Integer> failures() {
        return Map.copyOf(failures);
    }
}
