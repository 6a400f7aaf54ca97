package io.millrace.coordinator.controller;

import io.millrace.coordinator.controller.Election.Broker;
import io.millrace.coordinator.controller.Election.Partition;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Brokers and the leadership of partitions in PostgreSQL. */
@Component
class BrokerStore {
    private final JdbcClient sql;

    BrokerStore(JdbcClient sql) {
        this.sql = sql;
    }

    List<Broker> brokers() {
        return sql.sql("""
                select b.id, b.lease_expires_at <= clock_timestamp(), b.ready, b.fenced,
                    exists (select from metadata.partition p where p.leader = b.id)
                from metadata.broker b
                """)
                .query((row, _) -> new Broker(
                        row.getInt(1), row.getBoolean(2), row.getBoolean(3), row.getBoolean(4), row.getBoolean(5)))
                .list();
    }

    /** The partitions that any of the brokers leads or is in sync with. */
    List<Partition> partitionsOf(Collection<Integer> brokers) {
        return sql.sql("""
                select topic_id, index, replicas, isr, leader, leader_epoch, partition_epoch
                from metadata.partition
                where isr && cast(:brokers as int[]) or leader = any(cast(:brokers as int[]))
                """)
                .param("brokers", arrayLiteral(brokers))
                .query((row, _) -> new Partition(
                        row.getObject(1, UUID.class),
                        row.getInt(2),
                        integers(row, 3),
                        integers(row, 4),
                        row.getObject(5, Integer.class),
                        row.getInt(6),
                        row.getInt(7)))
                .list();
    }

    void setFenced(Collection<Integer> brokers, boolean fenced, long version) {
        if (!brokers.isEmpty()) {
            sql.sql("update metadata.broker set fenced = :fenced, version = :version where id in (:brokers)")
                    .param("fenced", fenced)
                    .param("version", version)
                    .param("brokers", brokers)
                    .update();
        }
    }

    /** Writes all of them in one statement; one that has changed since it was read stays as it is. */
    int update(List<Partition> partitions, long version) {
        return sql.sql("""
                update metadata.partition p
                set isr = cast(changed.isr as int[]),
                    leader = changed.leader,
                    leader_epoch = changed.leader_epoch,
                    partition_epoch = changed.partition_epoch,
                    version = :version
                from unnest(
                        cast(:topicIds as uuid[]),
                        cast(:indexes as int[]),
                        string_to_array(:isrs, ' '),
                        cast(:leaders as int[]),
                        cast(:leaderEpochs as int[]),
                        cast(:partitionEpochs as int[]))
                    changed(topic_id, index, isr, leader, leader_epoch, partition_epoch)
                where p.topic_id = changed.topic_id
                    and p.index = changed.index
                    and p.partition_epoch = changed.partition_epoch - 1
                """)
                .param("version", version)
                .param("topicIds", arrayLiteral(partitions, Partition::topicId))
                .param("indexes", arrayLiteral(partitions, Partition::index))
                .param("isrs", partitions.stream().map(partition -> arrayLiteral(partition.isr())).collect(Collectors
                        .joining(" ")))
                .param("leaders", arrayLiteral(partitions, Partition::leader))
                .param("leaderEpochs", arrayLiteral(partitions, Partition::leaderEpoch))
                .param("partitionEpochs", arrayLiteral(partitions, Partition::partitionEpoch))
                .update();
    }

    private static String arrayLiteral(List<Partition> partitions, Function<Partition, @Nullable Object> column) {
        return arrayLiteral(partitions.stream().map(column).toList());
    }

    private static String arrayLiteral(Collection<?> values) {
        return values.stream().map(value -> value == null ? "NULL" : value.toString()).collect(Collectors.joining(",",
                "{", "}"));
    }

    private static List<Integer> integers(ResultSet row, int column) throws SQLException {
        return List.of((Integer[]) row.getArray(column).getArray());
    }
}
