package io.millrace.common.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.MetadataTransaction;
import io.millrace.common.partition.IsrChange.Member;
import io.millrace.common.partition.Outcome.Changed;
import io.millrace.common.partition.Outcome.Reason;
import io.millrace.common.partition.Outcome.Refused;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.testing.TestPostgres;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

class PostgresIsrChangesTest {
    private static final Uuid TOPIC = new Uuid(3, 4);

    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    private final DataSource dataSource = postgres.dataSource();
    private final JdbcClient sql = JdbcClient.create(dataSource);
    private final MetadataTransaction transaction = new MetadataTransaction(sql, new JdbcTransactionManager(
            dataSource));
    private final PostgresIsrChanges changes = new PostgresIsrChanges(transaction, sql);
    private final PartitionTable table = new PartitionTable(sql);

    @BeforeEach
    void create() {
        transaction.write(version -> {
            sql.sql("""
                    insert into metadata.broker (id, epoch, incarnation, directory_id, host, kafka_port, http_url, ready,
                        fenced, lease_expires_at, version)
                    select id, 10 + id, gen_random_uuid(), gen_random_uuid(), 'h', 1, 'u', true, false,
                        clock_timestamp() + interval '1 hour', :version
                    from generate_series(1, 3) id
                    """).param("version", version).update();
            sql.sql("""
                    insert into metadata.topic (id, name, configs, version)
                    values (:id, 'orders', '{"min.insync.replicas": "2"}', :version)
                    """).param("id", new UUID(3, 4)).param("version", version).update();
            return sql.sql("""
                    insert into metadata.partition (topic_id, index, replicas, isr, leader, last_leader, leader_epoch,
                        partition_epoch, version)
                    select :id, index, '{1,2,3}', '{1,2,3}', 1, 1, 4, 7, :version from generate_series(0, 99) index
                    """).param("id", new UUID(3, 4)).param("version", version).update();
        });
    }

    @Test
    void many_partitions_change_in_one_transaction_each_with_its_own_outcome() {
        long before = version();
        var outcomes = changes.alter(1, 11, List.of(
                change(0, 7, 1, 2),
                change(1, 6, 1, 2),
                change(2, 7, 1),
                change(200, 7, 1)));

        assertThat(version()).isEqualTo(before + 1);
        assertThat(outcomes.get(0)).isInstanceOfSatisfying(Changed.class, it -> assertThat(it.now()).isEqualTo(row(0)
                .partition()));
        assertThat(row(0).partition()).matches(it -> it.isr().equals(List.of(1, 2)) && it.partitionEpoch() == 8
                && it.leaderEpoch() == 4 && it.elr().isEmpty());
        assertThat(outcomes.get(1)).isEqualTo(new Refused(Reason.STALE_EPOCH, row(1).partition()));
        assertThat(row(2).partition().elr()).as("one is below the minimum of two").containsExactlyInAnyOrder(2, 3);
        assertThat(outcomes.get(3)).isEqualTo(new Refused(Reason.UNKNOWN_PARTITION, null));
        assertThat(sql.sql("select count(*) from metadata.partition where version = :version").param("version",
                before + 1).query(Integer.class).single()).isEqualTo(2);
    }

    @Test
    void a_leader_that_was_fenced_or_registered_again_changes_nothing() {
        assertThat(changes.alter(1, 10, List.of(change(0, 7, 1, 2)))).first().isEqualTo(new Refused(
                Reason.STALE_EPOCH, row(0).partition()));
        sql.sql("update metadata.broker set fenced = true where id = 1").update();

        assertThat(changes.alter(1, 11, List.of(change(0, 7, 1, 2)))).first().isEqualTo(new Refused(
                Reason.NOT_LEADER, row(0).partition()));
        assertThat(row(0).partition().partitionEpoch()).isEqualTo(7);
    }

    @Test
    void of_changes_to_the_same_row_at_the_same_time_one_is_made() throws Exception {
        var calls = IntStream.range(0, 8).<Callable<List<Outcome>>>mapToObj(_ -> () -> changes.alter(1, 11, List.of(
                change(0, 7, 1, 2)))).toList();
        int made = 0;
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var answer : threads.invokeAll(calls)) {
                made += answer.get().getFirst() instanceof Changed ? 1 : 0;
            }
        }

        assertThat(made).isEqualTo(1);
        assertThat(row(0).partition().partitionEpoch()).isEqualTo(8);
    }

    @Test
    void a_leader_epoch_that_the_metadata_has_forgotten_puts_it_in_doubt() {
        changes.forgotten(2, 11, List.of(new SeenLeaderEpochs.Seen(TOPIC, 0, 60)));
        changes.forgotten(2, 12, List.of(new SeenLeaderEpochs.Seen(TOPIC, 0, row(0).partition().leaderEpoch())));
        assertThat(transaction.<Long>write(version -> version)).isPositive();

        changes.forgotten(2, 12, List.of(new SeenLeaderEpochs.Seen(TOPIC, 0, 60)));

        assertThatThrownBy(() -> transaction.write(version -> version)).isInstanceOf(RefusedException.class);
        assertThat(sql.sql("select contradicted_incarnation from metadata.cluster").query(Integer.class).single())
                .isZero();
    }

    @Test
    void so_does_an_epoch_in_which_another_has_led_than_who_is_to() {
        changes.forgotten(1, 11, List.of(new SeenLeaderEpochs.Seen(TOPIC, 0, row(0).partition().leaderEpoch())));

        assertThatThrownBy(() -> transaction.write(version -> version)).isInstanceOf(RefusedException.class);
    }

    @Test
    void what_touches_a_broker_is_found_by_isr_elr_leader_and_where_nobody_leads() {
        sql.sql("update metadata.partition set isr = '{2}', elr = '{}', leader = 2 where index > 3").update();
        sql.sql("update metadata.partition set isr = '{1,2}', leader = 2 where index = 0").update();
        sql.sql("update metadata.partition set isr = '{2}', elr = '{1}', leader = 2 where index = 1").update();
        sql.sql("update metadata.partition set isr = '{}', leader = null where index = 2").update();
        sql.sql("update metadata.partition set isr = '{2}', leader = 2 where index = 3").update();

        assertThat(table.touchedBy(List.of(1))).extracting(it -> it.partition().index())
                .containsExactlyInAnyOrder(0, 1, 2);
    }

    private long version() {
        return sql.sql("select version from metadata.cluster").query(Long.class).single();
    }

    private PartitionTable.Row row(int index) {
        var key = new Key(TOPIC, index);
        return table.named(List.of(key)).get(key);
    }

    private static IsrChange change(int index, int partitionEpoch, int... members) {
        return new IsrChange(TOPIC, index, 4, partitionEpoch, IntStream.of(members).mapToObj(id -> new Member(id,
                10 + id)).toList());
    }
}
