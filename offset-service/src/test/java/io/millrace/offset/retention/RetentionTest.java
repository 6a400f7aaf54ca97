package io.millrace.offset.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.offset.ClusterRows;
import io.millrace.offset.meters.TestMeters;
import io.millrace.testing.TestPostgres;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

class RetentionTest {
    @AutoClose
    private static final TestPostgres POSTGRES = TestPostgres.create();

    private static final String TAKE_THE_LOCK = "select pg_advisory_lock(hashtextextended('millrace.offsets.retention', 0))";

    private final JdbcClient direct = POSTGRES.direct();
    private final ClusterRows rows = new ClusterRows(direct);
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private UUID topic = UUID.randomUUID();

    @BeforeEach
    void emptyTables() {
        rows.clear();
        direct.sql("truncate offsets.committed, offsets.group_seen").update();
        direct.sql("delete from metadata.topic").update();
        topic = rows.addTopic("t", 4);
    }

    @Test
    void offsets_of_a_group_without_members_are_forgotten_after_the_retention_time() {
        commit("old", topic, 0, "8 days");
        commit("young", topic, 0, "6 days");
        rows.addEmpty("old");

        retention(100, 10).look();

        assertThat(groups()).containsExactly("young");
        assertThat(registry.get("millrace.offset.removed").tag("reason", "retention").counter().count()).isEqualTo(1);
    }

    @Test
    void offsets_of_a_group_with_members_are_kept_however_old() {
        commit("g", topic, 0, "80 days");
        rows.add("g", "m", 1);

        retention(100, 10).look();

        assertThat(groups()).containsExactly("g");
    }

    @Test
    void a_group_of_several_members_is_noted_once() {
        commit("g", topic, 0, "80 days");
        rows.add("g", "m", 1);
        rows.add("g", "n", 1);

        retention(100, 10).look();

        assertThat(groups()).containsExactly("g");
    }

    @Test
    void the_retention_time_begins_when_the_last_member_was_seen() {
        commit("g", topic, 0, "80 days");
        rows.add("g", "m", 1);
        retention(100, 10).look();
        rows.clear();

        retention(100, 10).look();
        assertThat(groups()).containsExactly("g");
        direct.sql("update offsets.group_seen set with_members_at = with_members_at - interval '8 days'").update();
        retention(100, 10).look();

        assertThat(groups()).isEmpty();
        assertThat(direct.sql("select count(*) from offsets.group_seen").query(Integer.class).single()).isZero();
    }

    @Test
    void each_offset_of_a_group_that_never_had_members_expires_by_itself() {
        commit("g", topic, 0, "8 days");
        commit("g", topic, 1, "1 day");

        retention(100, 10).look();

        assertThat(direct.sql("select partition from offsets.committed").query(Integer.class).list()).containsExactly(
                1);
    }

    @Test
    void offsets_of_deleted_topics_are_removed() {
        var deleted = rows.addTopic("gone", 1);
        commit("g", deleted, 0, "1 minute");
        commit("g", topic, 0, "1 minute");
        rows.add("g", "m", 1);
        rows.deleteTopic("gone");

        retention(100, 10).look();

        assertThat(direct.sql("select topic_id from offsets.committed").query(UUID.class).list()).containsExactly(
                topic);
        assertThat(registry.get("millrace.offset.removed").tag("reason", "topic-deleted").counter().count()).isEqualTo(
                1);
    }

    @Test
    void one_look_deletes_no_more_than_its_batches() {
        for (int i = 0; i < 10; i++) {
            commit("g" + i, topic, 0, "8 days");
        }

        retention(2, 3).look();
        assertThat(groups()).hasSize(4);
        retention(2, 3).look();

        assertThat(groups()).isEmpty();
    }

    @Test
    void a_service_leaves_it_to_another_that_is_at_it() throws SQLException {
        commit("old", topic, 0, "8 days");
        try (var other = POSTGRES.dataSource().getConnection(); var statement = other.createStatement()) {
            statement.execute(TAKE_THE_LOCK);
            retention(100, 10).look();
            assertThat(groups()).containsExactly("old");
        }

        // PostgreSQL ends a session some time after its connection.
        await().untilAsserted(() -> {
            retention(100, 10).look();
            assertThat(groups()).isEmpty();
        });
    }

    @Test
    void a_join_under_way_saves_the_groups_offsets() throws SQLException {
        commit("g", topic, 0, "8 days");
        rows.addEmpty("g");
        try (var coordinator = POSTGRES.dataSource().getConnection(); var statement = coordinator.createStatement()) {
            coordinator.setAutoCommit(false);
            statement.execute("insert into groups.member (group_id, member_id, epoch) values ('g', 'm', 1)");
            var look = CompletableFuture.runAsync(retention(100, 10)::look);
            awaitALockWaiter();

            coordinator.commit();
            look.join();
        }

        assertThat(groups()).containsExactly("g");
    }

    @Test
    void a_commit_under_way_saves_its_offset() throws SQLException {
        commit("g", topic, 0, "8 days");
        try (var committer = POSTGRES.dataSource().getConnection(); var statement = committer.createStatement()) {
            committer.setAutoCommit(false);
            statement.execute("update offsets.committed set committed_at = clock_timestamp()");
            var look = CompletableFuture.runAsync(retention(100, 10)::look);
            awaitALockWaiter();

            committer.commit();
            look.join();
        }

        assertThat(groups()).containsExactly("g");
    }

    private void awaitALockWaiter() {
        await().atMost(Duration.ofSeconds(60)).until(() -> direct.sql("""
                select count(*) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'
                """).query(Integer.class).single() > 0);
    }

    private Retention retention(int batchRows, int passBatches) {
        return new Retention(
                JdbcClient.create(POSTGRES.dataSource()),
                new TransactionTemplate(new DataSourceTransactionManager(POSTGRES.dataSource())),
                new RetentionSettings(Duration.ofDays(7), Duration.ofMinutes(10), batchRows, passBatches),
                TestMeters.of(registry));
    }

    private void commit(String group, UUID topicId, int partition, String age) {
        direct.sql("""
                insert into offsets.committed (group_id, topic_id, partition, topic, next_offset, committed_at)
                values (:group, :topic, :partition, 't', 1, clock_timestamp() - :age::interval)
                """)
                .param("group", group)
                .param("topic", topicId)
                .param("partition", partition)
                .param("age", age)
                .update();
    }

    private List<String> groups() {
        return direct.sql("select distinct group_id from offsets.committed order by 1").query(String.class).list();
    }
}
