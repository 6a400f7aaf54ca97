package io.millrace.workbench.torture.check;

import io.millrace.workbench.torture.check.Anomaly.Kind;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Judges a history, after Jepsen's Kafka workload (jepsen.tests.kafka): there each polled offset holds one value, and whatever a
 * completed send or a poll saw below the last offset is still there. Here the last reader reads every partition whole, so that an absence is
 * a loss and not merely something not yet read.
 */
public final class Checker {
    /** A record of the log as it is at the end. */
    private record Kept(Write write, int leaderEpoch) {}

    private record PlaceAndOffset(Place place, long offset) {
        @Override
        public String toString() {
            return place + "@" + offset;
        }
    }

    private record ReaderAndPlace(int reader, Place place) {}

    private record GroupAndPlace(String group, Place place) {}

    private record PlaceAndEpoch(Place place, int epoch) {}

    private final History history;
    private final Verdict.Collector found = new Verdict.Collector();
    private final Map<Place, TreeMap<Long, Kept>> logs = new HashMap<>();
    private final Map<Place, Event.Bounds> bounds = new HashMap<>();
    private final Map<Write, Event.Acknowledged> acknowledged = new HashMap<>();
    private final Set<Write> unknown = new HashSet<>();

    private Checker(History history) {
        this.history = history;
    }

    public static Verdict judge(History history) {
        Checker checker = new Checker(history);
        checker.index();
        checker.oneValueAtEachOffset();
        checker.nothingIsLost();
        checker.nothingIsDoubled();
        checker.logs.forEach(checker::inOrder);
        checker.bounds.values().forEach(checker::gapless);
        checker.highWatermarksRise();
        checker.oneLeaderInEachEpoch();
        checker.commitsStay();
        return checker.found.verdict();
    }

    private void index() {
        for (Event event : history.events()) {
            switch (event) {
                case Event.Acknowledged ack -> acknowledged.put(ack.write(), ack);
                case Event.Unknown lost -> unknown.add(lost.write());
                case Event.Bounds ends -> bounds.put(ends.place(), ends);
                case Event.Read read when read.reader() == History.FINAL_READER -> log(read.place())
                        .putIfAbsent(read.offset(), new Kept(read.write(), read.leaderEpoch()));
                case Event.Read _,Event.HighWatermark _,Event.Leader _,Event.Committed _,Event.CommitRead _ -> {
                    // looked at by the rule that it concerns
                }
            }
        }
    }

    private TreeMap<Long, Kept> log(Place place) {
        return logs.computeIfAbsent(place, ignored -> new TreeMap<>());
    }

    private void oneValueAtEachOffset() {
        Map<PlaceAndOffset, Write> values = new HashMap<>();
        for (Event event : history.events()) {
            switch (event) {
                case Event.Acknowledged ack -> compare(values, ack.place(), ack.offset(), ack.write());
                case Event.Read read -> compare(values, read.place(), read.offset(), read.write());
                default -> {
                    // names no value
                }
            }
        }
    }

    private void compare(Map<PlaceAndOffset, Write> values, Place place, long offset, Write write) {
        PlaceAndOffset where = new PlaceAndOffset(place, offset);
        Write first = values.putIfAbsent(where, write);
        if (first != null && !first.equals(write)) {
            found.add(Kind.INCONSISTENT_OFFSET, where + " was " + first + " and " + write);
        }
    }

    private void nothingIsLost() {
        Map<Place, Set<Write>> there = new HashMap<>();
        logs.forEach((place, log) -> {
            Set<Write> writes = HashSet.newHashSet(log.size());
            log.values().forEach(kept -> writes.add(kept.write()));
            there.put(place, writes);
        });
        for (Event.Acknowledged ack : acknowledged.values()) {
            if (!there.getOrDefault(ack.place(), Set.of()).contains(ack.write())) {
                found.add(Kind.LOST, ack.write() + ", acknowledged at " + ack.place() + "@" + ack.offset() + " after "
                        + ack.atMs() + " ms");
            }
        }
        Set<PlaceAndOffset> reported = new HashSet<>();
        for (Event event : history.events()) {
            if (event instanceof Event.Read(int reader, Place place, long offset, _, Write write)
                    && !log(place).containsKey(offset) && reported.add(new PlaceAndOffset(place, offset))) {
                found.add(Kind.VANISHED, write + ", read by reader " + reader + " at " + place + "@" + offset);
            }
        }
    }

    private void nothingIsDoubled() {
        Map<Write, PlaceAndOffset> first = new HashMap<>();
        logs.forEach((place, log) -> log.forEach((offset, kept) -> {
            PlaceAndOffset here = new PlaceAndOffset(place, offset);
            PlaceAndOffset before = first.putIfAbsent(kept.write(), here);
            if (before != null && !mayBeDoubled(kept.write())) {
                found.add(Kind.DUPLICATE, kept.write() + " at " + before + " and " + here);
            }
        }));
    }

