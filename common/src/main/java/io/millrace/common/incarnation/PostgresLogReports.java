package io.millrace.common.incarnation;

import io.millrace.common.database.SqlValues;
import io.millrace.common.partition.PartitionTable.Key;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The reports in PostgreSQL. They are no part of the cluster image: writing them takes no version. */
public final class PostgresLogReports implements LogReports {
    private final JdbcClient sql;

    public PostgresLogReports(JdbcClient sql) {
        this.sql = sql;
    }

    @Override
    public boolean report(int brokerId, long brokerEpoch, int incarnation, List<LogReport> reports) {
        return sql.sql("""
                with valid as (
                    select from metadata.cluster, metadata.broker
                    where cluster.incarnation = :incarnation and id = :brokerId and epoch = :brokerEpoch
                ), told as (
                    insert into metadata.log_report
                        (topic_id, index, broker_id, broker_epoch, incarnation, joined_epoch, log_end)
                    select topic_id, index, :brokerId, :brokerEpoch, :incarnation, joined_epoch, log_end
                    from unnest(cast(:topicIds as uuid[]), cast(:indexes as int[]), cast(:joinedEpochs as int[]),
                            cast(:logEnds as bigint[]))
                        reported(topic_id, index, joined_epoch, log_end), valid
                    on conflict (topic_id, index, broker_id) do update
                    set broker_epoch = excluded.broker_epoch, incarnation = excluded.incarnation,
                        joined_epoch = excluded.joined_epoch, log_end = excluded.log_end
                    where log_report.incarnation < excluded.incarnation
                        or log_report.broker_epoch < excluded.broker_epoch
                )
                select exists (select from valid)
                """)
                .param("brokerId", brokerId)
                .param("brokerEpoch", brokerEpoch)
                .param("incarnation", incarnation)
                .param("topicIds", SqlValues.uuids(reports.stream().map(LogReport::topicId).toList()))
                .param("indexes", SqlValues.integers(reports.stream().map(LogReport::index).toList()))
                .param("joinedEpochs", SqlValues.integers(reports.stream().map(LogReport::joinedEpoch).toList()))
                .param("logEnds", reports.stream().map(LogReport::logEnd).toArray(Long[]::new))
                .query(Boolean.class)
                .single();
    }

    /**
     * What was reported in the present incarnation of the partitions that are recovering and have no leader, by partition and broker. A
     * broker that has registered anew since must report again.
     */
    public Map<Key, Map<Integer, LogReport>> ofLeaderless() {
        var reports = new HashMap<Key, Map<Integer, LogReport>>();
        sql.sql("""
                select r.topic_id, r.index, r.broker_id, r.joined_epoch, r.log_end
                from metadata.partition p
                join metadata.log_report r on r.topic_id = p.topic_id and r.index = p.index
                join metadata.broker b on b.id = r.broker_id and b.epoch = r.broker_epoch
                where p.recovering and p.leader is null and r.incarnation = (select incarnation from metadata.cluster)
                """).query(row -> {
            var topicId = SqlValues.uuid(row, 1);
            reports.computeIfAbsent(new Key(topicId, row.getInt(2)), _ -> new HashMap<>())
                    .put(row.getInt(3), new LogReport(topicId, row.getInt(2), row.getInt(4), row.getLong(5)));
        });
        return reports;
    }
}
