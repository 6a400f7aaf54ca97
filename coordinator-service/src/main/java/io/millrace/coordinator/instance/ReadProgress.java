package io.millrace.coordinator.instance;

import io.millrace.coordinator.group.PartitionId;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How far a consumer has read. An offset, always the next one to read, goes through three stages: <em>delivered</em> with
 * a poll's reply, <em>confirmed</em> once the client came back after that reply had gone out whole, <em>committed</em> once the
 * offset service has it. A reply that was lost is thus never committed, and its poll can be repeated.
 */
final class ReadProgress {
    private static final class Stages {
        @Nullable
        Long delivered;
        @Nullable
        Long confirmed;
        @Nullable
        Long committed;
    }

    /**
     * @param start  where to read from, null where nothing is known
     * @param end    where the repeated poll ended; null unless repeating
     */
    record Range(@Nullable Long start, @Nullable Long end) {}

    private final Map<PartitionId, Stages> partitions = new HashMap<>();
    private final Map<PartitionId, Long> pollStarts = new HashMap<>();
    private final Map<PartitionId, Long> pollEnds = new HashMap<>();
    private @Nullable String pollId;
    private long pollNumber;
    /** What the client has sought since the last poll began, and that poll's number. */
    private final Set<PartitionId> sought = new HashSet<>();
    private long soughtSince;
    private boolean hasBegun;
    private boolean awaitsAnswer;

    /** @param numberBefore the first poll's; polls of another term or namesake are numbered from elsewhere, so none is taken for one of these */
    ReadProgress(long numberBefore) {
        pollNumber = numberBefore;
    }

    /** Those whose committed offset has not been looked up. */
    SortedSet<PartitionId> unknown(SortedSet<PartitionId> owned) {
        var unknown = new TreeSet<>(owned);
        unknown.removeAll(partitions.keySet());
        return unknown;
    }

    /** @param position where the consumer goes on, which need not be what is committed: another coordinator may know of more */
    void lookedUp(PartitionId partition, @Nullable Long committed, @Nullable Long position) {
        var stages = new Stages();
        stages.delivered = position;
        stages.confirmed = position;
        stages.committed = committed;
        partitions.put(partition, stages);
    }

    /** The client has come for more, or commits: it has all that was delivered. */
    void confirm() {
        partitions.values().forEach(stages -> stages.confirmed = stages.delivered);
    }

    /** The client commits up to here. A partition that has not been looked up will be found to be committed so. */
    void confirm(PartitionId partition, long offset) {
        Stages stages = partitions.get(partition);
        if (stages != null) {
            stages.confirmed = offset;
        }
    }

    /** The client has got all before here, and may have committed more by itself. */
    void confirmFurther(PartitionId partition, long offset) {
        Stages stages = partitions.get(partition);
        if (stages != null && (stages.confirmed == null || offset > stages.confirmed)) {
            stages.confirmed = offset;
        }
    }

    /** The client has got what was delivered of these. */
    void confirm(Collection<PartitionId> of) {
        of.forEach(partition -> {
            Stages stages = partitions.get(partition);
            if (stages != null) {
                stages.confirmed = stages.delivered;
            }
        });
    }

    /** Its reader tells that it was given all before here. */
    void stand(PartitionId partition, long offset) {
        partitions.computeIfAbsent(partition, _ -> new Stages()).delivered = offset;
    }

    /** Whether a poll of this name would repeat the last one. */
    boolean repeats(@Nullable String namedPoll) {
        return namedPoll != null && namedPoll.equals(pollId) && !pollEnds.isEmpty();
    }

    /** Ends a poll that is still under way: what it reads is not taken any more. */
    long supersede() {
        return ++pollNumber;
    }

    long pollNumber() {
        return pollNumber;
    }

    /** Whether the poll of this number was the last before the client moved the positions of some partitions. */
    boolean wasLastBeforeSeeks(long number) {
        return !sought.isEmpty() && soughtSince == number;
    }

    /** The number of the poll that was the last before a seek that comes now. */
    long lastPollBeforeSeeks() {
        return sought.isEmpty() ? pollNumber : soughtSince;
    }

    /** Whether the client has moved its position since the last poll began. */
    boolean isSought(PartitionId partition) {
        return sought.contains(partition);
    }

    /** Whether there has been any poll. */
    boolean hasBegun() {
        return hasBegun;
    }

    /** Begins a poll of these partitions; a repeated one is of those that it delivered from, as far as they are still owned. */
    SortedMap<PartitionId, Range> beginPoll(@Nullable String namedPoll, SortedSet<PartitionId> owned) {
        supersede();
        sought.clear();
        hasBegun = true;
        var ranges = new TreeMap<PartitionId, Range>();
        if (repeats(namedPoll)) {
            for (PartitionId partition : new TreeSet<>(pollEnds.keySet())) {
                if (owned.contains(partition)) {
                    ranges.put(partition, new Range(pollStarts.get(partition), pollEnds.get(partition)));
                    // What the repeated poll leaves out, the one after it gives.
                    goBack(partition, pollEnds.get(partition));
                }
            }
            return ranges;
        }
        pollId = namedPoll;
        pollStarts.clear();
        pollEnds.clear();
        for (PartitionId partition : owned) {
            Stages stages = partitions.get(partition);
            Long start = stages == null ? null : stages.delivered;
            if (start != null) {
                pollStarts.put(partition, start);
            }
            ranges.put(partition, new Range(start, null));
        }
        return ranges;
    }