    private boolean mayBeDoubled(Write write) {
        return !history.idempotentProducers().contains(write.producer()) && unknown.contains(write);
    }

    /**
     * A write that was acknowledged before the next was sent stands before it. An idempotent producer has several under way, and still
     * none may pass another; with any other, one of unknown outcome may be stored late.
     */
    private void inOrder(Place place, TreeMap<Long, Kept> log) {
        Map<Integer, Write> last = new HashMap<>();
        int epoch = Event.NO_EPOCH;
        for (Map.Entry<Long, Kept> entry : log.entrySet()) {
            Write write = entry.getValue().write();
            Write before = last.merge(write.producer(), write, (one, other) -> one.sequence() > other.sequence() ? one
                    : other);
            boolean isOrdered = history.idempotentProducers().contains(write.producer())
                    || acknowledged.containsKey(write) && !unknown.contains(write);
            if (before.sequence() > write.sequence() && isOrdered) {
                found.add(Kind.REORDER, write + " at " + place + "@" + entry.getKey() + " after " + before);
            }
            if (entry.getValue().leaderEpoch() < epoch) {
                found.add(Kind.EPOCH_BACK, place + "@" + entry.getKey() + " has epoch " + entry.getValue().leaderEpoch()
                        + " after epoch " + epoch);
            }
            epoch = Math.max(epoch, entry.getValue().leaderEpoch());
        }
    }

    private void gapless(Event.Bounds ends) {
        TreeMap<Long, Kept> log = log(ends.place());
        long expected = ends.start();
        for (long offset : log.tailMap(ends.start()).headMap(ends.end()).keySet()) {
            gap(ends.place(), expected, offset);
            expected = offset + 1;
        }
        gap(ends.place(), expected, ends.end());
    }

    private void gap(Place place, long expected, long offset) {
        if (offset > expected) {
            found.add(Kind.GAP, place + " has nothing from " + expected + " to " + (offset - 1));
        }
    }

    private void highWatermarksRise() {
        Map<ReaderAndPlace, Long> highest = new HashMap<>();
        for (Event event : history.events()) {
            if (event instanceof Event.HighWatermark(int reader, Place place, long offset)) {
                long before = highest.merge(new ReaderAndPlace(reader, place), offset, Math::max);
                if (offset < before) {
                    found.add(Kind.HIGH_WATERMARK_BACK, place + " from " + before + " to " + offset + " for reader "
                            + reader);
                }
            }
        }
    }

    private void oneLeaderInEachEpoch() {
        Map<PlaceAndEpoch, Event.Leader> leaders = new HashMap<>();
        for (Event event : history.events()) {
            if (event instanceof Event.Leader named) {
                Event.Leader first = leaders.putIfAbsent(new PlaceAndEpoch(named.place(), named.epoch()), named);
                if (first != null && first.leader() != named.leader()) {
                    found.add(Kind.TWO_LEADERS, named.place() + " in epoch " + named.epoch() + ": broker "
                            + first.leader() + " says " + first.source() + ", broker " + named.leader() + " says "
                            + named.source());
                }
            }
        }
    }

    /** What was acknowledged or read before a read was asked for is the least that the read answers. */
    private void commitsStay() {
        Map<GroupAndPlace, TreeMap<Integer, Long>> floors = new HashMap<>();
        List<Event> events = history.events();
        for (int at = 0; at < events.size(); at++) {
            switch (events.get(at)) {
                case Event.Committed(String group, Place place, long offset) -> raise(floors, group, place, at, offset);
                case Event.CommitRead(String group, Place place, long offset, int askedAt) -> {
                    TreeMap<Integer, Long> floor = floors.getOrDefault(new GroupAndPlace(group, place),
                            new TreeMap<>());
                    Map.Entry<Integer, Long> known = floor.lowerEntry(askedAt);
                    if (known != null && offset < known.getValue()) {
                        found.add(Kind.COMMIT_BACK, "group " + group + " on " + place + " from " + known.getValue()
                                + " to " + offset);
                    }
                    raise(floors, group, place, at, offset);
                }
                default -> {
                    // no commit
                }
            }
        }
    }

    /** Keeps by index the highest offset that was known by then. */
    private static void raise(
            Map<GroupAndPlace, TreeMap<Integer, Long>> floors,
            String group,
            Place place,
            int at,
            long offset) {
        TreeMap<Integer, Long> floor = floors.computeIfAbsent(new GroupAndPlace(group, place),
                ignored -> new TreeMap<>());
        if (floor.isEmpty() || floor.lastEntry().getValue() < offset) {
            floor.put(at, offset);
        }
    }
}
