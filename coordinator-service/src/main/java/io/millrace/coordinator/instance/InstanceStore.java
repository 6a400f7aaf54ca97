package io.millrace.coordinator.instance;

import io.millrace.common.api.InstancesApi.Settings;
import io.millrace.common.api.TopicPartition;
import io.millrace.coordinator.group.runtime.GroupStore;
import io.millrace.coordinator.group.runtime.Shard;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The HTTP consumers' rows, fenced like their groups'. */
@Component
class InstanceStore {
    private static final String SELECT = """
            select group_id, instance_id, format, auto_offset_reset, enable_auto_commit, fetch_min_bytes, request_timeout_ms,
                isolation_level, session_timeout_ms, topics, topic_pattern, assigned_topics, assigned_partitions
            from groups.consumer_group
                join groups.instance using (group_id)
            where shard = :shard
            """;
    private static final String UPSERT = """
            insert into groups.instance (group_id, instance_id, format, auto_offset_reset, enable_auto_commit,
                fetch_min_bytes, request_timeout_ms, isolation_level, session_timeout_ms, topics, topic_pattern,
                assigned_topics, assigned_partitions)
            values (:group, :instance, :format, :autoOffsetReset, :enableAutoCommit, :fetchMinBytes, :requestTimeoutMs,
                :isolationLevel, :sessionTimeoutMs, :topics::text[], :topicPattern, :assignedTopics::text[],
                :assignedPartitions::int[])
            on conflict (group_id, instance_id) do update
            set format = excluded.format, auto_offset_reset = excluded.auto_offset_reset,
                enable_auto_commit = excluded.enable_auto_commit, fetch_min_bytes = excluded.fetch_min_bytes,
                request_timeout_ms = excluded.request_timeout_ms, isolation_level = excluded.isolation_level,
                session_timeout_ms = excluded.session_timeout_ms, topics = excluded.topics, topic_pattern = excluded.topic_pattern,
                assigned_topics = excluded.assigned_topics, assigned_partitions = excluded.assigned_partitions
            """;
    private static final String DELETE = """
            delete from groups.instance
            where group_id = :group and instance_id = :instance
            """;

    private final JdbcClient jdbc;
    private final GroupStore groups;

    InstanceStore(JdbcClient jdbc, GroupStore groups) {
        this.jdbc = jdbc;
        this.groups = groups;
    }

    List<InstanceRow> load(Shard shard) {
        return groups.inShard(shard,
                () -> jdbc.sql(SELECT).param("shard", shard.number()).query((rows, _) -> row(rows)).list());
    }

    void save(Shard shard, InstanceRow row) {
        Settings settings = row.settings();
        groups.inShard(shard, () -> jdbc.sql(UPSERT).param("group", row.groupId()).param("instance", row.instanceId())
                .param("format", settings.format()).param("autoOffsetReset", settings.autoOffsetReset())
                .param("enableAutoCommit", settings.enableAutoCommit()).param("fetchMinBytes", settings.fetchMinBytes())
                .param("requestTimeoutMs", settings.requestTimeoutMs()).param("isolationLevel", settings
                        .isolationLevel())
                .param("sessionTimeoutMs", settings.sessionTimeoutMs())
                .param("topics", row.topics().toArray(String[]::new)).param("topicPattern", row.pattern())
                .param("assignedTopics", row.byHand().stream().map(TopicPartition::topic).toArray(String[]::new))
                .param("assignedPartitions", row.byHand().stream().map(TopicPartition::partition).toArray(
                        Integer[]::new))
                .update());
    }

    void delete(Shard shard, InstanceRow row) {
        groups.inShard(shard,
                () -> jdbc.sql(DELETE).param("group", row.groupId()).param("instance", row.instanceId()).update());
    }

    private static InstanceRow row(ResultSet rows) throws SQLException {
        var settings = new Settings(rows.getString("format"), rows.getString("auto_offset_reset"),
                rows.getBoolean("enable_auto_commit"), rows.getInt("fetch_min_bytes"), rows.getInt(
                        "request_timeout_ms"),
                rows.getString("isolation_level"), rows.getInt("session_timeout_ms"));
        var topics = (String[]) rows.getArray("topics").getArray();
        var assignedTopics = (String[]) rows.getArray("assigned_topics").getArray();
        var assignedPartitions = (Integer[]) rows.getArray("assigned_partitions").getArray();
        var byHand = new ArrayList<TopicPartition>();
        for (int i = 0; i < assignedTopics.length; i++) {
            byHand.add(new TopicPartition(assignedTopics[i], assignedPartitions[i]));
        }
        return new InstanceRow(rows.getString("group_id"), rows.getString("instance_id"), settings, List.of(topics),
                rows.getString("topic_pattern"), byHand);
    }
}
