package io.millrace.coordinator.controller;

import io.millrace.common.database.SqlValues;
import io.millrace.common.partition.PartitionTable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** Topics in PostgreSQL. All but the reads run within {@link ControllerRole#write}. */
@Component
class TopicStore {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final TypeReference<TreeMap<String, String>> CONFIGS = new TypeReference<>() {};

    private final JdbcClient sql;
    private final PartitionTable partitions;

    TopicStore(JdbcClient sql, PartitionTable partitions) {
        this.sql = sql;
        this.partitions = partitions;
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
    void insert(Uuid id, String name, Map<String, String> configs, List<List<Integer>> replicas, long version) {
        sql.sql("insert into metadata.topic (id, name, configs, version) values (:id, :name, cast(:configs as jsonb), :version)")
                .param("id", SqlValues.uuid(id))
                .param("name", name)
                .param("configs", JSON.writeValueAsString(configs))
                .param("version", version)
                .update();
        partitions.insert(id, 0, replicas, version);
    }

    /** @return the id of the deleted topic, null if there is none of that name */
    @Nullable
    Uuid delete(String name, long version) {
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
                .query((row, _) -> SqlValues.uuid(row, 1))
                .optional()
                .orElse(null);
    }

    /** @return the name of the topic with that id, null if there is none */
    @Nullable
    String nameOf(Uuid id) {
        return sql.sql("select name from metadata.topic where id = :id").param("id", SqlValues.uuid(id)).query(
                String.class).optional().orElse(null);
    }

    record Configured(Uuid id, Map<String, String> configs) {}

    @Nullable
    Configured configured(String name) {
        return sql.sql("select id, configs from metadata.topic where name = :name")
                .param("name", name)
                .query((row, _) -> new Configured(SqlValues.uuid(row, 1), JSON.readValue(row.getString(2), CONFIGS)))
                .optional()
                .orElse(null);
    }

    void configure(Uuid id, Map<String, String> configs, long version) {
        sql.sql("update metadata.topic set configs = cast(:configs as jsonb), version = :version where id = :id")
                .param("id", SqlValues.uuid(id))
                .param("configs", JSON.writeValueAsString(configs))
                .param("version", version)
                .update();
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
