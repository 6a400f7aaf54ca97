package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.api.ClusterApi.Progress;
import io.millrace.common.api.ClusterApi.UnderWay;
import io.millrace.common.partition.PartitionTable;
import io.millrace.common.partition.PartitionTable.Row;
import java.util.ArrayList;
import java.util.List;
import org.springframework.stereotype.Component;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/** Tells how far it is: all in numbers, and the first of them one by one. */
@Component
class ReassignmentProgress {
    private final ReassignmentStore store;
    private final PartitionTable partitions;
    private final ReassignmentSettings settings;
    private final TransactionTemplate snapshot;

    ReassignmentProgress(ReassignmentStore store, PartitionTable partitions, ReassignmentSettings settings,
            PlatformTransactionManager transactions) {
        this.store = store;
        this.partitions = partitions;
        this.settings = settings;
        this.snapshot = new TransactionTemplate(transactions);
        this.snapshot.setReadOnly(true);
        this.snapshot.setIsolationLevel(TransactionDefinition.ISOLATION_REPEATABLE_READ);
    }

    /**
     * As it is at one moment: one that begins between two looks would be in neither.
     *
     * @param limit of those told one by one; no more than are configured
     */
    Progress tell(int limit) {
        return snapshot.execute(_ -> look(limit));
    }

    private Progress look(int limit) {
        int listed = Math.clamp(limit, 0, settings.maxListed());
        var brokers = partitions.standings();
        var begun = store.begun();
        var wanted = new ArrayList<>(begun);
        wanted.addAll(store.waiting(Math.max(0, listed - begun.size())));
        var rows = partitions.named(wanted.stream().map(Wanted::key).toList());
        var waiting = store.countWaiting(brokers.keySet().stream().filter(id -> Places.runs(brokers, id)).toList());
        var told = new ArrayList<UnderWay>();
        int moving = 0;
        int stuck = waiting.stuck();
        for (var each : wanted) {
            // One that was deleted meanwhile is not there.
            if (rows.get(each.key()) instanceof Row row) {
                var obstacle = Obstacle.of(each, row, brokers);
                if (begun.contains(each)) {
                    moving++;
                    stuck += obstacle.isStuck() ? 1 : 0;
                }
                told.add(told(each, row, obstacle));
            }
        }
        return new Progress(waiting.waiting(), moving, stuck, store.countFinished(), store.state().rate(), store
                .moves(), List.copyOf(told.subList(0, Math.min(listed, told.size()))));
    }

    private static UnderWay told(Wanted wanted, Row row, Obstacle obstacle) {
        var partition = row.partition();
        return new UnderWay(wanted.topic(), partition.index(), partition.isReassigned(), wanted.before(), wanted
                .destination(), partition.adding(), partition.adding().stream().filter(partition.isr()::contains)
                        .toList(), obstacle.reason(), obstacle.brokers());
    }
}
