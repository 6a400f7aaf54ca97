package io.millrace.coordinator.controller.reassignment;

import io.millrace.common.api.ClusterApi.Elect;
import io.millrace.common.api.ClusterApi.Elected;
import io.millrace.common.api.ClusterApi.Election;
import io.millrace.common.api.ClusterApi.ElectionOutcome;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.database.SqlValues;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.PartitionRules;
import io.millrace.common.partition.PartitionTable;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.common.partition.PartitionTable.Row;
import io.millrace.common.partition.PartitionTable.Transition;
import io.millrace.common.partition.Standing;
import io.millrace.coordinator.controller.ControllerRole;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Elections that somebody asks for, all of one request in one transaction. */
@Component
class Elections {
    private static final Logger LOG = LoggerFactory.getLogger(Elections.class);

    private final ControllerRole role;
    private final PartitionTable partitions;
    private final ClusterStore cluster;
    private final JdbcClient sql;

    Elections(ControllerRole role, PartitionTable partitions, ClusterStore cluster, JdbcClient sql) {
        this.role = role;
        this.partitions = partitions;
        this.cluster = cluster;
        this.sql = sql;
    }

    Elected hold(Elect request) {
        var elected = role.write(version -> {
            var wanted = request.partitions() == null ? withoutTheirLeader(request.unclean())
                    : named(request.partitions());
            var rows = partitions.named(wanted.values().stream().filter(key -> key != null).toList());
            var brokers = partitions.standings();
            var elections = new ArrayList<Election>();
            var transitions = new ArrayList<Transition>();
            wanted.forEach((partition, key) -> {
                var row = key == null ? null : rows.get(key);
                var after = row == null ? null : elect(row, brokers, request.unclean());
                elections.add(new Election(partition, outcome(row, after, request.unclean())));
                if (row != null && after != null) {
                    transitions.add(row.to(after));
                }
            });
            partitions.update(transitions, version);
            return new Elected(elections, version);
        });
        LOG.info("Elected {} leaders {}", elected.elections().stream().filter(election -> election
                .outcome() == ElectionOutcome.ELECTED).count(), request.unclean() ? "uncleanly" : "that are preferred");
        return elected;
    }

    private static PartitionImage elect(Row row, Map<Integer, Standing> brokers, boolean unclean) {
        return unclean ? PartitionRules.electUncleanly(row.partition(), brokers, row.terms())
                : PartitionRules.restorePreferredLeader(row.partition(), brokers);
    }

    private static ElectionOutcome outcome(@Nullable Row row, @Nullable PartitionImage after, boolean unclean) {
        if (row == null || after == null) {
            return ElectionOutcome.UNKNOWN_PARTITION;
        }
        var before = row.partition();
        if (after != before) {
            return ElectionOutcome.ELECTED;
        }
        if (unclean) {
            return before.leader() != PartitionImage.NO_LEADER ? ElectionOutcome.NOT_NEEDED
                    : ElectionOutcome.NONE_ELIGIBLE;
        }
        return before.leader() == before.replicas().getFirst() ? ElectionOutcome.NOT_NEEDED
                : ElectionOutcome.PREFERRED_NOT_AVAILABLE;
    }

    /** Null stands for one that there is not. */
    private Map<TopicPartition, @Nullable Key> named(List<TopicPartition> asked) {
        var topics = cluster.topics(asked.stream().map(TopicPartition::topic).distinct().toList());
        var keys = new LinkedHashMap<TopicPartition, @Nullable Key>();
        for (var partition : asked) {
            var topic = topics.get(partition.topic());
            keys.put(partition, topic == null ? null : new Key(topic.id(), partition.partition()));
        }
        return keys;
    }

    private Map<TopicPartition, @Nullable Key> withoutTheirLeader(boolean unclean) {
        var keys = new LinkedHashMap<TopicPartition, @Nullable Key>();
        sql.sql("""
                select t.name, p.index, p.topic_id
                from metadata.partition p
                join metadata.topic t on t.id = p.topic_id
                where case when :unclean then p.leader is null else p.leader is distinct from p.replicas[1] end
                order by t.name, p.index
                """).param("unclean", unclean).query(row -> {
            keys.put(new TopicPartition(row.getString(1), row.getInt(2)), new Key(SqlValues.uuid(row, 3), row.getInt(
                    2)));
        });
        return keys;
    }
}
