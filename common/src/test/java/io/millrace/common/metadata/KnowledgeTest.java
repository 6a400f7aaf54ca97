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
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

/** Histories of the metadata are told apart by the runs of the server in which versions were taken. */
class KnowledgeTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    private final JdbcClient sql = JdbcClient.create(postgres.dataSource());
    private final MetadataTransaction transaction = new MetadataTransaction(sql, new JdbcTransactionManager(postgres
            .dataSource()));

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
    void no_image_is_taken_from_a_database_in_doubt() throws Exception {
        write();
        try (var feed = new ImageFeed(new PostgresConnections(postgres.jdbcUrl(), postgres.user(), postgres
                .password()), new MetadataSettings(Duration.ofMillis(50), Duration
                        .ofSeconds(5), Duration.ofMillis(20), Duration.ofMillis(100)))) {
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