    /**
     * The poll under way hands these out.
     *
     * @param starts   those found by {@code auto.offset.reset}, where nothing was known or that was not in the log
     * @param isAnswer whether it ends with this, and it is to be heard whether its answer went out
     */
    void delivered(Map<PartitionId, Long> positions, Map<PartitionId, Long> starts, boolean isAnswer) {
        awaitsAnswer = isAnswer;
        pollStarts.putAll(starts);
        positions.forEach((partition, offset) -> {
            partitions.computeIfAbsent(partition, _ -> new Stages()).delivered = offset;
            Long start = pollStarts.get(partition);
            if (start == null || offset > start) {
                pollEnds.put(partition, offset);
            }
        });
    }

    /** Whether it has yet to be heard how the last poll's answer went out. */
    boolean awaitsAnswer() {
        return awaitsAnswer;
    }

    /**
     * It was heard how the last poll's answer went out. If not whole, the next poll begins where that one did, or after what the client has
     * confirmed of it nevertheless. It can still be repeated by its name.
     */
    void answered(boolean whole) {
        awaitsAnswer = false;
        if (whole) {
            return;
        }
        pollEnds.forEach(this::goBack);
    }

    private void goBack(PartitionId partition, long pollEnd) {
        Stages stages = partitions.get(partition);
        if (stages != null) {
            Long start = pollStarts.get(partition);
            boolean hasSome = stages.confirmed != null && (start == null || stages.confirmed > start)
                    && stages.confirmed <= pollEnd;
            stages.delivered = hasSome ? stages.confirmed : start;
        }
    }

    /** Goes on elsewhere, by the client's wish, which also means that it is done with what it had. */
    void seek(Map<PartitionId, Long> positions) {
        soughtSince = lastPollBeforeSeeks();
        sought.addAll(positions.keySet());
        supersede();
        forgetPoll();
        positions.forEach((partition, offset) -> {
            Stages stages = partitions.computeIfAbsent(partition, _ -> new Stages());
            stages.delivered = offset;
            stages.confirmed = offset;
        });
    }

    /** What is confirmed but not committed, of the given partitions. */
    SortedMap<PartitionId, Long> uncommitted(Collection<PartitionId> of) {
        var offsets = new TreeMap<PartitionId, Long>();
        for (PartitionId partition : of) {
            Stages stages = partitions.get(partition);
            if (stages != null && stages.confirmed != null && !stages.confirmed.equals(stages.committed)) {
                offsets.put(partition, stages.confirmed);
            }
        }
        return offsets;
    }

    /**
     * How far the client is done with these partitions, where neither what is committed nor what is kept says as much. What it has confirmed
     * by itself ahead of its reading does not move it: it reads on from where it was.
     */
    SortedMap<PartitionId, Long> unkept(Collection<PartitionId> of, Map<PartitionId, @Nullable Kept> kept) {
        var offsets = new TreeMap<PartitionId, Long>();
        for (PartitionId partition : of) {
            Stages stages = partitions.get(partition);
            if (stages == null || stages.confirmed == null || stages.delivered == null) {
                continue;
            }
            long settled = Math.min(stages.confirmed, stages.delivered);
            Kept known = kept.get(partition);
            boolean isKnown = kept.containsKey(partition)
                    ? known != null && known.next() == settled
                    : Long.valueOf(settled).equals(stages.committed);
            if (!isKnown) {
                offsets.put(partition, settled);
            }
        }
        return offsets;
    }

    void committed(Map<PartitionId, Long> offsets) {
        offsets.forEach((partition, offset) -> {
            Stages stages = partitions.get(partition);
            if (stages != null) {
                stages.committed = offset;
            }
        });
    }

    /** Everything confirmed, committed or not. */
    SortedMap<PartitionId, Long> confirmed() {
        var offsets = new TreeMap<PartitionId, Long>();
        partitions.forEach((partition, stages) -> {
            if (stages.confirmed != null) {
                offsets.put(partition, stages.confirmed);
            }
        });
        return offsets;
    }

    /** Forgets every other partition: its next owner goes on from what is committed, and so does this one if it comes back. */
    void keepOnly(SortedSet<PartitionId> owned) {
        partitions.keySet().retainAll(owned);
        pollStarts.keySet().retainAll(owned);
        pollEnds.keySet().retainAll(owned);
    }

    void clear() {
        partitions.clear();
        sought.clear();
        forgetPoll();
    }

    private void forgetPoll() {
        pollId = null;
        awaitsAnswer = false;
        pollStarts.clear();
        pollEnds.clear();
    }
}
