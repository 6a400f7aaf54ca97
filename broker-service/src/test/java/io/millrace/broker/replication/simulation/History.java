package io.millrace.broker.replication.simulation;

import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.log.ReadResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.record.internal.RecordBatch;

/** What clients were told, and whether it stays true. */
final class History {
    /** A record as it lies in a log. Values are unique for each producer, and begin with its number. */
    record Stored(int value, int leaderEpoch) {}

    private record Acknowledged(int value, int leaderEpoch) {}

    private final TreeMap<Long, Acknowledged> acknowledged = new TreeMap<>();
    private final Map<Long, Stored> committed = new HashMap<>();
    private final Map<Integer, Integer> leaders = new HashMap<>();
    private final List<Integer> retried = new ArrayList<>();

    int acknowledgedCount() {
        return acknowledged.size();
    }

    int epochCount() {
        return leaders.size();
    }

    /** A leader answered an acks=all request with success. */
    void acknowledged(long baseOffset, int firstValue, int count, int leaderEpoch) {
        for (int i = 0; i < count; i++) {
            Acknowledged before = acknowledged.putIfAbsent(baseOffset + i, new Acknowledged(firstValue + i,
                    leaderEpoch));
            Invariant.holds(before == null || before.value() == firstValue + i,
                    "offset %d was acknowledged for %d and for %d", baseOffset + i, before == null ? 0
                            : before.value(), firstValue + i);
        }
    }

    /** An idempotent producer will repeat this value until it is acknowledged. */
    void idempotent(int value) {
        retried.add(value);
    }

    /** Invariants 1 and 4: one leader per epoch, and it has all that was acknowledged before its epoch. */
    void leads(int brokerId, int leaderEpoch, PartitionLog log) {
        Integer other = leaders.putIfAbsent(leaderEpoch, brokerId);
        Invariant.holds(other == null, "broker %d leads in epoch %d, in which broker %s leads or has led", brokerId,
                leaderEpoch, other);
        TreeMap<Long, Stored> stored = read(log);
        acknowledged.tailMap(log.logStartOffset()).forEach((offset, record) -> {
            if (record.leaderEpoch() < leaderEpoch) {
                Stored found = stored.get(offset);
                Invariant.holds(found != null && found.value() == record.value(),
                        "broker %d leads in epoch %d with %s at offset %d, where %d was acknowledged in epoch %d",
                        brokerId, leaderEpoch, found, offset, record.value(), record.leaderEpoch());
            }
        });
    }

    /** Invariant 1 if PostgreSQL lost now who is in sync: a log that would then be chosen has all that was acknowledged, or read. */
    void wouldSurvive(int brokerId, PartitionLog log) {
        TreeMap<Long, Stored> stored = read(log);
        acknowledged.tailMap(log.logStartOffset()).forEach((offset, record) -> {
            Stored found = stored.get(offset);
            Invariant.holds(found != null && found.value() == record.value(),
                    "by the logs broker %d would lead with %s at offset %d, where %d was acknowledged in epoch %d",
                    brokerId, found, offset, record.value(), record.leaderEpoch());
        });
        committed.forEach((offset, record) -> Invariant.holds(offset < log.logStartOffset() || record.equals(stored.get(
                offset)), "by the logs broker %d would lead with %s at offset %d, where %s was read", brokerId, stored
                        .get(offset), offset, record));
    }

    /** Invariant 2: every reader is given the same record at an offset. */
    void read(long offset, Stored record) {
        Stored before = committed.putIfAbsent(offset, record);
        Invariant.holds(before == null || before.equals(record), "offset %d was read as %s and as %s", offset, before,
                record);
    }

    /** Invariant 5, the part of each log. */
    static void ends(PartitionLog log) {
        Invariant.holds(log.logStartOffset() <= log.highWatermark() && log.highWatermark() <= log.logEndOffset(),
                "log start %d, high watermark %d, log end %d", log.logStartOffset(), log.highWatermark(), log
                        .logEndOffset());
    }

    /** After healing: every log is the same, and holds what was acknowledged and read, each value of an idempotent producer once and in order. */
    void settled(Map<Integer, PartitionLog> logs) {
        PartitionLog one = logs.values().iterator().next();
        TreeMap<Long, Stored> first = read(one);
        logs.forEach((brokerId, log) -> {
            TreeMap<Long, Stored> stored = read(log);
            long from = Math.max(log.logStartOffset(), one.logStartOffset());
            Invariant.holds(stored.tailMap(from).equals(first.tailMap(from)), "broker %d has %s but another has %s",
                    brokerId, stored, first);
            acknowledged.tailMap(log.logStartOffset()).forEach((offset, record) -> Invariant.holds(stored.containsKey(
                    offset) && stored.get(offset).value() == record.value(),
                    "broker %d has %s at offset %d, where %d was acknowledged",
                    brokerId, stored.get(offset), offset, record.value()));
            committed.forEach((offset, record) -> Invariant.holds(offset < log.logStartOffset() || record.equals(stored
                    .get(offset)), "broker %d has %s at offset %d, where %s was read", brokerId, stored.get(offset),
                    offset, record));
        });
        inOrderOnce(first);
    }

    /** Invariant 3. */
    private void inOrderOnce(TreeMap<Long, Stored> log) {
        Set<Integer> idempotent = new HashSet<>(retried);
        Map<Integer, Integer> lastOfProducer = new HashMap<>();
        log.forEach((offset, record) -> {
            if (idempotent.contains(record.value())) {
                Integer last = lastOfProducer.put(SimulatedProducer.producerOf(record.value()), record.value());
                Invariant.holds(last == null || record.value() == last + 1,
                        "offset %d has value %d after value %s of the same producer",
                        offset, record.value(), last);
            }
        });
    }

    static TreeMap<Long, Stored> read(PartitionLog log) {
        return read(log, log.logStartOffset(), log.logEndOffset());
    }

    /** Also finds that offsets are gapless. */
    static TreeMap<Long, Stored> read(PartitionLog log, long from, long to) {
        TreeMap<Long, Stored> stored = new TreeMap<>();
        long next = from;
        while (next < to) {
            if (!(log.read(next, 1 << 20, true, to) instanceof ReadResult.Data data)) {
                throw new Invariant("offset " + next + " cannot be read");
            }
            long before = next;
            for (RecordBatch batch : data.records().batches()) {
                for (var record : batch) {
                    if (record.offset() >= next) {
                        Invariant.holds(record.offset() == next, "offset %d follows %d", record.offset(), next - 1);
                        stored.put(next, new Stored(record.value().getInt(), batch.partitionLeaderEpoch()));
                        next++;
                    }
                }
            }
            Invariant.holds(next > before, "nothing is read at %d of %d", next, to);
        }
        return stored;
    }
}
