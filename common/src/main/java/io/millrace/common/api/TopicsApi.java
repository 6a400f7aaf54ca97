package io.millrace.common.api;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.metadata.ConfigChange;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.service.annotation.DeleteExchange;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.annotation.PostExchange;

/**
 * Topic changes; served by the controller, each in one PostgreSQL transaction. Any other coordinator answers
 * {@link ErrorCode#NOT_CONTROLLER}.
 */
@HttpExchange("/internal/topics")
public interface TopicsApi {
    /**
     * Creates a topic and places its partitions.
     *
     * <p>Refused with {@code TOPIC_EXISTS}, {@code INVALID_TOPIC_NAME}, {@code INVALID_PARTITIONS},
     * {@code INVALID_REPLICATION_FACTOR}, {@code INVALID_REPLICA_ASSIGNMENT}, {@code INVALID_CONFIG}, {@code UNAVAILABLE} (no live
     * broker).
     */
    @PostExchange
    CreatedTopic create(@RequestBody CreateTopic topic);

    /** Deletes a topic by name. Refused with {@code UNKNOWN_TOPIC}. */
    @DeleteExchange("/{name}")
    DeletedTopic delete(@PathVariable String name);

    /** Deletes the topic of that id and no other that has its name by now. Refused with {@code UNKNOWN_TOPIC_ID}. */
    @DeleteExchange("/by-id/{id}")
    DeletedTopic deleteById(@PathVariable String id);

    /**
     * Changes settings of a topic, all or none, as {@link ConfigChange#apply} says. Refused with {@code UNKNOWN_TOPIC}, {@code INVALID_REQUEST},
     * {@code INVALID_CONFIG}, and with {@code UNAVAILABLE} where {@code min.insync.replicas} would change while PostgreSQL, having gone back,
     * still learns who was in sync.
     */
    @Repeatable
    @PostExchange("/{name}/configs")
    AlteredTopic alter(@PathVariable String name, @RequestBody AlterConfigs request);

    /**
     * @param partitions        null: the cluster's default
     * @param replicationFactor null: the cluster's default
     * @param assignments       broker ids per partition, chosen by the caller; null: the controller places them
     * @param configs           Kafka's names; an unknown name or a bad value is refused by name; null: none
     * @param validateOnly      answer as if, but change nothing
     */
    record CreateTopic(
            String name,
            @Nullable Integer partitions,
            @Nullable Integer replicationFactor,
            @Nullable List<List<Integer>> assignments,
            @Nullable Map<String, String> configs,
            boolean validateOnly) {}

    /** @param version the cluster version from which images contain it; -1 when only validated */
    record CreatedTopic(String topicId, int partitions, int replicationFactor, long version) {}

    /** @param version the cluster version from which images no longer contain it */
    record DeletedTopic(String topicId, String name, long version) {}

    /**
     * @param changes      each of another setting
     * @param replace      whether all settings that are not named get their defaults again; else they stay
     * @param validateOnly answer as if, but change nothing
     */
    record AlterConfigs(List<ConfigChange> changes, boolean replace, boolean validateOnly) {
        public static AlterConfigs of(ConfigChange... changes) {
            return new AlterConfigs(List.of(changes), false, false);
        }
    }

    /** @param version the cluster version from which images contain it; -1 when only validated */
    record AlteredTopic(long version) {}
}
