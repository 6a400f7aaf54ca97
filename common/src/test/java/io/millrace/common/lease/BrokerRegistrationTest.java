package io.millrace.common.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.database.PostgresConnections;
import io.millrace.testing.TestPostgres;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class BrokerRegistrationTest {
    private static final LeaseTiming TIMING = new LeaseTiming(Duration.ofMillis(1_500), Duration.ofMillis(100), Duration
            .ofMillis(150));
    private static final Duration LONG = Duration.ofSeconds(60);

    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    private final List<BrokerRegistration> registrations = new ArrayList<>();
    private final CompletableFuture<RegistrationEndedException> ended = new CompletableFuture<>();

    @AfterEach
    void closeRegistrations() {
        postgres.start();
        registrations.forEach(BrokerRegistration::close);
    }

    @Test
    void a_broker_registers_fenced_and_renews_its_lease() throws Exception {
        assertThat(registration(0).start(LONG)).isEqualTo(1);

        assertThat(row(0)).containsEntry("fenced", true).containsEntry("ready", false).containsEntry("http_url",
                "http://h:8190");
        var expiry = row(0).get("lease_expires_at");
        await().atMost(LONG).until(() -> !row(0).get("lease_expires_at").equals(expiry));
    }

    @Test
    void a_ready_broker_says_so_in_postgres() throws Exception {
        var broker = registration(0);
        broker.start(LONG);

        broker.ready();

        await().atMost(LONG).until(() -> row(0).get("ready").equals(true));
        assertThat(row(0)).as("to unfence is the controller's").containsEntry("fenced", true);
    }

    @Test
    void a_broker_that_closes_ends_its_lease_at_once_and_the_next_one_has_a_higher_epoch() throws Exception {
        var broker = registration(0);
        broker.start(LONG);
        broker.ready();
        await().atMost(LONG).until(() -> row(0).get("ready").equals(true));
        broker.close();

        assertThat(leaseRuns()).isFalse();
        assertThat(row(0)).containsEntry("fenced", true).containsEntry("ready", false);
        assertThat(registration(0).start(LONG)).isEqualTo(2);
    }

    @Test
    void the_id_of_a_running_broker_is_refused_with_both_in_the_message() throws Exception {
        registration(0).start(LONG);

        assertThatThrownBy(() -> registration(0).start(LONG))
                .isInstanceOf(BrokerIdInUseException.class)
                .hasMessageContaining("Broker id 0 is in use by the broker at h:9092")
                .hasMessageContaining("another id");
        assertThat(row(0)).containsEntry("epoch", 1L);
    }

    @Test
    void the_successor_of_a_dead_broker_waits_until_its_lease_has_run_out() throws Exception {
        postgres.direct().sql("""
                insert into metadata.broker (id, epoch, incarnation, directory_id, host, kafka_port, http_url, fenced,
                    lease_expires_at, version)
                values (0, 7, gen_random_uuid(), gen_random_uuid(), 'h', 1, 'u', false, clock_timestamp() + interval '1 second', 0)
                """).update();

        assertThat(registration(0).start(LONG)).isEqualTo(8);
    }

    @Test
    void while_postgres_is_away_the_registration_stays_and_is_renewed_afterwards() throws Exception {
        var broker = registration(0);
        broker.start(LONG);
        postgres.stop();
        await().atMost(LONG).until(() -> !leaseRuns());

        postgres.start();

        await().atMost(LONG).until(this::leaseRuns);
        assertThat(broker.epoch()).isEqualTo(1);
        assertThat(row(0)).containsEntry("epoch", 1L);
    }

    @Test
    void a_broker_whose_row_was_rolled_back_registers_again_above_its_own_epoch() throws Exception {
        var broker = registration(0);
        broker.start(LONG);
        broker.ready();
        postgres.direct().sql("delete from metadata.broker").update();

        await().atMost(LONG).until(() -> broker.epoch() == 2);
        await().atMost(LONG).until(() -> row(0).get("ready").equals(true));
    }

    @Test
    void a_broker_whose_id_was_taken_while_it_slept_is_told_to_stop() throws Exception {
        registration(0).start(LONG);
        postgres.direct().sql("""
                update metadata.broker
                set epoch = 2, incarnation = gen_random_uuid(), lease_expires_at = clock_timestamp() + interval '1 hour'
                """).update();

        assertThat(ended.get(LONG.toSeconds(), TimeUnit.SECONDS)).isInstanceOf(BrokerIdInUseException.class)
                .hasMessageContaining("in use");
    }

    @Test
    void a_broker_that_was_removed_while_it_slept_is_told_and_is_no_member_again_by_itself() throws Exception {
        registration(0).start(LONG);
        postgres.direct().sql("""
                update metadata.broker
                set removed = true, ready = false, fenced = true, lease_expires_at = clock_timestamp() - interval '1 minute'
                """).update();

        assertThat(ended.get(LONG.toSeconds(), TimeUnit.SECONDS)).isInstanceOf(BrokerRemovedException.class)
                .hasMessageContaining("Broker 0 was removed");
        registrations.forEach(BrokerRegistration::close);
        assertThat(row(0)).containsEntry("removed", true).containsEntry("epoch", 1L);
        assertThat(leaseRuns()).isFalse();

        assertThat(registration(0).start(LONG)).as("another process").isEqualTo(2);
        assertThat(row(0)).containsEntry("removed", false);
    }

    @Test
    void starting_without_postgres_times_out_but_goes_on_trying() throws Exception {
        postgres.stop();
        var broker = registration(0);
        assertThatThrownBy(() -> broker.start(Duration.ofMillis(50))).isInstanceOf(TimeoutException.class);

        postgres.start();

        assertThat(broker.start(LONG)).isEqualTo(1);
    }

    @Test
    void a_broker_that_goes_asks_for_its_leadership_to_be_handed_over() throws Exception {
        var broker = registration(0);
        broker.start(LONG);

        broker.leave();

        await().atMost(LONG).until(() -> row(0).get("leaving").equals(true));
        broker.close();
        registration(0).start(LONG);
        assertThat(row(0)).containsEntry("leaving", false);
    }

    @Test
    void a_broker_says_once_that_it_lost_its_tail() throws Exception {
        var broker = registration(new BrokerIdentity(0, UUID.randomUUID(), "h", 9092, "http://h:8190", 0, true));
        broker.start(LONG);
        assertThat(row(0)).containsEntry("tail_lost", true);
        postgres.direct().sql("update metadata.broker set tail_lost = false, epoch = 7").update();

        await().atMost(LONG).until(() -> broker.epoch() == 8);

        assertThat(row(0)).as("what it has now was given to it since").containsEntry("tail_lost", false);
        postgres.direct().sql("delete from metadata.broker").update();
        await().atMost(LONG).until(() -> broker.epoch() == 9);
        assertThat(row(0)).containsEntry("tail_lost", false);
    }

    @Test
    void a_directory_is_whole_only_if_no_other_served_under_the_id_since_it_did() throws Exception {
        var directory = UUID.randomUUID();
        var first = registration(new BrokerIdentity(0, directory, "h", 9092, "http://h:8190"));
        first.start(LONG);
        first.close();

        var restarted = registration(new BrokerIdentity(0, directory, "h", 9092, "http://h:8190", 1, false));
        restarted.start(LONG);
        assertThat(row(0)).as("the same directory").containsEntry("tail_lost", false);
        restarted.close();

        var olderCopy = registration(new BrokerIdentity(0, directory, "h", 9092, "http://h:8190", 1, false));
        olderCopy.start(LONG);
        assertThat(row(0)).as("a copy from before the last registration").containsEntry("tail_lost", true);
        olderCopy.close();
        postgres.direct().sql("update metadata.broker set tail_lost = false").update();

        registration(new BrokerIdentity(0, UUID.randomUUID(), "h", 9092, "http://h:8190", 3, false)).start(LONG);
        assertThat(row(0)).as("another directory").containsEntry("tail_lost", true);
    }

    private boolean leaseRuns() {
        return postgres.direct().sql("select lease_expires_at > clock_timestamp() from metadata.broker").query(
                Boolean.class).single();
    }

    private Map<String, Object> row(int id) {
        return postgres.direct().sql("select * from metadata.broker where id = :id").param("id", id).query()
                .singleRow();
    }

    private BrokerRegistration registration(int id) {
        return registration(new BrokerIdentity(id, UUID.randomUUID(), "h", 9092, "http://h:8190"));
    }

    private BrokerRegistration registration(BrokerIdentity identity) {
        var registration = new BrokerRegistration(
                new PostgresConnections(postgres.jdbcUrl(), postgres.user(), postgres.password()),
                TIMING,
                identity,
                ended::complete);
        registrations.add(registration);
        return registration;
    }
}
