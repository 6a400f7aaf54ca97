package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.api.ClusterApi.Moving;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.coordinator.controller.placement.BrokerUse;
import io.millrace.coordinator.controller.reassignment.NextSteps.Wanted;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Reassignments in PostgreSQL, and what they need of brokers and topics. What changes anything runs within the controller's write. */
@Component
class ReassignmentStore {
    private final JdbcClient sql;

    ReassignmentStore(JdbcClient sql) {
        this.sql = sql;
    }

    /** Those that are not finished, in the order in which they were asked for. */
    List<Wanted> unfinished() {
        return sql.sql("""
                select topic_id, index, before, target, cancelled
                from metadata.reassignment
                where not finished
                order by ordinal
                """).query((row, _) -> new Wanted(key(row), integers(row, 3), integers(row, 4), row.getBoolean(5)))
                .list();
    }

    /** The replicas of all partitions as they are, or are going to be. */
    Map<TopicPartition, List<Integer>> destinations() {
        var destinations = new HashMap<TopicPartition, List<Integer>>();
        sql.sql("""
                select t.name, p.index, case when r.cancelled then r.before else coalesce(r.target, p.replicas) end
                from metadata.partition p
                join metadata.topic t on t.id = p.topic_id
                left join metadata.reassignment r on r.topic_id = p.topic_id and r.index = p.index and not r.finished
                """).query(row -> {
            destinations.put(new TopicPartition(row.getString(1), row.getInt(2)), integers(row, 3));
        });
        return destinations;
    }

    Map<Integer, BrokerUse> uses() {
        var uses = new TreeMap<Integer, BrokerUse>();
        sql.sql("select id, fenced or leaving, draining from metadata.broker where not removed").query(row -> {
            uses.put(row.getInt(1), row.getBoolean(3) ? BrokerUse.DRAINS
                    : row.getBoolean(2) ? BrokerUse.KEEPS : BrokerUse.TARGET);
        });
        return uses;
    }

    /** Writes down what is wanted from now on. What was finished before is forgotten when nothing is under way. */
    void want(Map<TopicPartition, List<Integer>> targets) {
        sql.sql("""
                delete from metadata.reassignment
                where not exists (select from metadata.reassignment where not finished)
                """).update();
        var partitions = targets.keySet().stream().sorted().toList();
        sql.sql("""
                insert into metadata.reassignment as r (topic_id, index, before, target)
                select p.topic_id, p.index, p.replicas, cast(wanted.target as int[])
                from unnest(cast(:topics as text[]), cast(:indexes as int[]), string_to_array(:targets, ' '))
                    with ordinality wanted(topic, index, target, position)
                join metadata.topic t on t.name = wanted.topic
                join metadata.partition p on p.topic_id = t.id and p.index = wanted.index
                order by wanted.position
                on conflict (topic_id, index) do update
                set before = case when r.finished then excluded.before else r.before end,
                    target = excluded.target,
                    finished = false,
                    cancelled = false
                """)
                .param("topics", arrayLiteral(partitions.stream().map(TopicPartition::topic).toList()))
                .param("indexes", arrayLiteral(partitions.stream().map(TopicPartition::partition).toList()))
                .param("targets", partitions.stream().map(targets::get).map(ReassignmentStore::arrayLiteral).collect(
                        Collectors.joining(" ")))
                .update();
    }

    /** @param onlyFrom of those alone that take a replica from this broker; null: of all */
    int cancel(@Nullable Integer onlyFrom) {
        int inMotion = sql.sql("""
                update metadata.reassignment r
                set cancelled = true
                from metadata.partition p
                where p.topic_id = r.topic_id and p.index = r.index and not r.finished and not r.cancelled
                    and (p.adding <> '{}' or p.removing <> '{}')
                    and (cast(:broker as int) is null
                        or cast(:broker as int) = any(r.before) and cast(:broker as int) <> all(r.target))
                """).param("broker", onlyFrom).update();
        int waiting = sql.sql("""
                delete from metadata.reassignment r
                using metadata.partition p
                where p.topic_id = r.topic_id and p.index = r.index and not r.finished and not r.cancelled
                    and p.adding = '{}' and p.removing = '{}'
                    and (cast(:broker as int) is null
                        or cast(:broker as int) = any(r.before) and cast(:broker as int) <> all(r.target))
                """).param("broker", onlyFrom).update();
        return inMotion + waiting;
    }

    void finish(Collection<Key> keys) {
        if (!keys.isEmpty()) {
            sql.sql("""
                    update metadata.reassignment r
                    set finished = true
                    from unnest(cast(:topicIds as uuid[]), cast(:indexes as int[])) done(topic_id, index)
                    where r.topic_id = done.topic_id and r.index = done.index
                    """)
                    .param("topicIds", arrayLiteral(keys.stream().map(key -> javaUuid(key.topicId())).toList()))
                    .param("indexes", arrayLiteral(keys.stream().map(Key::index).toList()))
                    .update();
        }
    }

