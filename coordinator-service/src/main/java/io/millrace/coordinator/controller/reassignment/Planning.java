package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.controller.ControllerRole;
import io.millrace.coordinator.controller.placement.Plan;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.springframework.stereotype.Component;

/**
 * Makes a plan while others go on writing metadata, for that may take its time, and writes it down if what it was made of is still there; else
 * makes another.
 */
@Component
class Planning {
    private final ControllerRole role;
    private final ClusterStore cluster;
    private final ReassignmentSettings settings;

    Planning(ControllerRole role, ClusterStore cluster, ReassignmentSettings settings) {
        this.role = role;
        this.cluster = cluster;
        this.settings = settings;
    }

    /**
     * A plan and what it was made of.
     *
     * @param targets the replicas of the partitions that are to change
     */
    record Made(Basis basis, Map<TopicPartition, List<Integer>> targets) {}

    @FunctionalInterface
    interface Writing<T> {
        T write(Made made, long version);
    }

    /** A plan that nobody carries out. */
    Made make(UnaryOperator<Basis> assumption, Function<Basis, Plan> planner) {
        role.require();
        var basis = assumption.apply(cluster.basis());
        return new Made(basis, targets(planner.apply(basis)));
    }

    /**
     * @param assumption what the request itself changes of the basis
     * @param writing    runs within the controller's write
     */
    <T> T carryOut(UnaryOperator<Basis> assumption, Function<Basis, Plan> planner, Writing<T> writing) {
        for (int attempt = 0; attempt < settings.planAttempts(); attempt++) {
            var made = make(assumption, planner);
            try {
                return role.write(version -> {
                    if (!made.basis.stillServes(made.targets, assumption.apply(cluster.basis()))) {
                        throw new OutdatedException();
                    }
                    return writing.write(made, version);
                });
            } catch (OutdatedException e) {
                // The next plan is made of what is there now.
            }
        }
        throw new RefusedException(ErrorCode.UNAVAILABLE, "The cluster changed each time while a plan was made, "
                + settings.planAttempts() + " times; try again");
    }

    private static Map<TopicPartition, List<Integer>> targets(Plan plan) {
        return switch (plan) {
            case Plan.Moves(var targets) -> targets;
            case Plan.TooFewBrokers(var partition, int replicas, int brokers) -> throw new RefusedException(
                    ErrorCode.TOO_FEW_BROKERS, "Topic '" + partition.topic() + "' has " + replicas
                            + " replicas of partition " + partition.partition() + ", and only " + brokers
                            + " brokers could have them");
        };
    }

    /** Undoes the transaction. */
    private static final class OutdatedException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }
}
