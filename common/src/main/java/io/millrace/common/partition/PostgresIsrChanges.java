package io.millrace.common.partition;

import io.millrace.common.metadata.MetadataTransaction;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.common.partition.PartitionTable.Row;
import io.millrace.common.partition.PartitionTable.Transition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What brokers write of their partitions themselves: no hop over the controller, who may be away while PostgreSQL is not. */
public final class PostgresIsrChanges implements IsrChanges, SeenLeaderEpochs {
    private final MetadataTransaction transaction;
    private final PartitionTable table;

    public PostgresIsrChanges(MetadataTransaction transaction, JdbcClient sql) {
        this.transaction = transaction;
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
    public void raiseLeaderEpochs(int brokerId, long brokerEpoch, List<Seen> seen) {
        if (seen.isEmpty()) {
            return;
        }
        transaction.write(version -> {
            var broker = table.standings().get(brokerId);
            if (broker == null || broker.epoch() != brokerEpoch) {
                return version;
            }
            var highest = new HashMap<Key, Integer>();
            seen.forEach(it -> highest.merge(new Key(it.topicId(), it.index()), it.leaderEpoch(), Math::max));
            var transitions = new ArrayList<Transition>();
            table.named(highest.keySet()).forEach((key, row) -> {
                if (row.partition().replicas().contains(brokerId)) {
                    transitions.add(row.to(PartitionRules.raiseLeaderEpoch(row.partition(), highest.get(key))));
                }
            });
            table.update(transitions, version);
            return version;
        });
    }
}
