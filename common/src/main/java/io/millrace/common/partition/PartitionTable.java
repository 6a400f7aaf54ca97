package io.millrace.common.partition;

import io.millrace.common.database.SqlValues;
import io.millrace.common.metadata.PartitionColumns;
import io.millrace.common.metadata.PartitionImage;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.common.Uuid;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The rows of partitions and brokers in PostgreSQL. To be used within one metadata transaction, which excludes all others. */
public final class PartitionTable {
    private static final String COLUMNS = PartitionColumns.ALL + """
            , coalesce(t.configs ->> 'min.insync.replicas', '1'),
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
                .param("topicIds", SqlValues.uuids(topicIds))
                .param("indexes", SqlValues.integers(indexes))
                .query((row, _) -> row(row))
                .list();
    }

    /** All partitions of a topic, in order. */
    public List<Row> ofTopic(Uuid topicId) {
        return sql.sql("""
                select %s
                from metadata.partition p
                join metadata.topic t on t.id = p.topic_id
                where p.topic_id = :topicId
                order by p.index
                """.formatted(COLUMNS))
                .param("topicId", SqlValues.uuid(topicId))
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
                .param("brokers", SqlValues.integers(brokers))
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
                        cast(:replicas as text[]),
                        cast(:isrs as text[]),
                        cast(:elrs as text[]),
                        cast(:adding as text[]),
                        cast(:removing as text[]),
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
                .param("topicIds", SqlValues.uuids(changes.stream().map(Transition::topicId).toList()))
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
                .param("recovering", changes.stream().map(it -> it.after().recovering()).toArray(Boolean[]::new))
                .param("leaderEpochsBefore", before(changes, PartitionImage::leaderEpoch))
                .param("partitionEpochsBefore", before(changes, PartitionImage::partitionEpoch))
                .update();
        if (updated != changes.size()) {
            throw new IllegalStateException("Of " + changes.size() + " partitions " + updated
                    + " were as read; something writes metadata outside of a metadata transaction");
        }
    }

    /** New partitions of a topic, from this index on; all of their replicas are in sync, and the first leads. */
    public void insert(Uuid topicId, int firstIndex, List<List<Integer>> replicas, long version) {
        sql.sql("""
                insert into metadata.partition
                    (topic_id, index, replicas, isr, leader, last_leader, leader_epoch, partition_epoch, version)
                select :topicId, :firstIndex + ordinal - 1, brokers, brokers, brokers[1], brokers[1], 0, 0, :version
                from unnest(cast(:replicas as text[])) with ordinality placed(text, ordinal),
                    cast(placed.text as int[]) brokers
                """)
                .param("topicId", SqlValues.uuid(topicId))
                .param("firstIndex", firstIndex)
                .param("replicas", SqlValues.integerLists(replicas))
                .param("version", version)
                .update();
    }

    private static Row row(ResultSet row) throws SQLException {
        var terms = Terms.of(Map.of("min.insync.replicas", row.getString(PartitionColumns.NEXT),
                "unclean.leader.election.enable", row.getString(PartitionColumns.NEXT + 1)));
        return new Row(SqlValues.uuid(row, 1), PartitionColumns.read(row), terms);
    }

    private static Integer[] before(List<Transition> changes, Function<PartitionImage, Integer> column) {
        return changes.stream().map(it -> column.apply(it.before())).toArray(Integer[]::new);
    }

    private static Integer[] after(List<Transition> changes, Function<PartitionImage, Integer> column) {
        return changes.stream().map(it -> column.apply(it.after())).toArray(Integer[]::new);
    }

    private static String[] lists(List<Transition> changes, Function<PartitionImage, List<Integer>> column) {
        return SqlValues.integerLists(changes.stream().map(it -> column.apply(it.after())).toList());
    }
}
