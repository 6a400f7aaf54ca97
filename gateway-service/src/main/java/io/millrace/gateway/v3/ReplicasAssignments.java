package io.millrace.gateway.v3;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The brokers of each partition as Confluent's programs send them: an object by partition, which is what its proxy takes, or a list as its
 * specification has it, of {@code {"partition_id","broker_ids"}}.
 */
final class ReplicasAssignments {
    private ReplicasAssignments() {}

    /** @return null where none are given */
    static @Nullable List<List<Integer>> read(@Nullable JsonNode given) {
        if (given == null || given.isNull() || given.isEmpty() && given.isContainer()) {
            return null;
        }
        var byPartition = new TreeMap<Integer, List<Integer>>();
        if (given.isObject()) {
            given.properties().forEach(entry -> put(byPartition, partition(entry.getKey()), entry.getValue()));
        } else if (given.isArray()) {
            given.forEach(entry -> {
                if (!entry.path("partition_id").isInt()) {
                    throw refused("each needs a partition_id and broker_ids");
                }
                put(byPartition, entry.get("partition_id").asInt(), entry.path("broker_ids"));
            });
        } else {
            throw refused("must be an object or an array");
        }
        if (byPartition.firstKey() != 0 || byPartition.lastKey() != byPartition.size() - 1) {
            throw refused("must name the partitions from 0 on without a gap, not " + byPartition.keySet());
        }
        return List.copyOf(byPartition.values());
    }

    private static void put(TreeMap<Integer, List<Integer>> byPartition, int partition, JsonNode brokers) {
        var ids = new ArrayList<Integer>();
        brokers.forEach(id -> {
            if (!id.isInt()) {
                throw refused("broker ids are whole numbers, not " + id);
            }
            ids.add(id.asInt());
        });
        if (!brokers.isArray() || byPartition.put(partition, ids) != null) {
            throw refused("partition " + partition + " needs one list of broker ids");
        }
    }

    private static int partition(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException _) {
            throw refused("'" + text + "' is not a partition");
        }
    }

    private static RefusedException refused(String what) {
        return new RefusedException(ErrorCode.INVALID_REQUEST, "replicas_assignments: " + what);
    }
}
