package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.api.ClusterApi.Reason;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.PartitionRules;
import io.millrace.common.partition.PartitionTable.Row;
import io.millrace.common.partition.Standing;
import java.util.List;
import java.util.Map;

/**
 * What a reassignment waits for.
 *
 * @param brokers that it is about; may be empty
 */
record Obstacle(Reason reason, List<Integer> brokers) {
    static Obstacle of(Wanted wanted, Row row, Map<Integer, Standing> brokers) {
        var partition = row.partition();
        var target = partition.isReassigned()
                ? partition.replicas().stream().filter(id -> !partition.removing().contains(id)).toList()
                : wanted.destination();
        var coming = target.stream().filter(id -> !partition.isr().contains(id) && (partition.adding().contains(id)
                || !partition.replicas().contains(id))).toList();
        var away = coming.stream().filter(id -> !Places.runs(brokers, id)).toList();
        if (!away.isEmpty()) {
            return new Obstacle(Reason.BROKER_NOT_RUNNING, away);
        }
        if (partition.leader() == PartitionImage.NO_LEADER) {
            return new Obstacle(Reason.NO_LEADER, List.of());
        }
        if (!partition.isReassigned()) {
            return PartitionRules.mayHave(partition, target, row.terms()) ? new Obstacle(Reason.QUEUED, coming)
                    : new Obstacle(Reason.BELOW_MIN_ISR, List.of());
        }
        if (!coming.isEmpty()) {
            return new Obstacle(Reason.CATCHING_UP, coming);
        }
        return new Obstacle(Reason.BELOW_MIN_ISR, target.stream().filter(id -> !partition.isr().contains(id)).toList());
    }

    /** Whether it goes on only once something else has changed. */
    boolean isStuck() {
        return switch (reason) {
            case QUEUED, CATCHING_UP -> false;
            case BROKER_NOT_RUNNING, NO_LEADER, BELOW_MIN_ISR -> true;
        };
    }
}
