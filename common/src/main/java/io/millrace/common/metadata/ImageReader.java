package io.millrace.common.metadata;

import io.millrace.common.database.SqlValues;
import io.millrace.common.metadata.ImageDelta.TopicChange;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** Reads the cluster, whole or what changed since a version, over one connection. */
final class ImageReader {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final TypeReference<Map<String, String>> CONFIGS = new TypeReference<>() {};

    private final Connection connection;
    private final JdbcClient sql;
    /** Whether what is known was read over this connection. */
    private boolean sameHistory;
    /** Whether this database has been told what was known before. */
    private boolean presented;
    private Knowledge knowledge;

    /** @param knowledge from the connections before: presented first, for this may be a database that lacks some of it */
    ImageReader(Connection connection, Knowledge knowledge) {
        this.connection = connection;
        this.knowledge = knowledge;
        this.sql = JdbcClient.create(new SingleConnectionDataSource(connection, true));
    }

    /** How far the images read here have told what happened. */
    Knowledge knowledge() {
        return knowledge;
    }

    private record Standing(boolean contradicts, boolean told) {}

    /** False if this database lacks something of what is known: it is then told the topics of the known image, for the controller may not have seen them. */
    private boolean present(ClusterImage known) {
        var standing = sql.sql("""
                select metadata.contradicts(:clusterId, :incarnation, cast(:run as uuid), :version),
                    exists (select from metadata.topics_seen seen
                        where (seen.incarnation, seen.version) >= (:incarnation, :version))
                """)
                .param("clusterId", knowledge.clusterId())
                .param("incarnation", knowledge.incarnation())
                .param("run", knowledge.run())
                .param("version", knowledge.version())
                .query((row, _) -> new Standing(row.getBoolean(1), row.getBoolean(2)))
                .single();
        if (standing.contradicts() && !standing.told()) {
            sql.sql("select metadata.tell_topics(:incarnation, :version, cast(:topics as jsonb))")
                    .param("incarnation", knowledge.incarnation())
                    .param("version", knowledge.version())
                    .param("topics", TopicsSeen.in(known))
                    .query(rows -> {});
        }
        return !standing.contradicts();
    }

    /**
     * The newest image: the known one if nothing changed, else the known one with the difference applied, or all of it afresh where the
     * difference is not known: deletions were forgotten, or the database is another one or has gone back in time (a failover to a
     * standby that lagged behind). Such a standby may since have come past the known version by other changes, which no version tells;
     * but no failover leaves a connection as it was, so the first image of each connection is read afresh.
     *
     * @return null while it is not known whether the database has lost something; the controller finds that out
     */
    @Nullable
    ClusterImage newerThan(ClusterImage known) throws SQLException {
        presented = presented || present(known);
        var newest = cluster();
        if (!presented || !newest.trusted()) {
            return null;
        }
        if (sameHistory && newest.isAt(known)) {
            return known;
        }
        // All queries must see one moment, or a topic could come without its partitions.
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        connection.setReadOnly(true);
        try {
            var cluster = cluster();
            if (!cluster.trusted()) {
                connection.rollback();
                return null;
            }
            var base = sameHistory && cluster.canContinue(known) ? known : ClusterImage.EMPTY;
            var image = changesSince(base.version(), cluster).applyTo(base);
            connection.commit();
            sameHistory = true;
            knowledge = new Knowledge(cluster.id(), cluster.incarnation(), cluster.run(), cluster.version());
            return image.equals(known) ? known : image;
        } catch (SQLException | RuntimeException e) {
            connection.rollback();
            throw e;
        } finally {
            connection.setReadOnly(false);
            connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            connection.setAutoCommit(true);
        }
    }

    private record Cluster(String id, long version, long prunedBefore, @Nullable Long reassignmentRate, int incarnation,
            @Nullable UUID run, boolean trusted) {
        boolean isAt(ClusterImage image) {
            return image.version() == version && image.clusterId().equals(id);
        }

        boolean canContinue(ClusterImage image) {
            return image.clusterId().equals(id) && image.version() <= version && image.version() >= prunedBefore;
        }
    }

    private Cluster cluster() {
        return sql.sql("""
                select cluster_id, version, pruned_before, reassignment_rate, incarnation, run,
                    trusted and contradicted_version is null and run_started_at = pg_postmaster_start_time()
                from metadata.cluster
                """)
                .query((row, _) -> new Cluster(row.getString(1), row.getLong(2), row.getLong(3), row.getObject(4,
                        Long.class), row.getInt(5), row.getObject(6, UUID.class), row.getBoolean(7)))
                .single();
    }

    private ImageDelta changesSince(long version, Cluster cluster) {
        var leases = new ArrayList<LeaseImage>();
        var freeLeases = new ArrayList<String>();
        for (var lease : leases(version)) {
            if (lease.holder().isEmpty()) {
                freeLeases.add(lease.name());
            } else {
                leases.add(lease);
            }
        }
        return new ImageDelta(
                cluster.id(),
                cluster.version(),
                cluster.reassignmentRate(),
                brokers(version),
                removedBrokers(version),
                topics(version),
                partitions(version),
                deletedTopics(version),
                cluster.prunedBefore(),
                leases,
                freeLeases);
    }

    private List<BrokerImage> brokers(long since) {
        return sql.sql("""
                select id, epoch, host, kafka_port, http_url, fenced, tail_lost, leaving, draining
                from metadata.broker
                where version > :since and not removed
                """)
                .param("since", since)
                .query((row, _) -> new BrokerImage(
                        row.getInt(1), row.getLong(2), row.getString(3), row.getInt(4), row.getString(5),
                        row.getBoolean(6), row.getBoolean(7), row.getBoolean(8), row.getBoolean(9)))
                .list();
    }

    private List<Integer> removedBrokers(long since) {
        return sql.sql("select id from metadata.broker where version > :since and removed")
                .param("since", since)
                .query(Integer.class)
                .list();
    }

    private List<TopicChange> topics(long since) {
        return sql.sql("select id, name, configs from metadata.topic where version > :since")
                .param("since", since)
                .query((row, _) -> new TopicChange(
                        SqlValues.uuid(row, 1), row.getString(2), JSON.readValue(row.getString(3),
                                CONFIGS)))
                .list();
    }

    private Map<Uuid, List<PartitionImage>> partitions(long since) {
        var byTopic = new HashMap<Uuid, List<PartitionImage>>();
        sql.sql("select %s from metadata.partition p where version > :since".formatted(PartitionColumns.ALL))
                .param("since", since)
                .query((ResultSet row) -> {
                    byTopic.computeIfAbsent(SqlValues.uuid(row, 1), _ -> new ArrayList<>()).add(PartitionColumns.read(
                            row));
                });
        return byTopic;
    }

    private Map<Uuid, Long> deletedTopics(long since) {
        var deleted = new HashMap<Uuid, Long>();
        sql.sql("select topic_id, version from metadata.topic_deletion where version > :since")
                .param("since", since)
                .query((ResultSet row) -> {
                    deleted.put(SqlValues.uuid(row, 1), row.getLong(2));
                });
        return deleted;
    }

    private List<LeaseImage> leases(long since) {
        return sql.sql("""
                select name, holder, base_url, epoch, kafka_host, kafka_port
                from metadata.lease
                where version > :since
                """)
                .param("since", since)
                .query((row, _) -> new LeaseImage(row.getString(1), row.getString(2), row.getString(3), row.getLong(4),
                        row.getString(5) == null ? null : new CoordinatorNode(row.getString(5), row.getInt(6))))
                .list();
    }
}
