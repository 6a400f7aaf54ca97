package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.api.ClusterApi;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.partition.PartitionTable;
import io.millrace.coordinator.controller.ControllerRole;
import io.millrace.coordinator.controller.TopicSettings;
import io.millrace.coordinator.controller.placement.Evacuation;
import io.millrace.coordinator.controller.placement.Growth;
import io.millrace.coordinator.controller.placement.Plan;
import io.millrace.coordinator.controller.placement.Rebalance;
import io.millrace.coordinator.controller.reassignment.ClusterStore.Topic;
import io.millrace.coordinator.controller.reassignment.Planning.Made;
import java.util.HashMap;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.bind.annotation.RestController;

/** Plans and writes down what is to be where; {@link ReassignmentLoop} carries it out. */
@RestController
class ClusterController implements ClusterApi {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterController.class);
    private static final long NOTHING_CHANGED = -1;

    private final ControllerRole role;
    private final Planning planning;
    private final ClusterStore cluster;
    private final ReassignmentStore reassignments;
    private final ReassignmentProgress progress;
    private final PartitionTable partitions;
    private final ReassignmentLoop loop;
    private final TopicSettings topics;
    private final Elections elections;

    ClusterController(ControllerRole role, Planning planning, ClusterStore cluster, ReassignmentStore reassignments,
            ReassignmentProgress progress, PartitionTable partitions, ReassignmentLoop loop, TopicSettings topics,
            Elections elections) {
        this.role = role;
        this.planning = planning;
        this.cluster = cluster;
        this.reassignments = reassignments;
        this.progress = progress;
        this.partitions = partitions;
        this.loop = loop;
        this.topics = topics;
        this.elections = elections;
    }

    @Override
    public Planned rebalance(Options options) {
        return planned("a rebalance", options, basis -> Rebalance.plan(basis.destinations(), basis.uses()));
    }

    @Override
    public Planned reassign(Reassign request) {
        var asked = AskedReplicas.of(request.partitions());
        var names = asked.keySet().stream().map(TopicPartition::topic).distinct().toList();
        return planned("a reassignment", request.options(), basis -> new Plan.Moves(AskedReplicas.changes(asked, basis,
                cluster.topics(names))));
    }

    @Override
    public ReassignedEach reassignEach(ReassignEach request) {
        var names = request.partitions().stream().map(Replicas::topic).distinct().toList();
        var refused = new HashMap<TopicPartition, RefusedException>();
        var planned = planned("a reassignment", new Options(false, null), basis -> {
            // A plan may be made several times.
            refused.clear();
            return new Plan.Moves(AskedReplicas.possible(request.partitions(), basis, cluster.topics(names), refused));
        });
        var outcomes = request.partitions().stream().map(each -> refused.get(new TopicPartition(each.topic(), each
                .partition()))).map(refusal -> refusal == null ? ReassignOutcome.TAKEN
                        : new ReassignOutcome(refusal.code(), refusal.getMessage())).toList();
        return new ReassignedEach(outcomes, planned.version());
    }

    @Override
    public Planned drain(int id, Options options) {
        return planned("draining broker " + id, options, basis -> basis.draining(id), basis -> Evacuation.plan(basis
                .destinations(), basis.uses()), version -> {
                    if (!cluster.setDraining(id, true, version)) {
                        throw unknownBroker(id);
                    }
                });
    }

    @Override
    public Cancelled undrain(int id) {
        var cancelled = role.write(version -> {
            if (!cluster.setDraining(id, false, version)) {
                throw unknownBroker(id);
            }
            return new Cancelled(reassignments.cancel(id), version);
        });
        loop.begin();
        LOG.info("Broker {} may have replicas again; cancelled the moves of {} partitions from it", id, cancelled
                .cancelled());
        return cancelled;
    }

    @Override
    public Progress progress(int limit) {
        role.require();
        return progress.tell(limit);
    }

    @Override
    public Cancelled cancel() {
        var cancelled = role.write(version -> {
            int count = reassignments.cancel(null);
            reassignments.clearRateWhenDone();
            return new Cancelled(count, version);
        });
        loop.begin();
        LOG.info("Cancelled the moves of {} partitions", cancelled.cancelled());
        return cancelled;
    }

    @Override
    public CancelledOf cancel(Cancel request) {
        var cancelled = role.write(version -> {
            var outcomes = reassignments.cancelOnly(request.partitions());
            reassignments.clearRateWhenDone();
            return new CancelledOf(outcomes, version);
        });
        loop.begin();
        LOG.info("Cancelled the moves of {} of {} partitions that were named", cancelled.outcomes().stream().filter(
                CancelOutcome.CANCELLED::equals).count(), request.partitions().size());
        return cancelled;
    }

    @Override
    public Reassigned list(Reassignments request) {
        role.require();
        return new Reassigned(reassignments.list(request.partitions()));
    }

    @Override
    public Elected elect(Elect request) {
        return elections.hold(request);
    }

    @Override
    public Changed remove(int id) {
        long removed = role.write(version -> {
            var presence = cluster.presence(id);
            if (presence == null) {
                throw unknownBroker(id);
            }
            if (presence.running()) {
                throw new RefusedException(ErrorCode.BROKER_IN_USE, "Broker " + id + " is running: stop it first");
            }
            if (presence.replicas() > 0) {
                throw new RefusedException(ErrorCode.BROKER_IN_USE, "Broker " + id + " has " + presence.replicas()
                        + " replicas: drain it first, and wait until they have moved");
            }
            cluster.remove(id, version);
            return version;
        });
        LOG.info("Removed broker {}", id);
        return new Changed(removed);
    }

    @Override
    public Planned replicationFactor(String name, ReplicationFactor request) {
        int wanted = request.replicationFactor();
        return planned("replication factor " + wanted + " of topic " + name, request.options(), basis -> {
            int minInsyncReplicas = requireTopic(name).minInsyncReplicas();
            if (wanted < 1 || wanted < minInsyncReplicas) {
                throw new RefusedException(ErrorCode.INVALID_REPLICATION_FACTOR, "Topic '" + name
                        + "' needs at least " + Math.max(1, minInsyncReplicas) + " replicas, not " + wanted
                        + (minInsyncReplicas > 1 ? ": min.insync.replicas asks for them" : ""));
            }
            var plan = Growth.replicationFactor(basis.destinations(), basis.uses(), name, wanted);
            if (plan instanceof Plan.TooFewBrokers(_, _, int brokers)) {
                throw new RefusedException(ErrorCode.INVALID_REPLICATION_FACTOR, "Topic '" + name + "' cannot have "
                        + wanted + " replicas on the " + brokers + " brokers that are running and not drained");
            }
            return plan;
        });
    }

    @Override
    public Changed partitions(String name, Partitions request) {
        Function<Basis, Plan> planner = basis -> newPartitions(basis, name, request);
        if (request.validateOnly()) {
            planning.make(UnaryOperator.identity(), planner);
            return new Changed(NOTHING_CHANGED);
        }
        long changed = planning.carryOut(UnaryOperator.identity(), planner, (made, version) -> {
            var created = made.targets().keySet().stream().sorted().toList();
            partitions.insert(requireTopic(name).id(), created.getFirst().partition(), created.stream().map(made
                    .targets()::get).toList(), version);
            return version;
        });
        LOG.info("Topic {} has {} partitions now", name, request.count());
        return new Changed(changed);
    }

    private Plan newPartitions(Basis basis, String name, Partitions request) {
        requireTopic(name);
        int count = request.count();
        int present = (int) basis.destinations().keySet().stream().filter(it -> it.topic().equals(name)).count();
        if (count <= present || count > topics.maxPartitions()) {
            throw new RefusedException(ErrorCode.INVALID_PARTITIONS, "Topic '" + name + "' has " + present
                    + " partitions and can have more, up to " + topics.maxPartitions() + ", not " + count);
        }
        var first = basis.destinations().get(new TopicPartition(name, 0));
        if (first == null) {
            throw unknownTopic(name);
        }
        return request.assignments() == null
                ? Growth.partitions(basis.destinations(), basis.uses(), name, present, count, first.size())
                : new Plan.Moves(AskedReplicas.created(name, present, count, first.size(), request.assignments(), basis
                        .uses()));
    }

    private Planned planned(String what, Options options, Function<Basis, Plan> planner) {
        return planned(what, options, UnaryOperator.identity(), planner, _ -> {});
    }

    /** @param first what the request changes beside, in the same transaction */
    private Planned planned(String what, Options options, UnaryOperator<Basis> assumption,
            Function<Basis, Plan> planner, LongConsumer first) {
        refuseBadRate(options.throttleBytesPerSecond());
        if (options.dryRun()) {
            return described(planning.make(assumption, planner), NOTHING_CHANGED);
        }
        var planned = planning.carryOut(assumption, planner, (made, version) -> {
            first.accept(version);
            if (!made.targets().isEmpty()) {
                reassignments.want(made.targets());
            }
            if (options.throttleBytesPerSecond() != null) {
                reassignments.setRate(options.throttleBytesPerSecond());
                // Where nothing moves there is nothing to limit, and the next request is not to inherit it.
                reassignments.clearRateWhenDone();
            }
            return described(made, version);
        });
        loop.begin();
        LOG.info("Planned {}: {} partitions change, {} replicas are to be copied", what, planned.moves().size(), planned
                .copies());
        return planned;
    }

    private static Planned described(Made made, long version) {
        var before = made.basis().destinations();
        var moves = made.targets().keySet().stream().sorted().map(partition -> new Move(partition.topic(), partition
                .partition(), before.getOrDefault(partition, List.of()), made.targets().get(partition))).toList();
        int copies = moves.stream().mapToInt(move -> (int) move.after().stream().filter(id -> !move.before().contains(
                id)).count()).sum();
        return new Planned(moves, copies, version);
    }

    private Topic requireTopic(String name) {
        var topic = cluster.topics(List.of(name)).get(name);
        if (topic == null) {
            throw unknownTopic(name);
        }
        return topic;
    }

    private static void refuseBadRate(@Nullable Long bytesPerSecond) {
        if (bytesPerSecond != null && bytesPerSecond < 0) {
            throw new RefusedException(ErrorCode.INVALID_SETTING,
                    "The throttle is in bytes per second, or 0 for no limit, not " + bytesPerSecond);
        }
    }

    private static RefusedException unknownTopic(String name) {
        return new RefusedException(ErrorCode.UNKNOWN_TOPIC, "There is no topic '" + name + "'");
    }

    private static RefusedException unknownBroker(int id) {
        return new RefusedException(ErrorCode.UNKNOWN_BROKER, "There is no broker " + id);
    }
}
