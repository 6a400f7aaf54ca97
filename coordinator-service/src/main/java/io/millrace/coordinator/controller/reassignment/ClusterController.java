package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.api.ClusterApi;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.controller.ControllerRole;
import io.millrace.coordinator.controller.TopicSettings;
import io.millrace.coordinator.controller.placement.BrokerUse;
import io.millrace.coordinator.controller.placement.Evacuation;
import io.millrace.coordinator.controller.placement.Growth;
import io.millrace.coordinator.controller.placement.Plan;
import io.millrace.coordinator.controller.placement.Rebalance;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
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
    private final ReassignmentStore store;
    private final ReassignmentLoop loop;
    private final TopicSettings topics;

    ClusterController(ControllerRole role, ReassignmentStore store, ReassignmentLoop loop, TopicSettings topics) {
        this.role = role;
        this.store = store;
        this.loop = loop;
        this.topics = topics;
    }

    @Override
    public Planned rebalance(Options options) {
        return planned("a rebalance", options, () -> Rebalance.plan(store.destinations(), store.uses()));
    }

    @Override
    public Planned reassign(Reassign request) {
        return planned("a reassignment", request.options(), () -> {
            var destinations = store.destinations();
            var uses = store.uses();
            var targets = new HashMap<TopicPartition, List<Integer>>();
            for (var each : request.partitions()) {
                var partition = new TopicPartition(each.topic(), each.partition());
                var before = destinations.get(partition);
                if (before == null) {
                    throw new RefusedException(ErrorCode.UNKNOWN_PARTITION, "There is no partition " + each.partition()
                            + " of a topic '" + each.topic() + "'");
                }
                refuseBadReplicas(partition, before, each.replicas(), uses);
                targets.put(partition, List.copyOf(each.replicas()));
            }
            targets.entrySet().removeIf(entry -> entry.getValue().equals(destinations.get(entry.getKey())));
            return new Plan.Moves(targets);
        });
    }

    @Override
    public Planned drain(int id, Options options) {
        if (options.dryRun()) {
            return planned("", options, () -> {
                var uses = store.uses();
                if (uses.replace(id, BrokerUse.DRAINS) == null) {
                    throw unknownBroker(id);
                }
                return Evacuation.plan(store.destinations(), uses);
            });
        }
        return planned("draining broker " + id, options, version -> {
            if (!store.setDraining(id, true, version)) {
                throw unknownBroker(id);
            }
            return Evacuation.plan(store.destinations(), store.uses());
        });
    }

    @Override
    public Cancelled undrain(int id) {
        var cancelled = role.write(version -> {
            if (!store.setDraining(id, false, version)) {
                throw unknownBroker(id);
            }
            return new Cancelled(store.cancel(id), version);
        });
        loop.begin();
        LOG.info("Broker {} may have replicas again", id);
        return cancelled;
    }

    @Override
    public Progress progress() {
        role.require();
        var partitions = store.moving();
        int moving = (int) partitions.stream().filter(Moving::started).count();
        return new Progress(partitions.size() - moving, moving, store.finishedCount(), store.rate(), partitions);
    }

    @Override
    public Cancelled cancel() {
        var cancelled = role.write(version -> {
            int count = store.cancel(null);
            store.clearRateWhenDone();
            return new Cancelled(count, version);
        });
        loop.begin();
        LOG.info("Cancelled the reassignment of {} partitions", cancelled.cancelled());
        return cancelled;
    }

    @Override
    public Changed remove(int id) {
        long removed = role.write(version -> {
            var presence = store.presence(id);
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
            store.remove(id, version);
            return version;
        });
        LOG.info("Removed broker {}", id);
        return new Changed(removed);
    }

    @Override
    public Planned replicationFactor(String name, ReplicationFactor request) {
        int wanted = request.replicationFactor();
        return planned("replication factor " + wanted + " of topic " + name, request.options(), () -> {
            int minInsyncReplicas = requireTopic(name);
            if (wanted < 1 || wanted < minInsyncReplicas) {
                throw new RefusedException(ErrorCode.INVALID_REPLICATION_FACTOR, "Topic '" + name
                        + "' needs at least " + Math.max(1, minInsyncReplicas) + " replicas, not " + wanted
                        + (minInsyncReplicas > 1 ? ": min.insync.replicas asks for them" : ""));
            }
            var plan = Growth.replicationFactor(store.destinations(), store.uses(), name, wanted);
            if (plan instanceof Plan.TooFewBrokers(_, _, int brokers)) {
                throw new RefusedException(ErrorCode.INVALID_REPLICATION_FACTOR, "Topic '" + name + "' cannot have "
                        + wanted + " replicas on the " + brokers + " brokers that are running and not drained");
            }
            return plan;
        });
    }

    @Override
    public Changed partitions(String name, Partitions request) {
        if (request.validateOnly()) {
            role.require();
            newPartitions(name, request.count());
            return new Changed(NOTHING_CHANGED);
        }
        long changed = role.write(version -> {
            store.insert(newPartitions(name, request.count()), version);
            return version;
        });
        LOG.info("Topic {} has {} partitions now", name, request.count());
        return new Changed(changed);
    }

    private Map<TopicPartition, List<Integer>> newPartitions(String name, int count) {
        requireTopic(name);
        var destinations = store.destinations();
        var present = destinations.keySet().stream().filter(it -> it.topic().equals(name)).toList();
        if (count <= present.size() || count > topics.maxPartitions()) {
            throw new RefusedException(ErrorCode.INVALID_PARTITIONS, "Topic '" + name + "' has " + present.size()
                    + " partitions and can have more, up to " + topics.maxPartitions() + ", not " + count);
        }
        int replicationFactor = destinations.get(new TopicPartition(name, 0)).size();
        return moves(Growth.partitions(destinations, store.uses(), name, present.size(), count, replicationFactor));
    }

    private Planned planned(String what, Options options, Supplier<Plan> plan) {
        return planned(what, options, _ -> plan.get());
    }

    @FunctionalInterface
    private interface Planner {
        Plan plan(long version);
    }

    /** The plan is made under the lock that excludes all other changes of the metadata. */
    private Planned planned(String what, Options options, Planner planner) {
        refuseBadRate(options.throttleBytesPerSecond());
        if (options.dryRun()) {
            role.require();
            return described(moves(planner.plan(NOTHING_CHANGED)), NOTHING_CHANGED);
        }
        var planned = role.write(version -> {
            var targets = moves(planner.plan(version));
            var answer = described(targets, version);
            if (!targets.isEmpty()) {
                store.want(targets);
            }
            if (options.throttleBytesPerSecond() != null) {
                store.setRate(options.throttleBytesPerSecond());
                // Where nothing moves there is nothing to limit, and the next request is not to inherit it.
                store.clearRateWhenDone();
            }
            return answer;
        });
        loop.begin();
        LOG.info("Planned {}: {} partitions change, {} replicas are to be copied", what, planned.moves().size(), planned
                .copies());
        return planned;
    }

    private Planned described(Map<TopicPartition, List<Integer>> targets, long version) {
        var destinations = store.destinations();
        // Without a lock, as for a dry run, a topic may have been deleted since the plan was made.
        var moves = targets.keySet().stream().filter(destinations::containsKey).sorted().map(partition -> new Move(
                partition.topic(), partition
                        .partition(), destinations.get(partition), targets.get(partition))).toList();
        int copies = moves.stream().mapToInt(move -> (int) move.after().stream().filter(id -> !move.before().contains(
                id)).count()).sum();
        return new Planned(moves, copies, version);
    }

    private static Map<TopicPartition, List<Integer>> moves(Plan plan) {
        return switch (plan) {
            case Plan.Moves(var targets) -> targets;
            case Plan.TooFewBrokers(var partition, int replicas, int brokers) -> throw new RefusedException(
                    ErrorCode.TOO_FEW_BROKERS, "Topic '" + partition.topic() + "' has " + replicas
                            + " replicas of partition " + partition.partition() + ", and only " + brokers
                            + " brokers could have them");
        };
    }

    private int requireTopic(String name) {
        var minInsyncReplicas = store.minInsyncReplicas(name);
        if (minInsyncReplicas == null) {
            throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "There is no topic '" + name + "'");
        }
        return minInsyncReplicas;
    }

    private static void refuseBadReplicas(TopicPartition partition, List<Integer> before, List<Integer> replicas,
            Map<Integer, BrokerUse> uses) {
        if (replicas.isEmpty() || new HashSet<>(replicas).size() != replicas.size()) {
            throw new RefusedException(ErrorCode.INVALID_REPLICA_ASSIGNMENT, "Partition " + partition
                    + " needs brokers that differ from each other, not " + replicas);
        }
        var unfit = replicas.stream().filter(id -> !before.contains(id) && uses.get(id) != BrokerUse.TARGET).toList();
        if (!unfit.isEmpty()) {
            throw new RefusedException(ErrorCode.INVALID_REPLICA_ASSIGNMENT, "Partition " + partition
                    + " is assigned to brokers that are not running, or are drained: " + unfit);
        }
    }

    private static void refuseBadRate(@Nullable Long bytesPerSecond) {
        if (bytesPerSecond != null && bytesPerSecond < 0) {
            throw new RefusedException(ErrorCode.INVALID_SETTING,
                    "The throttle is in bytes per second, or 0 for no limit, not " + bytesPerSecond);
        }
    }

    private static RefusedException unknownBroker(int id) {
        return new RefusedException(ErrorCode.UNKNOWN_BROKER, "There is no broker " + id);
    }
}
