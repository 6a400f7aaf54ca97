package io.millrace.coordinator.controller;

import io.millrace.common.api.TopicsApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ConfigChange;
import io.millrace.common.partition.Terms;
import io.millrace.coordinator.controller.TopicRules.Violation;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.bind.annotation.RestController;

/** Creates, alters and deletes topics. */
@RestController
class TopicsController implements TopicsApi {
    private static final Logger LOG = LoggerFactory.getLogger(TopicsController.class);
    private static final long ONLY_VALIDATED = -1;

    private final ControllerRole role;
    private final TopicStore store;
    private final TopicAlteration alteration;
    private final TopicSettings settings;

    TopicsController(ControllerRole role, TopicStore store, TopicAlteration alteration, TopicSettings settings) {
        this.role = role;
        this.store = store;
        this.alteration = alteration;
        this.settings = settings;
    }

    @Override
    public CreatedTopic create(CreateTopic request) {
        role.require();
        String name = request.name();
        if (name == null) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, "Field 'name' is missing");
        }
        refuseIf(TopicRules.violatedByName(name));
        var configs = givenConfigs(request);
        ConfigChange.check(configs);
        var assignments = request.assignments();
        if (assignments != null && (request.partitions() != null || request.replicationFactor() != null)) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST,
                    "Give either the brokers of each partition or the number of partitions and replicas, not both");
        }
        int partitions = assignments != null ? assignments.size()
                : or(request.partitions(), settings.defaultPartitions());
        refuseIf(TopicRules.violatedByPartitions(partitions, settings.maxPartitions()));
        var asked = new Asked(name, configs, partitions, request.replicationFactor(), assignments);
        if (request.validateOnly()) {
            int replicationFactor = replicas(asked).getFirst().size();
            return new CreatedTopic(Uuid.ZERO_UUID.toString(), partitions, replicationFactor, ONLY_VALIDATED);
        }
        var id = Uuid.randomUuid();
        var created = role.write(version -> {
            var replicas = replicas(asked);
            store.insert(id, name, configs, replicas, version);
            return new CreatedTopic(id.toString(), partitions, replicas.getFirst().size(), version);
        });
        LOG.info("Created topic {} ({}) with {} partitions of {} replicas", name, id, partitions,
                created.replicationFactor());
        return created;
    }

    @Override
    public DeletedTopic delete(String name) {
        var deleted = role.write(version -> {
            var id = store.delete(name, version);
            if (id == null) {
                throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "There is no topic '" + name + "'");
            }
            return new DeletedTopic(id.toString(), name, version);
        });
        LOG.info("Deleted topic {} ({})", name, deleted.topicId());
        return deleted;
    }

    @Override
    public DeletedTopic deleteById(String id) {
        var deleted = role.write(version -> {
            String name = store.nameOf(topicId(id));
            if (name == null || store.delete(name, version) == null) {
                throw new RefusedException(ErrorCode.UNKNOWN_TOPIC_ID, "There is no topic with the id " + id);
            }
            return new DeletedTopic(id, name, version);
        });
        LOG.info("Deleted topic {} ({})", deleted.name(), id);
        return deleted;
    }

    private static Uuid topicId(String text) {
        try {
            return Uuid.fromString(text);
        } catch (IllegalArgumentException e) {
            throw new RefusedException(ErrorCode.UNKNOWN_TOPIC_ID, "'" + text + "' is no id of a topic");
        }
    }

    @Override
    public AlteredTopic alter(String name, AlterConfigs request) {
        role.require();
        if (request.changes() == null) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, "Field 'changes' is missing");
        }
        if (request.validateOnly()) {
            alteration.check(name, request);
            return new AlteredTopic(ONLY_VALIDATED);
        }
        var altered = role.write(version -> {
            alteration.carryOut(name, request, version);
            return new AlteredTopic(version);
        });
        LOG.info("Altered topic {}: {}{}", name, request.changes(), request.replace() ? ", and all others reset" : "");
        return altered;
    }

    /** A topic that may be, as far as the request itself tells. */
    private record Asked(String name, TreeMap<String, String> configs, int partitions,
            @Nullable Integer replicationFactor, @Nullable List<List<Integer>> assignments) {}

    /** Refuses what only the other topics and the brokers tell. */
    private List<List<Integer>> replicas(Asked asked) {
        String name = asked.name();
        store.nameLike(name).ifPresent(present -> {
            throw present.equals(name)
                    ? new RefusedException(ErrorCode.TOPIC_EXISTS, "There is a topic '" + name + "' already")
                    : new RefusedException(ErrorCode.INVALID_TOPIC_NAME,
                            "The topic name '" + name + "' differs from that of '" + present + "' only in '.' and '_'");
        });
        var leaderships = store.leaderships();
        var assignments = asked.assignments();
        int minInsyncReplicas = Terms.of(asked.configs()).minInsyncReplicas();
        if (assignments != null) {
            refuseIf(TopicRules.violatedByAssignments(assignments, leaderships.keySet()));
            refuseIf(TopicRules.violatedByMinInsyncReplicas(minInsyncReplicas, assignments.getFirst().size()));
            return assignments;
        }
        if (leaderships.isEmpty()) {
            throw new RefusedException(ErrorCode.UNAVAILABLE,
                    "No broker is running that could hold the topic; try again");
        }
        int replicationFactor = or(asked.replicationFactor(), Math.min(settings.defaultReplicationFactor(), leaderships
                .size()));
        refuseIf(TopicRules.violatedByReplicationFactor(replicationFactor, leaderships.size()));
        refuseIf(TopicRules.violatedByMinInsyncReplicas(minInsyncReplicas, replicationFactor));
        return Placement.replicas(leaderships, asked.partitions(), replicationFactor, ThreadLocalRandom.current()
                .nextInt());
    }

    private static TreeMap<String, String> givenConfigs(CreateTopic request) {
        var configs = new TreeMap<String, String>(request.configs() == null ? Map.of() : request.configs());
        var withoutValue = configs.entrySet().stream().filter(config -> config.getValue() == null).map(
                Map.Entry::getKey).collect(Collectors.joining(","));
        if (!withoutValue.isEmpty()) {
            throw new RefusedException(ErrorCode.INVALID_CONFIG, "Null value not supported for topic configs: "
                    + withoutValue);
        }
        return configs;
    }

    private static void refuseIf(@Nullable Violation violation) {
        if (violation != null) {
            throw new RefusedException(violation.code(), violation.reason());
        }
    }

    private static int or(@Nullable Integer given, int otherwise) {
        return given == null ? otherwise : given;
    }
}
