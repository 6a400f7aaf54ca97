package io.millrace.coordinator.controller;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.Knowledge;
import io.millrace.common.metadata.TopicsSeen;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What PostgreSQL says of itself and of the way back from an older state. */
@Component
class RecoveryStore {
    /** No process knows a version so much higher than the highest that was presented. */
    private static final int VERSIONS_AHEAD = 1_000_000;

    private final JdbcClient sql;

    RecoveryStore(JdbcClient sql) {
        this.sql = sql;
    }

    /**
     * How the metadata stands.
     *
     * @param trusted     nothing is in doubt
     * @param wentBack    it has certainly lost something
     * @param complete    whether nobody is known to have seen more than this process has, or another has told
     * @param unpresented how many brokers that should be running have not told this server what they know
     * @param leaderless  whether a partition waits for its replicas' reports
     */
    record Standing(boolean trusted, boolean wentBack, boolean complete, int unpresented, boolean leaderless) {}

    /** @param own what this process knows */
    Standing standing(Knowledge own) {
        return sql.sql("""
                select trusted and contradicted_version is null and same_run,
                    contradicted_version is not null
                        or not (trusted and same_run) and nullif(timeline, '') <> nullif(server_timeline, '') is true,
                    contradicted_version is null
                        or (:incarnation, :version) >= (contradicted_incarnation, contradicted_version)
                        or exists (select from metadata.topics_seen seen
                            where (seen.incarnation, seen.version) >= (contradicted_incarnation, contradicted_version)),
                    (select count(*) from metadata.broker
                        where not fenced and not removed and presented_to is distinct from pg_postmaster_start_time()),
                    exists (select from metadata.partition where recovering and leader is null)
                from metadata.cluster,
                    lateral (select run_started_at = pg_postmaster_start_time(), metadata.server_timeline())
                        server(same_run, server_timeline)
                """)
                .param("incarnation", own.incarnation())
                .param("version", own.version())
                .query((row, _) -> new Standing(row.getBoolean(1), row.getBoolean(2), row.getBoolean(3), row.getInt(4),
                        row.getBoolean(5)))
                .single();
    }

    /** Whether this process knows more than PostgreSQL has. */
    boolean contradicts(Knowledge knowledge) {
        return sql.sql("select metadata.contradicts(:clusterId, :incarnation, cast(:run as uuid), :version)")
                .param("clusterId", knowledge.clusterId())
                .param("incarnation", knowledge.incarnation())
                .param("run", knowledge.run())
                .param("version", knowledge.version())
                .query(Boolean.class)
                .single();
    }

    /** Nobody knows anything that this database does not have. Without effect if somebody has contradicted meanwhile. */
    void trust() {
        sql.sql("update metadata.cluster set trusted = true, timeline = metadata.server_timeline()").update();
    }

    record Begun(int incarnation, long version) {}

    /** The next incarnation, above any that somebody knows of, and its first version. */
    Begun begin(Knowledge knowledge) {
        return sql.sql("""
                update metadata.cluster
                set incarnation = greatest(incarnation, contradicted_incarnation, :incarnation,
                        cast(cast('x' || nullif(metadata.server_timeline(), '') as bit(32)) as int) - 1) + 1,
                    version = greatest(version, contradicted_version, :version) + :ahead,
                    pruned_before = greatest(version, contradicted_version, :version) + :ahead - 1,
                    timeline = metadata.server_timeline(),
                    trusted = true,
                    contradicted_incarnation = null,
                    contradicted_version = null
                returning incarnation, version
                """)
                .param("incarnation", knowledge.incarnation())
                .param("version", knowledge.version())
                .param("ahead", VERSIONS_AHEAD)
                .query((row, _) -> new Begun(row.getInt(1), row.getLong(2)))
                .single();
    }

    /** The topics of the latest image that a process other than this one has told, with what that process knew; null if none has. */
    @Nullable
    Told told() {
        return sql.sql("""
                select incarnation, version, topics from metadata.topics_seen
                where incarnation >= (select incarnation from metadata.cluster)
                """)
                .query((row, _) -> new Told(row.getInt(1), row.getLong(2), row.getString(3)))
                .optional()
                .orElse(null);
    }

    /** @param topics see {@link TopicsSeen} */
    record Told(int incarnation, long version, String topics) {
        boolean isLaterThan(Knowledge knowledge) {
            return incarnation > knowledge.incarnation() || incarnation == knowledge.incarnation()
                    && version > knowledge
                            .version();
        }
    }

    /** Whether this server's run was trusted before anybody contradicted: what it says has been acted on since. */
    boolean served() {
        return sql.sql("select trusted and run_started_at = pg_postmaster_start_time() from metadata.cluster")
                .query(Boolean.class)
                .single();
    }

