package io.millrace.offset.stored;

import io.millrace.common.api.OffsetsApi.Committed;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.offset.database.DatabaseGate;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Reads and forgets committed offsets. Joins the topics themselves, not an image of them, so that offsets of a deleted topic are never
 * taken for those of its namesake.
 */
@Component
public final class StoredOffsets {
    private static final String ALL = """
            select topic.name as topic, topic.id as topic_id, committed.partition, committed.next_offset, committed.leader_epoch, committed.metadata,
                (extract(epoch from committed.committed_at) * 1000)::bigint as committed_at_ms
            from offsets.committed
                join metadata.topic on topic.id = committed.topic_id
            where committed.group_id = :group
            order by topic.name, committed.partition
            limit :limit
            """;

    private static final String NAMED = """
            select topic.name as topic, topic.id as topic_id, committed.partition, committed.next_offset, committed.leader_epoch, committed.metadata,
                (extract(epoch from committed.committed_at) * 1000)::bigint as committed_at_ms
            from unnest(:topics::text[], :partitions::int[]) as wanted (topic, partition)
                join metadata.topic on topic.name = wanted.topic
                join offsets.committed on committed.group_id = :group
                    and committed.topic_id = topic.id
                    and committed.partition = wanted.partition
            order by topic.name, committed.partition
            """;

    private static final String LOCK_GROUP = """
            select group_id
            from groups.consumer_group
            where group_id = :group
            for update
            """;

    private static final String HAS_MEMBERS = """
            select exists (select from groups.member where group_id = :group)
            """;

    private static final String FORGET = """
            with guard as materialized (
                select exists (select from groups.member where group_id = :group) as has_members
            ),
            forgotten as (
                delete from offsets.committed
                where group_id = :group and not (select has_members from guard)
            )
            select has_members
            from guard
            """;

    private static final String FORGET_NAMED = """
            delete from offsets.committed
            using unnest(:topics::text[], :partitions::int[]) as named (topic, partition)
                join metadata.topic on topic.name = named.topic
            where committed.group_id = :group
                and committed.topic_id = topic.id
                and committed.partition = named.partition
            """;

    private final JdbcClient jdbc;
    private final TransactionTemplate transaction;
    private final DatabaseGate gate;
    private final int maxPartitions;

    StoredOffsets(JdbcClient jdbc, TransactionTemplate transaction, DatabaseGate gate, FetchSettings settings) {
        this.jdbc = jdbc;
        this.transaction = transaction;
        this.gate = gate;
        this.maxPartitions = settings.maxPartitions();
    }

    /** All that the group has committed, ordered by partition. */
    public List<Committed> all(String group) {
        var rows = gate.call(() -> jdbc.sql(ALL)
                .param("group", group)
                .param("limit", maxPartitions + 1)
                .query(StoredOffsets::committed)
                .list());
        if (rows.size() > maxPartitions) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST,
                    "Group '" + group + "' has committed more than " + maxPartitions
                            + " partitions: name the ones to read");
        }
        return rows;
    }

    /** What the group has committed of these partitions; those without a commit, or of no topic, are left out. */
    public List<Committed> of(String group, Collection<TopicPartition> partitions) {
        var named = named(partitions);
        return gate.call(() -> jdbc.sql(NAMED)
                .param("group", group)
                .param("topics", named.topics())
                .param("partitions", named.indexes())
                .query(StoredOffsets::committed)
                .list());
    }

    /** Forgets what the group has committed of these partitions. */
    public void forget(String group, Collection<TopicPartition> partitions) {
        var named = named(partitions);
        gate.call(() -> jdbc.sql(FORGET_NAMED)
                .param("group", group)
                .param("topics", named.topics())
                .param("partitions", named.indexes())
                .update());
    }

    private record Named(String[] topics, Integer[] indexes) {}

    private Named named(Collection<TopicPartition> partitions) {
        if (partitions.size() > maxPartitions) {
            throw new RefusedException(ErrorCode.INVALID_REQUEST, "At most " + maxPartitions
                    + " partitions may be named at once");
        }
        Set<TopicPartition> wanted = new TreeSet<>(partitions);
        return new Named(wanted.stream().map(TopicPartition::topic).toArray(String[]::new),
                wanted.stream().map(TopicPartition::partition).toArray(Integer[]::new));
    }

    public boolean hasMembers(String group) {
        return gate.call(() -> jdbc.sql(HAS_MEMBERS).param("group", group).query(Boolean.class).single());
    }

    /** Forgets all offsets of a group. Refused with {@code GROUP_NOT_EMPTY} while it has members. */
    public void forget(String group) {
        boolean refused = gate.call(() -> transaction.execute(_ -> {
            // A join waits for this row; see PostgresCommitStore.
            jdbc.sql(LOCK_GROUP).param("group", group).query(String.class).list();
            return jdbc.sql(FORGET).param("group", group).query(Boolean.class).single();
        }));
        if (refused) {
            throw new RefusedException(ErrorCode.GROUP_NOT_EMPTY, "Group '" + group + "' has members");
        }
    }

    private static Committed committed(ResultSet row, int number) throws SQLException {
        return new Committed(
                row.getString("topic"),
                row.getInt("partition"),
                row.getLong("next_offset"),
                leaderEpoch(row),
                row.getString("metadata"),
                row.getLong("committed_at_ms"),
                row.getObject("topic_id", UUID.class));
    }

    private static @Nullable Integer leaderEpoch(ResultSet row) throws SQLException {
        int epoch = row.getInt("leader_epoch");
        return row.wasNull() ? null : epoch;
    }
}
