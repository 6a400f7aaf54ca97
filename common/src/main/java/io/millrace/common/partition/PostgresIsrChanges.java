package io.millrace.common.partition;

import io.millrace.common.metadata.Incarnation;
import io.millrace.common.metadata.MetadataTransaction;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.common.partition.PartitionTable.Row;
import io.millrace.common.partition.PartitionTable.Transition;
import java.util.ArrayList;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What brokers write of their partitions themselves: no hop over the controller, who may be away while PostgreSQL is not. */
public final class PostgresIsrChanges implements IsrChanges, SeenLeaderEpochs {
    private final MetadataTransaction transaction;
    private final JdbcClient sql;
    private final PartitionTable table;

    public PostgresIsrChanges(MetadataTransaction transaction, JdbcClient sql) {
        this.transaction = transaction;
        this.sql = sql;
        this.table = new PartitionTable(sql);
    }

    @Override
    public List<Outcome> alter(int leaderId, long leaderBrokerEpoch, List<IsrChange> changes) {
        if (changes.isEmpty()) {
            return List.of();
        }
        return transaction.write(version -> {
            var rows = table.named(changes.stream().map(change -> new Key(change.topicId(), change.index())).toList());
            var brokers = table.standings();
            var outcomes = new ArrayList<Outcome>(changes.size());
            var transitions = new ArrayList<Transition>();
            for (var change : changes) {
                var key = new Key(change.topicId(), change.index());
                var row = rows.get(key);
                var outcome = PartitionRules.changeIsr(row == null ? null : row.partition(), leaderId,
                        leaderBrokerEpoch, change, brokers, row == null ? Terms.DEFAULT : row.terms());
                outcomes.add(outcome);
                if (row != null && outcome instanceof Outcome.Changed(var now)) {
                    transitions.add(row.to(now));
                    // A second change of the same partition meets the first.
                    rows.put(key, new Row(row.topicId(), now, row.terms()));
                }
            }
            table.update(transitions, version);
            return List.copyOf(outcomes);
        });
    }

    @Override
    public void forgotten(int brokerId, long brokerEpoch, List<Seen> seen) {
        if (seen.isEmpty()) {
            return;
        }
        transaction.write(version -> {
            var broker = table.standings().get(brokerId);
            if (broker == null || broker.epoch() != brokerEpoch) {
                return version;
            }
            var rows = table.named(seen.stream().map(it -> new Key(it.topicId(), it.index())).toList());
            seen.stream()
                    .filter(it -> rows.get(new Key(it.topicId(), it.index())) instanceof Row row
                            && isForgotten(row.partition(), it.leaderEpoch(), brokerId))
                    .mapToInt(it -> Incarnation.of(it.leaderEpoch()))
                    .max()
                    .ifPresent(incarnation -> contradict(incarnation, version));
            return version;
        });
    }

    /** Also when another has led in the very epoch in which the broker that tells of it is to lead. */
    private static boolean isForgotten(PartitionImage row, int seenEpoch, int brokerId) {
        return row.leaderEpoch() < seenEpoch || row.leaderEpoch() == seenEpoch && row.leader() == brokerId;
    }

    private void contradict(int incarnation, long version) {
        sql.sql("""
                select metadata.note_contradiction(greatest(:incarnation, incarnation), :version) from metadata.cluster
                """)
                .param("incarnation", incarnation)
                .param("version", version)
                .query(_ -> {});
    }
}
