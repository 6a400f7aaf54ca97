package io.millrace.common.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.database.PostgresConnections;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.testing.TestPostgres;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.sql.DataSource;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

/** Histories of the metadata are told apart by the runs of the server in which versions were taken. */
class KnowledgeTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    private final DataSource database = postgres.dataSource();
    private final JdbcClient sql = JdbcClient.create(database);
    private final MetadataTransaction transaction = new MetadataTransaction(sql, new JdbcTransactionManager(database));

    @Test
    void a_server_that_was_started_anew_is_in_doubt_and_refuses_until_it_is_trusted() {
        long before = write();
        startAnew();
        assertThatThrownBy(this::write).isInstanceOfSatisfying(RefusedException.class, refused -> assertThat(refused
                .code()).isEqualTo(ErrorCode.UNAVAILABLE));
        trust();
        assertThat(write()).isGreaterThan(before);
    }

    @Test
    void what_was_known_before_the_start_of_a_server_is_no_contradiction_if_it_is_there() {
        write();
        var known = known();
        startAnew();
        trust();
        write();
        assertThat(present(known)).isFalse();
        assertThat(present(known())).isFalse();
        assertThat(write()).isPositive();
    }

    @Test
    void a_version_of_a_lost_history_is_found_out_though_the_database_has_come_past_it() {
        write();
        long kept = known().version();
        write();
        write();
        var lost = known();
        goBackTo(kept);
        for (int i = 0; i < 5; i++) {
            sql.sql("update metadata.cluster set version = version + 1").update();
        }
        trust();
        assertThat(known().version()).isGreaterThan(lost.version());

        assertThat(present(lost)).isTrue();
        assertThatThrownBy(this::write).isInstanceOf(RefusedException.class);
    }

    @Test
    void a_run_that_the_database_knows_nothing_of_is_a_lost_history() {
        var known = known();
        assertThat(present(new Knowledge(known.clusterId(), known.incarnation(), UUID.randomUUID(), 0))).isTrue();
    }

    @Test
    void what_was_known_in_an_earlier_incarnation_counts_no_more_and_a_later_one_contradicts() {
        write();
        var known = known();
        sql.sql("update metadata.cluster set incarnation = 3").update();
        assertThat(present(new Knowledge(known.clusterId(), 2, UUID.randomUUID(), 1_000))).isFalse();
        assertThat(present(new Knowledge(known.clusterId(), 4, known.run(), 0))).isTrue();
    }

    @Test
    void another_cluster_is_not_contradicted() {
        assertThat(present(new Knowledge("another", 9, UUID.randomUUID(), 1_000))).isFalse();
    }

    @Test
    void who_finds_out_that_something_is_lost_tells_what_it_has_seen_of_it() throws Exception {
        long kept = write();
        try (var feed = feed()) {
            feed.start();
            transaction.write(version -> sql.sql("""
                    with lost as (
                        insert into metadata.topic (id, name, configs, version)
                        values (gen_random_uuid(), 'lost', '{"min.insync.replicas": "2"}', :version) returning id
                    )
                    insert into metadata.partition (topic_id, index, replicas, isr, leader, last_leader, leader_epoch,
                        partition_epoch, version)
                    select id, 0, '{2,1}', '{2,1}', 2, 2, 4, 7, :version from lost
                    """).param("version", version).update());
            assertThat(feed.awaitVersion(known().version(), LONG)).isTrue();
            var lost = known();
            postgres.stop();
            postgres.direct().sql("delete from metadata.topic").update();
            postgres.direct().sql("update metadata.cluster set version = :kept").param("kept", kept).update();
            postgres.start();

            var told = postgres.direct().sql("""
                    select incarnation, version, (topic ->> 'name') || (topic ->> 'configs') || (topic ->> 'partitions')
                    from metadata.topics_seen, jsonb_array_elements(topics -> 'topics') topic
                    """).query((row, _) -> row.getInt(1) + " " + row.getLong(2) + " " + row.getString(3));
            await().atMost(LONG).until(() -> !told.list().isEmpty());
            assertThat(told.single()).startsWith(lost.incarnation() + " " + lost.version() + " lost")
                    .contains("min.insync.replicas", "[2, 1]");
            assertThatThrownBy(this::write).isInstanceOf(RefusedException.class);
        }
    }

    @Test
    void of_what_is_told_the_latest_stays() {
        tell(0, 7, "b");
        tell(0, 6, "a");
        assertThat(told()).isEqualTo("\"b\"");
        tell(1, 2, "c");
        assertThat(told()).isEqualTo("\"c\"");
    }

    @Test
    void what_is_told_while_an_incarnation_begins_is_told_too_late() throws Exception {
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> telling = transaction.write(_ -> {
                Future<?> late = executor.submit(() -> tell(0, 7, "late"));
                await().atMost(LONG).until(() -> postgres.direct().sql(
                        "select exists (select from pg_stat_activity where datname = current_database()"
                                + " and wait_event_type = 'Lock')").query(Boolean.class).single());
                sql.sql("update metadata.cluster set incarnation = 1").update();
                return late;
            });
            telling.get();
        }
        assertThat(sql.sql("select count(*) from metadata.topics_seen").query(Integer.class).single()).isZero();
    }

    private void tell(int incarnation, long version, String topics) {
        postgres.direct().sql("select metadata.tell_topics(:incarnation, :version, to_jsonb(cast(:topics as text)))")
                .param("incarnation", incarnation).param("version", version).param("topics", topics).query(row -> {});
    }

    private String told() {
        return sql.sql("select topics from metadata.topics_seen").query(String.class).single();
    }

    private ImageFeed feed() {
        return new ImageFeed(new PostgresConnections(postgres.jdbcUrl(), postgres.user(), postgres
                .password()), new MetadataSettings(Duration.ofMillis(50), Duration
                        .ofSeconds(5), Duration.ofMillis(20), Duration.ofMillis(100)));
    }

    @Test
    void no_image_is_taken_from_a_database_in_doubt() throws Exception {
        write();
        try (var feed = feed()) {
            feed.start();
            assertThat(feed.awaitVersion(known().version(), LONG)).isTrue();
            startAnew();
            sql.sql("update metadata.cluster set version = version + 1").update();
            await().atMost(LONG).until(() -> !feed.isConnected());
            assertThat(feed.current().version()).isLessThan(known().version());
            var answeredFor = feed.answeredFor();
            trust();
            assertThat(feed.awaitVersion(known().version(), LONG)).isTrue();
            assertThat(feed.knowledge()).isEqualTo(known());
            assertThat(feed.answeredFor()).as("leases were renewed all the time").isGreaterThan(answeredFor);
        }
    }

    private long write() {
        return transaction.write(version -> version);
    }

    private boolean present(Knowledge known) {
        return sql.sql("select metadata.present(:cluster, :incarnation, cast(:run as uuid), :version)")
                .param("cluster", known.clusterId())
                .param("incarnation", known.incarnation())
                .param("run", known.run())
                .param("version", known.version())
                .query(Boolean.class)
                .single();
    }

    private Knowledge known() {
        return sql.sql("select cluster_id, incarnation, run, version from metadata.cluster")
                .query((row, _) -> new Knowledge(row.getString(1), row.getInt(2), row.getObject(3, UUID.class), row
                        .getLong(4)))
                .single();
    }

    /** As if the server that took the last version had been another. */
    private void startAnew() {
        sql.sql("update metadata.cluster set run_started_at = run_started_at - interval '1 hour'").update();
    }

    private void goBackTo(long version) {
        sql.sql("update metadata.cluster set version = :version").param("version", version).update();
        startAnew();
    }

    private void trust() {
        sql.sql("update metadata.cluster set version = version + 1").update();
        sql.sql("update metadata.cluster set trusted = true").update();
    }
}
