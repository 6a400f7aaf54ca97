package io.millrace.coordinator.controller;

import io.millrace.common.error.ErrorCode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What may be a topic, as Kafka has it. */
final class TopicRules {
    private static final int LONGEST_NAME = 249;
    /** Kafka keeps these for itself, and Kafka's tools treat them so. */
    private static final Set<String> RESERVED = Set.of("__consumer_offsets", "__transaction_state",
            "__cluster_metadata", "__share_group_state");

    private TopicRules() {}

    /** A refusal and its reason. */
    record Violation(ErrorCode code, String reason) {}

    static @Nullable Violation violatedByName(String name) {
        if (name.isEmpty()) {
            return invalidName("A topic's name must not be empty");
        }
        if (name.equals(".") || name.equals("..")) {
            return invalidName("A topic's name must not be '.' or '..'");
        }
        if (name.length() > LONGEST_NAME) {
            return invalidName("A topic's name must not be longer than " + LONGEST_NAME + " characters, this one has "
                    + name.length());
        }
        if (!name.chars().allMatch(TopicRules::isLegal)) {
            return invalidName("A topic's name consists of ASCII letters, digits, '.', '_' and '-'; '" + name
                    + "' does not");
        }
        if (RESERVED.contains(name)) {
            return invalidName("The topic name '" + name + "' is reserved");
        }
        return null;
    }

    /** Names of metrics have '.' replaced by '_', so names that differ only there would be one. */
    static String collisionKey(String name) {
        return name.replace('.', '_');
    }

    static @Nullable Violation violatedByPartitions(int partitions, int maxPartitions) {
        return partitions >= 1 && partitions <= maxPartitions
                ? null
                : new Violation(
                        ErrorCode.INVALID_PARTITIONS,
                        "A topic has between 1 and " + maxPartitions + " partitions, not " + partitions);
    }

    /** @param live how many brokers may hold replicas */
    static @Nullable Violation violatedByReplicationFactor(int replicationFactor, int live) {
        if (replicationFactor < 1) {
            return new Violation(ErrorCode.INVALID_REPLICATION_FACTOR,
                    "The replication factor must be at least 1, not " + replicationFactor);
        }
        return replicationFactor <= live
                ? null
                : new Violation(
                        ErrorCode.INVALID_REPLICATION_FACTOR,
                        "The replication factor is " + replicationFactor + ", but only " + live
                                + " brokers are running that could hold replicas");
    }

    /** Kafka takes such a topic, and then refuses every record that asks for all acknowledgements. */
    static @Nullable Violation violatedByMinInsyncReplicas(int minInsyncReplicas, int replicationFactor) {
        return minInsyncReplicas <= replicationFactor
                ? null
                : new Violation(
                        ErrorCode.INVALID_CONFIG,
                        "min.insync.replicas is " + minInsyncReplicas + ", more than the replication factor "
                                + replicationFactor);
    }

    /** @param live ids of the brokers that may lead */
    static @Nullable Violation violatedByAssignments(List<List<Integer>> assignments, Collection<Integer> live) {
        for (int partition = 0; partition < assignments.size(); partition++) {
            var replicas = assignments.get(partition);
            if (replicas.isEmpty() || new HashSet<>(replicas).size() != replicas.size()) {
                return invalidAssignment("Partition " + partition + " needs brokers that differ from each other, not "
                        + replicas);
            }
            if (replicas.size() != assignments.getFirst().size()) {
                return invalidAssignment("Partition " + partition + " has another number of replicas than partition 0");
            }
            var unknown = new ArrayList<>(replicas);
            unknown.removeAll(live);
            if (!unknown.isEmpty()) {
                return invalidAssignment("Partition " + partition + " is assigned to brokers that are not running: "
                        + unknown);
            }
        }
        return null;
    }

    private static boolean isLegal(int character) {
        return character >= 'a' && character <= 'z'
                || character >= 'A' && character <= 'Z'
                || character >= '0' && character <= '9'
                || character == '.'
                || character == '_'
                || character == '-';
    }

    private static Violation invalidName(String reason) {
        return new Violation(ErrorCode.INVALID_TOPIC_NAME, reason);
    }

    private static Violation invalidAssignment(String reason) {
        return new Violation(ErrorCode.INVALID_REPLICA_ASSIGNMENT, reason);
    }
}
