package io.millrace.common.metadata;

import io.millrace.common.database.SqlValues;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * The topics and deletions of an image, in the form in which they are told to a PostgreSQL that has lost some of them:
 *
 * <pre>{@code
 * {"topics": [{"id", "name", "configs": {}, "partitions": [{"index", "replicas", "last_leader", "adding", "removing"}]}],
 *  "deleted": [id]}
 * }</pre>
 */
public final class TopicsSeen {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private TopicsSeen() {}

    public static String in(ClusterImage image) {
        return JSON.writeValueAsString(Map.of(
                "topics", image.topicsById().values().stream().map(TopicsSeen::topic).toList(),
                "deleted", image.deletedTopics().keySet().stream().map(id -> SqlValues.uuid(id).toString()).toList()));
    }

    private static Map<String, Object> topic(TopicImage topic) {
        return Map.of(
                "id", SqlValues.uuid(topic.id()).toString(),
                "name", topic.name(),
                "configs", topic.configs(),
                "partitions", topic.partitions().stream().map(TopicsSeen::partition).toList());
    }

    private static Map<String, Object> partition(PartitionImage partition) {
        return Map.of(
                "index", partition.index(),
                "replicas", partition.replicas(),
                "last_leader", partition.lastLeader(),
                "adding", partition.adding(),
                "removing", partition.removing());
    }
}
