package io.millrace.coordinator.instance;

import io.millrace.common.api.InstancesApi.Settings;
import io.millrace.common.api.TopicPartition;
import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.runtime.GroupStore;
import io.millrace.coordinator.group.runtime.Shard;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The HTTP consumers' rows, and what is kept of where they stand, fenced like their groups'. */
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
    private static final String SELECT_KEPT = """
            select group_id, instance_id, topic_id, partition, next_offset, committed_offset, committed_at_ms, sought_after
            from groups.consumer_group
                join groups.instance_position using (group_id)
            where shard = :shard
            """;
    private static final String UPSERT_KEPT = """
            insert into groups.instance_position (group_id, instance_id, topic_id, partition, next_offset, committed_offset,
                committed_at_ms, sought_after)
            select :group, :instance, topic_id, partition, next_offset, committed_offset, committed_at_ms, sought_after
            from unnest(:topicIds::uuid[], :partitions::int[], :nextOffsets::bigint[], :committedOffsets::bigint[],
                :committedAtMs::bigint[], :soughtAfter::bigint[])
                as kept (topic_id, partition, next_offset, committed_offset, committed_at_ms, sought_after)
            on conflict (group_id, instance_id, topic_id, partition) do update
            set next_offset = excluded.next_offset, committed_offset = excluded.committed_offset,
                committed_at_ms = excluded.committed_at_ms, sought_after = excluded.sought_after
            """;
    private static final String DELETE_KEPT = """
            delete from groups.instance_position
            using unnest(:topicIds::uuid[], :partitions::int[]) as lost (topic_id, partition)
            where group_id = :group and instance_id = :instance
                and instance_position.topic_id = lost.topic_id and instance_position.partition = lost.partition
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

    /** Takes a position as it is stored. */
    @FunctionalInterface
    interface KeptReader {
        void read(String groupId, String instanceId, PartitionId partition, Kept kept);
    }

    /** Every position that is kept for the shard's consumers. */
    void loadKept(Shard shard, KeptReader reader) {
        groups.inShard(shard, () -> {
            jdbc.sql(SELECT_KEPT).param("shard", shard.number()).query(rows -> {
                reader.read(rows.getString("group_id"), rows.getString("instance_id"), new PartitionId(rows.getObject(
                        "topic_id", UUID.class), rows.getInt("partition")), kept(rows));
            });
            return true;
        });
    }

    private static Kept kept(ResultSet rows) throws SQLException {
        Long committed = rows.getObject("committed_offset", Long.class);
        return new Kept(rows.getLong("next_offset"), committed == null ? null
                : new Kept.Committed(committed, rows
                        .getLong("committed_at_ms")), rows.getObject("sought_after", Long.class));
    }

    void keep(Shard shard, InstanceRow row, Map<PartitionId, Kept> positions) {
        var partitions = List.copyOf(positions.keySet());
        var kept = partitions.stream().map(positions::get).toList();
        groups.inShard(shard, () -> jdbc.sql(UPSERT_KEPT).param("group", row.groupId())
                .param("instance", row.instanceId()).param("topicIds", topicIds(partitions))
                .param("partitions", indexes(partitions))
                .param("nextOffsets", kept.stream().map(Kept::next).toArray(Long[]::new))
                .param("committedOffsets", kept.stream().map(Kept::committed).map(committed -> committed == null
                        ? null
                        : committed.next()).toArray(Long[]::new))
                .param("committedAtMs", kept.stream().map(Kept::committed).map(committed -> committed == null
                        ? null
                        : committed.atMs()).toArray(Long[]::new))
                .param("soughtAfter", kept.stream().map(Kept::soughtAfter).toArray(Long[]::new)).update());
    }

    void forget(Shard shard, InstanceRow row, Collection<PartitionId> partitions) {
        groups.inShard(shard, () -> deleteKept(row, List.copyOf(partitions)));
    }

    private int deleteKept(InstanceRow row, List<PartitionId> partitions) {
        return jdbc.sql(DELETE_KEPT).param("group", row.groupId()).param("instance", row.instanceId())
                .param("topicIds", topicIds(partitions)).param("partitions", indexes(partitions)).update();
    }

    private static String[] topicIds(List<PartitionId> partitions) {
        return partitions.stream().map(partition -> partition.topicId().toString()).toArray(String[]::new);
    }

    private static Integer[] indexes(List<PartitionId> partitions) {
        return partitions.stream().map(PartitionId::partition).toArray(Integer[]::new);
    }

    void save(Shard shard, InstanceRow row) {
        groups.inShard(shard, () -> upsert(row));
    }

    /** @param lost where it stood in these is forgotten with it */
    void save(Shard shard, InstanceRow row, Collection<PartitionId> lost) {
        groups.inShard(shard, () -> upsert(row) + deleteKept(row, List.copyOf(lost)));
    }

    private int upsert(InstanceRow row) {
        Settings settings = row.settings();
        return jdbc.sql(UPSERT).param("group", row.groupId()).param("instance", row.instanceId())
                .param("format", settings.format()).param("autoOffsetReset", settings.autoOffsetReset())
                .param("enableAutoCommit", settings.enableAutoCommit()).param("fetchMinBytes", settings.fetchMinBytes())
                .param("requestTimeoutMs", settings.requestTimeoutMs()).param("isolationLevel", settings
                        .isolationLevel())
                .param("sessionTimeoutMs", settings.sessionTimeoutMs())
                .param("topics", row.topics().toArray(String[]::new)).param("topicPattern", row.pattern())
                .param("assignedTopics", row.byHand().stream().map(TopicPartition::topic).toArray(String[]::new))
                .param("assignedPartitions", row.byHand().stream().map(TopicPartition::partition).toArray(
                        Integer[]::new))
                .update();
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