    /** What the lost history said of deletions, and logs, counts no more. */
    void forget() {
        sql.sql("delete from metadata.topic_deletion").update();
        sql.sql("delete from metadata.log_report").update();
        sql.sql("delete from metadata.topics_seen").update();
    }

    /**
     * Brings back what was seen of the lost history: topics that were created, with more partitions or other replicas, or deleted.
     * A topic whose name another has is left alone.
     *
     * @param seen   see {@link TopicsSeen}
     * @param served whether the present history has been acted on, perhaps for long: then only what it lacks is added
     */
    void restore(String seen, boolean served, long version) {
        sql.sql("""
                with gone as (
                    delete from metadata.topic
                    where not :served and id in (select cast(deleted as uuid)
                        from jsonb_array_elements_text(cast(:seen as jsonb) -> 'deleted') d(deleted))
                    returning id, name
                )
                insert into metadata.topic_deletion (topic_id, name, version) select id, name, :version from gone
                """)
                .param("seen", seen)
                .param("served", served)
                .param("version", version)
                .update();
        sql.sql("""
                with seen as (
                    select id, name, configs, partitions
                    from jsonb_to_recordset(cast(:seen as jsonb) -> 'topics')
                        as t(id uuid, name text, configs jsonb, partitions jsonb)
                ), restored as (
                    insert into metadata.topic as topic (id, name, configs, version)
                    select id, name, configs, :version from seen
                    where not exists (
                        select from metadata.topic other where other.name = seen.name and other.id <> seen.id)
                    on conflict (id) do update
                    set configs = case when :served then topic.configs else excluded.configs end,
                        version = excluded.version
                    returning id
                )
                insert into metadata.partition (topic_id, index, replicas, isr, leader, last_leader, leader_epoch,
                    partition_epoch, adding, removing, version)
                select restored.id, p.index, p.replicas, '{}', null, p.last_leader, 0, 0, p.adding, p.removing, :version
                from restored
                join seen on seen.id = restored.id
                cross join jsonb_to_recordset(seen.partitions)
                    as p(index int, replicas int[], last_leader int, adding int[], removing int[])
                on conflict (topic_id, index) do update
                set replicas = excluded.replicas, adding = excluded.adding, removing = excluded.removing,
                    leader = null, last_leader = excluded.last_leader
                where not :served
                """)
                .param("seen", seen)
                .param("served", served)
                .param("version", version)
                .update();
    }

    /**
     * What is on its way is wanted: without this, nobody could call off a reassignment of which the lost history alone knew who wants it. One that
     * is wanted, and not on its way, just begins again.
     */
    void wantWhatIsOnItsWay() {
        sql.sql("""
                insert into metadata.reassignment as r (topic_id, index, before, target)
                select topic_id, index,
                    array(select id from unnest(replicas) with ordinality u(id, position)
                        where id <> all(adding) order by position),
                    array(select id from unnest(replicas) with ordinality u(id, position)
                        where id <> all(removing) order by position)
                from metadata.partition
                where adding <> '{}' or removing <> '{}'
                on conflict (topic_id, index) do update
                set before = excluded.before, target = excluded.target, finished = false, cancelled = false
                where r.finished
                """).update();
    }

    /** All partitions wait for their replicas' reports; the last leader is preferred among equals. */
    int suspendPartitions(Begun begun, int firstLeaderEpoch) {
        return sql.sql("""
                update metadata.partition
                set last_leader = coalesce(leader, last_leader),
                    leader = null,
                    isr = '{}',
                    elr = '{}',
                    leader_epoch = greatest(leader_epoch + 1, :leaderEpoch),
                    partition_epoch = partition_epoch + 1,
                    recovering = true,
                    version = :version
                """)
                .param("leaderEpoch", firstLeaderEpoch)
                .param("version", begun.version())
                .update();
    }

    /**
     * What was given out in the lost history must not be given again: epochs of leases, so that coordinators load their groups afresh, and
     * producer ids.
     */
    void raiseCounters(Begun begun) {
        sql.sql("""
                update metadata.lease
                set epoch = greatest(epoch + 1, cast(:incarnation as bigint) << 32), version = :version
                where name <> :controller
                """)
                .param("incarnation", begun.incarnation())
                .param("version", begun.version())
                .param("controller", ClusterImage.CONTROLLER_LEASE)
                .update();
        sql.sql("""
                select setval('metadata.producer_id', greatest(last_value, cast(:incarnation as bigint) << 40))
                from metadata.producer_id
                """)
                .param("incarnation", begun.incarnation())
                .query(Long.class)
                .single();
    }
}