    void setRate(long bytesPerSecond) {
        sql.sql("update metadata.cluster set reassignment_rate = :rate").param("rate", bytesPerSecond).update();
    }

    /** The rate was that of the reassignments, which are done. */
    void clearRateWhenDone() {
        sql.sql("""
                update metadata.cluster set reassignment_rate = null
                where reassignment_rate is not null
                    and not exists (select from metadata.reassignment where not finished)
                """).update();
    }

    @Nullable
    Long rate() {
        return sql.sql("select reassignment_rate from metadata.cluster").query((row, _) -> row.getObject(1, Long.class))
                .list().getFirst();
    }

    int finishedCount() {
        return sql.sql("select count(*) from metadata.reassignment where finished").query(Integer.class).single();
    }

    List<Moving> moving() {
        return sql.sql("""
                select t.name, r.index, p.adding <> '{}' or p.removing <> '{}', r.before,
                    case when r.cancelled then r.before else r.target end, p.adding,
                    array(select unnest(p.adding) intersect select unnest(p.isr))
                from metadata.reassignment r
                join metadata.partition p on p.topic_id = r.topic_id and p.index = r.index
                join metadata.topic t on t.id = r.topic_id
                where not r.finished
                order by t.name, r.index
                """).query((row, _) -> new Moving(row.getString(1), row.getInt(2), row.getBoolean(3), integers(row, 4),
                integers(row, 5), integers(row, 6), integers(row, 7))).list();
    }

    /** @return false if there is no such broker */
    boolean setDraining(int id, boolean draining, long version) {
        return 1 == sql.sql("""
                update metadata.broker set draining = :draining, version = :version where id = :id and not removed
                """).param("draining", draining).param("version", version).param("id", id).update();
    }

    /** @param replicas that it has, or that are on their way to it */
    record Presence(boolean running, int replicas) {}

    @Nullable
    Presence presence(int id) {
        return sql.sql("""
                select not fenced or lease_expires_at > clock_timestamp(),
                    (select count(*)
                        from metadata.partition p
                        left join metadata.reassignment r
                            on r.topic_id = p.topic_id and r.index = p.index and not r.finished
                        where :id = any(p.replicas) or :id = any(r.target) and not r.cancelled)
                from metadata.broker
                where id = :id and not removed
                """).param("id", id).query((row, _) -> new Presence(row.getBoolean(1), row.getInt(2))).optional()
                .orElse(null);
    }

    void remove(int id, long version) {
        sql.sql("""
                update metadata.broker
                set removed = true, draining = false, ready = false, fenced = true, version = :version
                where id = :id
                """).param("id", id).param("version", version).update();
    }

    /** The settings of the topic; null if there is none. */
    @Nullable
    Integer minInsyncReplicas(String topic) {
        return sql.sql(
                "select cast(coalesce(configs ->> 'min.insync.replicas', '1') as int) from metadata.topic where name = :name")
                .param("name", topic).query(Integer.class).optional().orElse(null);
    }

    /** @param replicas of new partitions, all of one topic; the first leads */
    void insert(Map<TopicPartition, List<Integer>> replicas, long version) {
        var partitions = replicas.keySet().stream().sorted().toList();
        sql.sql("""
                insert into metadata.partition
                    (topic_id, index, replicas, isr, leader, last_leader, leader_epoch, partition_epoch, version)
                select t.id, added.index, brokers, brokers, brokers[1], brokers[1], 0, 0, :version
                from unnest(cast(:indexes as int[]), string_to_array(:replicas, ' ')) added(index, text),
                    cast(added.text as int[]) brokers,
                    metadata.topic t
                where t.name = :topic
                """)
                .param("version", version)
                .param("topic", partitions.getFirst().topic())
                .param("indexes", arrayLiteral(partitions.stream().map(TopicPartition::partition).toList()))
                .param("replicas", partitions.stream().map(replicas::get).map(ReassignmentStore::arrayLiteral).collect(
                        Collectors.joining(" ")))
                .update();
    }

    private static Key key(ResultSet row) throws SQLException {
        var id = row.getObject(1, UUID.class);
        return new Key(new Uuid(id.getMostSignificantBits(), id.getLeastSignificantBits()), row.getInt(2));
    }

    private static UUID javaUuid(Uuid id) {
        return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    private static List<Integer> integers(ResultSet row, int column) throws SQLException {
        return List.of((Integer[]) row.getArray(column).getArray());
    }

    private static String arrayLiteral(Collection<?> values) {
        return values.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
    }
}
