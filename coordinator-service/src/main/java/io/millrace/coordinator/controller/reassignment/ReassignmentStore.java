package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.api.ClusterApi.BrokerMoves;
import io.millrace.common.api.ClusterApi.CancelOutcome;
import io.millrace.common.api.ClusterApi.Reassignment;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.database.SqlValues;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.coordinator.controller.reassignment.NextSteps.Step;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowMapper;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Reassignments in PostgreSQL. What changes anything runs within the controller's write. */
@Component
class ReassignmentStore {
    private static final String WANTED = """
            select r.topic_id, r.index, t.name, r.before, r.target, r.cancelled
            from metadata.reassignment r
            join metadata.topic t on t.id = r.topic_id
            """;
    private static final RowMapper<Wanted> TO_WANTED = (row, _) -> new Wanted(new Key(SqlValues.uuid(row, 1), row
            .getInt(2)), row.getString(3), SqlValues.integers(row, 4), SqlValues.integers(row, 5), row.getBoolean(6));

    private final JdbcClient sql;

    ReassignmentStore(JdbcClient sql) {
        this.sql = sql;
    }

    /**
     * @param unfinished whether any is
     * @param rate       the most bytes per second that each broker takes in; null: as the brokers are configured
     */
    record State(boolean unfinished, @Nullable Long rate) {}

    State state() {
        return sql.sql("""
                select exists (select from metadata.reassignment where not finished), reassignment_rate
                from metadata.cluster
                """).query((row, _) -> new State(row.getBoolean(1), row.getObject(2, Long.class))).single();
    }

    /** Those in motion, and those that were when it was looked last: as few as the limit of each broker has it. */
    List<Wanted> begun() {
        return sql.sql(WANTED + "where not r.finished and r.begun order by r.ordinal").query(TO_WANTED).list();
    }

    /**
     * Those that wait and might begin, or have nothing to wait for, in the order in which they were asked for.
     *
     * @param places what those in motion leave; {@link NextSteps} decides
     */
    List<Wanted> beginnable(Places places, int limit) {
        return sql.sql(WANTED + """
                join metadata.partition p on p.topic_id = r.topic_id and p.index = r.index
                where not r.finished and not r.begun
                    and (r.cancelled or r.target <@ p.replicas
                        or p.leader <> all(cast(:full as int[])) and not exists (
                            select from unnest(r.target) added(id)
                            where added.id <> all(p.replicas) and added.id <> all(cast(:open as int[]))))
                order by r.ordinal
                limit :limit
                """)
                .param("full", SqlValues.integers(places.full()))
                .param("open", SqlValues.integers(places.open()))
                .param("limit", limit)
                .query(TO_WANTED)
                .list();
    }

    /** The first of those that wait, in the order in which they were asked for. */
    List<Wanted> waiting(int limit) {
        return sql.sql(WANTED + "where not r.finished and not r.begun order by r.ordinal limit :limit")
                .param("limit", limit).query(TO_WANTED).list();
    }

    /**
     * @param waiting not begun
     * @param stuck   those of them that could not begin even if there were a place
     */
    record Waiting(int waiting, int stuck) {}

    /** @param running brokers */
    Waiting countWaiting(Collection<Integer> running) {
        return sql.sql("""
                select count(*), count(*) filter (where not r.target <@ p.replicas and (p.leader is null or exists (
                    select from unnest(r.target) added(id)
                    where added.id <> all(p.replicas) and added.id <> all(cast(:running as int[])))))
                from metadata.reassignment r
                join metadata.partition p on p.topic_id = r.topic_id and p.index = r.index
                where not r.finished and not r.begun
                """)
                .param("running", SqlValues.integers(running))
                .query((row, _) -> new Waiting(row.getInt(1), row.getInt(2)))
                .single();
    }

    int countFinished() {
        return sql.sql("select count(*) from metadata.reassignment where finished").query(Integer.class).single();
    }

