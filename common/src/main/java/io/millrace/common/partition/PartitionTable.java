package io.millrace.common.partition;

import io.millrace.common.metadata.PartitionImage;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The rows of partitions and brokers in PostgreSQL. To be used within one metadata transaction, which excludes all others. */
public final class PartitionTable {
    private static final String COLUMNS = """
            p.topic_id, p.index, p.replicas, p.isr, coalesce(p.leader, -1), p.leader_epoch, p.partition_epoch, p.elr,
                coalesce(p.last_leader, p.leader, -1), p.adding, p.removing,
                p.recovering, coalesce(t.configs ->> 'min.insync.replicas', '1'),
                coalesce(t.configs ->> 'unclean.leader.election.enable', 'false')
            """;

    private final JdbcClient sql;

    public PartitionTable(JdbcClient sql) {
        this.sql = sql;
    }

    /** @param terms of its topic */
    public record Row(Uuid topicId, PartitionImage partition, Terms terms) {
        public Key key() {
            return new Key(topicId, partition.index());
        }

        public Transition to(PartitionImage after) {
            return new Transition(topicId, partition, after);
        }
    }

    public record Transition(Uuid topicId, PartitionImage before, PartitionImage after) {
        public boolean isChange() {
            return before != after;
        }
    }

    /** All members of the cluster by id. */
    public Map<Integer, Standing> standings() {
        var standings = new HashMap<Integer, Standing>();
        sql.sql("select id, epoch, fenced, leaving, tail_lost from metadata.broker where not removed").query(row -> {
            standings.put(row.getInt(1), new Standing(
                    row.getInt(1), row.getLong(2), row.getBoolean(3), row.getBoolean(4), row.getBoolean(5)));
        });
        return standings;
    }

    public record Key(Uuid topicId, int index) {}

    /** Those of the named partitions that there are, by name. */
    public Map<Key, Row> named(Collection<Key> keys) {
        var distinct = keys.stream().distinct().toList();
        var rows = new HashMap<Key, Row>();
        for (var row : named(distinct.stream().map(Key::topicId).toList(), distinct.stream().map(Key::index)
                .toList())) {
            rows.put(row.key(), row);
        }
        return rows;
    }

    private List<Row> named(List<Uuid> topicIds, List<Integer> indexes) {
        return sql.sql("""
                select %s
                from unnest(cast(:topicIds as uuid[]), cast(:indexes as int[])) named(topic_id, index)
                join metadata.partition p on p.topic_id = named.topic_id and p.index = named.index
                join metadata.topic t on t.id = p.topic_id
                """.formatted(COLUMNS))
                .param("topicIds", arrayLiteral(topicIds.stream().map(PartitionTable::javaUuid).toList()))
                .param("indexes", arrayLiteral(indexes))
                .query((row, _) -> row(row))
                .list();
    }

    /** The partitions that any of the brokers leads, is in sync with, may be eligible for, or that have no leader while it is a replica. */
    public List<Row> touchedBy(Collection<Integer> brokers) {
        return sql.sql("""
                select %s
                from metadata.partition p
                join metadata.topic t on t.id = p.topic_id
                where p.isr && cast(:brokers as int[])
                    or p.elr && cast(:brokers as int[])
                    or p.leader = any(cast(:brokers as int[]))
                    or p.leader is null and p.replicas && cast(:brokers as int[])
                """.formatted(COLUMNS))
                .param("brokers", arrayLiteral(brokers))
                .query((row, _) -> row(row))
                .list();
    }

