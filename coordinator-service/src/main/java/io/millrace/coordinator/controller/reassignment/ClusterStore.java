package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.api.TopicPartition;
import io.millrace.common.database.SqlValues;
import io.millrace.coordinator.controller.placement.BrokerUse;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What plans are made of, and brokers that come to be drained and removed. What changes anything runs within the controller's write. */
@Component
class ClusterStore {
    private final JdbcClient sql;

    ClusterStore(JdbcClient sql) {
        this.sql = sql;
    }

    /** Each part as of a moment, but outside of the controller's write not of the same. */
    Basis basis() {
        return new Basis(destinations(), uses());
    }

    /** The replicas of all partitions as they are, or are going to be. */
    private Map<TopicPartition, List<Integer>> destinations() {
        var destinations = new HashMap<TopicPartition, List<Integer>>();
        sql.sql("""
                select t.name, p.index, case when r.cancelled then r.before else coalesce(r.target, p.replicas) end
                from metadata.partition p
                join metadata.topic t on t.id = p.topic_id
                left join metadata.reassignment r on r.topic_id = p.topic_id and r.index = p.index and not r.finished
                """).query(row -> {
            destinations.put(new TopicPartition(row.getString(1), row.getInt(2)), SqlValues.integers(row, 3));
        });
        return destinations;
    }

    private Map<Integer, BrokerUse> uses() {
        var uses = new TreeMap<Integer, BrokerUse>();
        sql.sql("select id, fenced or leaving, draining from metadata.broker where not removed").query(row -> {
            uses.put(row.getInt(1), row.getBoolean(3) ? BrokerUse.DRAINS
                    : row.getBoolean(2) ? BrokerUse.KEEPS : BrokerUse.TARGET);
        });
        return uses;
    }

    record Topic(Uuid id, int minInsyncReplicas) {}

    /** Those of the topics that there are, by name. */
    Map<String, Topic> topics(Collection<String> names) {
        var topics = new HashMap<String, Topic>();
        sql.sql("""
                select name, id, cast(coalesce(configs ->> 'min.insync.replicas', '1') as int)
                from metadata.topic
                where name = any(cast(:names as text[]))
                """).param("names", SqlValues.texts(names)).query(row -> {
            topics.put(row.getString(1), new Topic(SqlValues.uuid(row, 2), row.getInt(3)));
        });
        return topics;
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
}
