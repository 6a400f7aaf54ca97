package io.millrace.coordinator.controller;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Topics in PostgreSQL. All but the reads run within {@link ControllerRole#write}. */
@Component
class TopicStore {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final JdbcClient sql;

    TopicStore(JdbcClient sql) {
        this.sql = sql;
    }

    /** The name of the topic that there is with the same name but for dots and underscores, if any. */
    Optional<String> nameLike(String name) {
        return sql.sql(
                "select name from metadata.topic where replace(name, '.', '_') = :key order by name <> :name limit 1")
                .param("key", TopicRules.collisionKey(name))
                .param("name", name)
                .query(String.class)
                .optional();
    }

    /** How many partitions each broker leads that may be given more, by id. */
    Map<Integer, Integer> leaderships() {
        var leaderships = new TreeMap<Integer, Integer>();
        sql.sql("""
                select b.id, (select count(*) from metadata.partition p where p.leader = b.id)
                from metadata.broker b
                where not b.fenced and not b.leaving and not b.draining and not b.removed
                """).query(row -> {
            leaderships.put(row.getInt(1), row.getInt(2));
        });
        return leaderships;
    }

    /** @param replicas of each partition; the first leads */
    void insert(UUID id, String name, Map<String, String> configs, List<List<Integer>> replicas, long version) {
        sql.sql("insert into metadata.topic (id, name, configs, version) values (:id, :name, cast(:configs as jsonb), :version)")
                .param("id", id)
                .param("name", name)
                .param("configs", JSON.writeValueAsString(configs))
                .param("version", version)
                .update();
        sql.sql("""
                insert into metadata.partition
                    (topic_id, index, replicas, isr, leader, last_leader, leader_epoch, partition_epoch, version)
                select :id, ordinal - 1, brokers, brokers, brokers[1], brokers[1], 0, 0, :version
                from unnest(string_to_array(:replicas, ' ')) with ordinality placed(text, ordinal),
                    cast(placed.text as int[]) brokers
                """)
                .param("id", id)
                .param("version", version)
                .param("replicas", replicas.stream().map(TopicStore::arrayLiteral).collect(Collectors.joining(" ")))
                .update();
    }

    private static String arrayLiteral(List<Integer> brokers) {
        return brokers.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
    }

    /** @return the id of the deleted topic, null if there is none of that name */
    @Nullable
    UUID delete(String name, long version) {
        return sql.sql("""
                with gone as (
                    delete from metadata.topic where name = :name returning id, name
                )
                insert into metadata.topic_deletion (topic_id, name, version)
                select id, name, :version from gone
                returning topic_id
                """)
                .param("name", name)
                .param("version", version)
                .query(UUID.class)
                .optional()
                .orElse(null);
    }

    /** Forgets deletions; images from before the newest of them are loaded afresh. */
    void pruneDeletions(double olderThanSeconds) {
        sql.sql("""
                with pruned as (
                    delete from metadata.topic_deletion
                    where deleted_at < clock_timestamp() - make_interval(secs => :seconds)
                    returning version
                )
                update metadata.cluster
                set pruned_before = greatest(pruned_before, (select max(version) from pruned))
                where exists (select from pruned)
                """).param("seconds", olderThanSeconds).update();
    }

    /** Nothing while PostgreSQL may have lost some that it has given out. */
    Optional<Long> nextProducerId() {
        return sql.sql("""
                select nextval('metadata.producer_id')
                from metadata.cluster
                where trusted and contradicted_version is null and run_started_at = pg_postmaster_start_time()
                """).query(Long.class).optional();
    }
}