    /** Writes all of them in one statement. One that is not as it was read is a fault of the program, and undoes the transaction. */
    public void update(List<Transition> transitions, long version) {
        var changes = transitions.stream().filter(Transition::isChange).toList();
        if (changes.isEmpty()) {
            return;
        }
        int updated = sql.sql("""
                update metadata.partition p
                set replicas = cast(changed.replicas as int[]),
                    isr = cast(changed.isr as int[]),
                    elr = cast(changed.elr as int[]),
                    adding = cast(changed.adding as int[]),
                    removing = cast(changed.removing as int[]),
                    leader = nullif(changed.leader, -1),
                    last_leader = nullif(changed.last_leader, -1),
                    leader_epoch = changed.leader_epoch,
                    partition_epoch = changed.partition_epoch,
                    recovering = changed.recovering,
                    version = :version
                from unnest(
                        cast(:topicIds as uuid[]),
                        cast(:indexes as int[]),
                        string_to_array(:replicas, ' '),
                        string_to_array(:isrs, ' '),
                        string_to_array(:elrs, ' '),
                        string_to_array(:adding, ' '),
                        string_to_array(:removing, ' '),
                        cast(:leaders as int[]),
                        cast(:lastLeaders as int[]),
                        cast(:leaderEpochs as int[]),
                        cast(:partitionEpochs as int[]),
                        cast(:recovering as boolean[]),
                        cast(:leaderEpochsBefore as int[]),
                        cast(:partitionEpochsBefore as int[]))
                    changed(topic_id, index, replicas, isr, elr, adding, removing, leader, last_leader, leader_epoch,
                        partition_epoch, recovering, leader_epoch_before, partition_epoch_before)
                where p.topic_id = changed.topic_id
                    and p.index = changed.index
                    and p.leader_epoch = changed.leader_epoch_before
                    and p.partition_epoch = changed.partition_epoch_before
                """)
                .param("version", version)
                .param("topicIds", arrayLiteral(changes.stream().map(it -> javaUuid(it.topicId())).toList()))
                .param("indexes", after(changes, PartitionImage::index))
                .param("replicas", lists(changes, PartitionImage::replicas))
                .param("isrs", lists(changes, PartitionImage::isr))
                .param("elrs", lists(changes, PartitionImage::elr))
                .param("adding", lists(changes, PartitionImage::adding))
                .param("removing", lists(changes, PartitionImage::removing))
                .param("leaders", after(changes, PartitionImage::leader))
                .param("lastLeaders", after(changes, PartitionImage::lastLeader))
                .param("leaderEpochs", after(changes, PartitionImage::leaderEpoch))
                .param("partitionEpochs", after(changes, PartitionImage::partitionEpoch))
                .param("recovering", arrayLiteral(changes.stream().map(it -> it.after().recovering()).toList()))
                .param("leaderEpochsBefore", arrayLiteral(changes.stream().map(it -> it.before().leaderEpoch())
                        .toList()))
                .param("partitionEpochsBefore", arrayLiteral(changes.stream().map(it -> it.before().partitionEpoch())
                        .toList()))
                .update();
        if (updated != changes.size()) {
            throw new IllegalStateException("Of " + changes.size() + " partitions " + updated
                    + " were as read; something writes metadata outside of a metadata transaction");
        }
    }

    private static Row row(ResultSet row) throws SQLException {
        var partition = new PartitionImage(
                row.getInt(2),
                integers(row, 3),
                integers(row, 4),
                row.getInt(5),
                row.getInt(6),
                row.getInt(7),
                integers(row, 8),
                row.getInt(9),
                integers(row, 10),
                integers(row, 11),
                row.getBoolean(12));
        var terms = Terms.of(Map.of(
                "min.insync.replicas", row.getString(13), "unclean.leader.election.enable", row.getString(14)));
        return new Row(kafkaUuid(row.getObject(1, UUID.class)), partition, terms);
    }

    private static String after(List<Transition> changes, Function<PartitionImage, Integer> column) {
        return arrayLiteral(changes.stream().map(it -> column.apply(it.after())).toList());
    }

    private static String lists(List<Transition> changes, Function<PartitionImage, List<Integer>> column) {
        return changes.stream().map(it -> arrayLiteral(column.apply(it.after()))).collect(Collectors.joining(" "));
    }

    private static String arrayLiteral(Collection<?> values) {
        return values.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
    }

    private static List<Integer> integers(ResultSet row, int column) throws SQLException {
        return List.of((Integer[]) row.getArray(column).getArray());
    }

    private static UUID javaUuid(Uuid id) {
        return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    private static Uuid kafkaUuid(UUID id) {
        return new Uuid(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }
}
