package io.millrace.coordinator.instance;

import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.runtime.Shard;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Keeps where consumers stand for the next coordinator, where what is committed does not tell it. A consumer forgets a partition here
 * before its group may give it to another, who goes on from what is committed, as it does itself when it gets the partition back.
 */
@Component
class Positions {
    private final InstanceStore store;
    private final GroupOffsets offsets;

    Positions(InstanceStore store, GroupOffsets offsets) {
        this.store = store;
        this.offsets = offsets;
    }

    /** Before anything read from there is given out: a later reset may find another place. Inside the turnstile. */
    void keepFound(HttpConsumer consumer, Map<PartitionId, Long> starts) {
        keep(consumer, starts, null);
    }

    /** Before the client is answered. Inside the turnstile. */
    void keepSought(HttpConsumer consumer, Map<PartitionId, Long> positions) {
        keep(consumer, positions, consumer.progress.lastPollBeforeSeeks());
    }

    private void keep(HttpConsumer consumer, Map<PartitionId, Long> positions, @Nullable Long soughtAfter) {
        if (!positions.isEmpty()) {
            store(consumer, positions, committed(consumer, positions.keySet()), soughtAfter);
        }
    }

    /**
     * Without auto-commit, keeps what the client is done with, at the same intervals: it may never commit, or not here. Outside the
     * turnstile, for the offset service may be slow.
     */
    void keepSettled(HttpConsumer consumer) {
        if (consumer.row.settings().enableAutoCommit()) {
            return;
        }
        Shard shard = consumer.shard;
        SortedMap<PartitionId, Long> before = consumer.turnstile.pass(() -> unkept(consumer));
        if (before.isEmpty()) {
            return;
        }
        // First what is committed, then what is settled: the client cannot have committed more than it is done with by then.
        var committed = committed(consumer, before.keySet());
        consumer.turnstile.pass(() -> {
            SortedMap<PartitionId, Long> now = unkept(consumer);
            now.keySet().retainAll(before.keySet());
            if (!now.isEmpty() && !consumer.deleted && consumer.shard == shard) {
                store(consumer, now, committed, null);
            }
        });
    }

    private static SortedMap<PartitionId, Long> unkept(HttpConsumer consumer) {
        return consumer.progress.unkept(consumer.owned, consumer.kept);
    }

    private Map<PartitionId, Kept.Committed> committed(HttpConsumer consumer, Collection<PartitionId> partitions) {
        return offsets.committed(consumer.row.groupId(), new TreeSet<>(partitions));
    }

    private void store(HttpConsumer consumer, Map<PartitionId, Long> positions,
            Map<PartitionId, Kept.Committed> committed, @Nullable Long soughtAfter) {
        var kept = new HashMap<PartitionId, Kept>();
        positions.forEach((partition, next) -> kept.put(partition, new Kept(next, committed.get(partition),
                soughtAfter)));
        // While it is unknown whether it was stored, there may be something to forget.
        kept.keySet().forEach(partition -> consumer.kept.put(partition, null));
        store.keep(consumer.shard, consumer.row, kept);
        consumer.kept.putAll(kept);
    }

    /** Inside the turnstile. */
    void forgetAllBut(HttpConsumer consumer, Collection<PartitionId> owned) {
        var lost = new TreeSet<>(consumer.kept.keySet());
        lost.removeAll(owned);
        if (!lost.isEmpty()) {
            store.forget(consumer.shard, consumer.row, lost);
            consumer.kept.keySet().removeAll(lost);
        }
    }
}