    /** Of all that are not finished, by broker. */
    List<BrokerMoves> moves() {
        return sql.sql("""
                with wanted as (
                    select before, case when cancelled then before else target end as after
                    from metadata.reassignment
                    where not finished
                ), move as (
                    select id, true as comes from wanted, unnest(after) id where id <> all(before)
                    union all
                    select id, false from wanted, unnest(before) id where id <> all(after)
                )
                select id, count(*) filter (where comes), count(*) filter (where not comes)
                from move
                group by id
                order by id
                """).query((row, _) -> new BrokerMoves(row.getInt(1), row.getInt(2), row.getInt(3))).list();
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
                from unnest(cast(:topics as text[]), cast(:indexes as int[]), cast(:targets as text[]))
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
                .param("topics", SqlValues.texts(partitions.stream().map(TopicPartition::topic).toList()))
                .param("indexes", SqlValues.integers(partitions.stream().map(TopicPartition::partition).toList()))
                .param("targets", SqlValues.integerLists(partitions.stream().map(targets::get).toList()))
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

    /** Of these partitions alone; the outcomes in their order. One that was cancelled before, and is on its way back, counts as cancelled. */
    List<CancelOutcome> cancelOnly(List<TopicPartition> partitions) {
        var outcomes = new HashMap<TopicPartition, CancelOutcome>();
        sql.sql("""
                with named as (
                    select distinct p.topic_id, p.index, t.name, p.adding <> '{}' or p.removing <> '{}' as in_motion
                    from unnest(cast(:topics as text[]), cast(:indexes as int[])) asked(topic, index)
                    join metadata.topic t on t.name = asked.topic
                    join metadata.partition p on p.topic_id = t.id and p.index = asked.index
                ), turned as (
                    update metadata.reassignment r
                    set cancelled = true
                    from named n
                    where r.topic_id = n.topic_id and r.index = n.index and n.in_motion and not r.finished
                        and not r.cancelled
                    returning r.topic_id, r.index
                ), dropped as (
                    delete from metadata.reassignment r
                    using named n
                    where r.topic_id = n.topic_id and r.index = n.index and not n.in_motion and not r.finished
                        and not r.cancelled
                    returning r.topic_id, r.index
                ), ended as (
                    select * from turned
                    union all select * from dropped
                    union all select r.topic_id, r.index from metadata.reassignment r where r.cancelled and not r.finished
                )
                select n.name, n.index, e.topic_id is not null
                from named n
                left join ended e on e.topic_id = n.topic_id and e.index = n.index
                """)
                .param("topics", SqlValues.texts(partitions.stream().map(TopicPartition::topic).toList()))
                .param("indexes", SqlValues.integers(partitions.stream().map(TopicPartition::partition).toList()))
                .query(row -> {
                    outcomes.put(new TopicPartition(row.getString(1), row.getInt(2)), row.getBoolean(3)
                            ? CancelOutcome.CANCELLED
                            : CancelOutcome.NOT_UNDER_WAY);
                });
        return partitions.stream().map(partition -> outcomes.getOrDefault(partition, CancelOutcome.UNKNOWN_PARTITION))
                .toList();
    }

    /** As the partitions' rows have it once it is begun, and as they will have it before. */
    List<Reassignment> list(@Nullable List<TopicPartition> named) {
        var partitions = named == null ? List.<TopicPartition>of() : named;
        return sql.sql("""
                select t.name, p.index, p.replicas, p.adding, p.removing,
                    case when r.cancelled then r.before else r.target end
                from metadata.reassignment r
                join metadata.topic t on t.id = r.topic_id
                join metadata.partition p on p.topic_id = r.topic_id and p.index = r.index
                where not r.finished and (:all or (t.name, p.index) in (
                    select topic, index from unnest(cast(:topics as text[]), cast(:indexes as int[])) asked(topic, index)))
                order by t.name, p.index
                """)
                .param("all", named == null)
                .param("topics", SqlValues.texts(partitions.stream().map(TopicPartition::topic).toList()))
                .param("indexes", SqlValues.integers(partitions.stream().map(TopicPartition::partition).toList()))
                .query((row, _) -> {
                    var replicas = SqlValues.integers(row, 3);
                    var adding = SqlValues.integers(row, 4);
                    var removing = SqlValues.integers(row, 5);
                    if (adding.isEmpty() && removing.isEmpty()) {
                        var target = SqlValues.integers(row, 6);
                        var before = replicas;
                        adding = target.stream().filter(id -> !before.contains(id)).toList();
                        removing = before.stream().filter(id -> !target.contains(id)).toList();
                        replicas = Stream.concat(target.stream(), removing.stream()).toList();
                    }
                    return new Reassignment(row.getString(1), row.getInt(2), replicas, adding, removing);
                }).list();
    }

    /** Takes note of which have begun, or wait again. */
    void taken(List<Step> steps) {
        if (!steps.isEmpty()) {
            sql.sql("""
                    update metadata.reassignment r
                    set begun = taken.begun
                    from unnest(cast(:topicIds as uuid[]), cast(:indexes as int[]), cast(:begun as boolean[]))
                        taken(topic_id, index, begun)
                    where r.topic_id = taken.topic_id and r.index = taken.index
                    """)
                    .param("topicIds", SqlValues.uuids(steps.stream().map(step -> step.wanted().key().topicId())
                            .toList()))
                    .param("indexes", SqlValues.integers(steps.stream().map(step -> step.wanted().key().index())
                            .toList()))
                    .param("begun", steps.stream().map(Step::isInMotion).toArray(Boolean[]::new))
                    .update();
        }
    }

    void finish(List<Wanted> done) {
        if (!done.isEmpty()) {
            sql.sql("""
                    update metadata.reassignment r
                    set finished = true, begun = false
                    from unnest(cast(:topicIds as uuid[]), cast(:indexes as int[])) done(topic_id, index)
                    where r.topic_id = done.topic_id and r.index = done.index
                    """)
                    .param("topicIds", SqlValues.uuids(done.stream().map(each -> each.key().topicId()).toList()))
                    .param("indexes", SqlValues.integers(done.stream().map(each -> each.key().index()).toList()))
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
}
