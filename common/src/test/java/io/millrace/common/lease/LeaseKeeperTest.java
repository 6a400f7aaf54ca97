package io.millrace.common.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.database.PostgresConnections;
import io.millrace.testing.TestPostgres;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class LeaseKeeperTest {
    private static final LeaseTiming TIMING = new LeaseTiming(Duration.ofMillis(1_500), Duration.ofMillis(100), Duration
            .ofMillis(150));
    /** So long that only a fault of the keeper could lose a lease, not a busy machine. */
    private static final LeaseTiming UNHURRIED = new LeaseTiming(Duration.ofSeconds(60), Duration.ofMillis(100),
            Duration.ofSeconds(1));
    private static final List<String> NAMES = List.of("controller", "shard-0", "shard-1");
    private static final List<String> SPREAD = List.of("s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7");
    private static final Duration LONG = Duration.ofSeconds(60);

    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    private final List<LeaseKeeper> keepers = new ArrayList<>();

    @AfterEach
    void closeKeepers() {
        postgres.start();
        keepers.forEach(LeaseKeeper::close);
    }

    /** What a keeper's listener was told. */
    private static final class Leases implements LeaseListener {
        final Map<String, LeaseGrant> held = new ConcurrentHashMap<>();
        final List<LeaseGrant> left = new CopyOnWriteArrayList<>();
        final List<LeaseGrant> lost = new CopyOnWriteArrayList<>();
        CompletableFuture<Void> ending = CompletableFuture.completedFuture(null);

        @Override
        public void acquired(LeaseGrant grant) {
            assertThat(held.put(grant.name(), grant)).isNull();
        }

        @Override
        public CompletableFuture<Void> leaving(LeaseGrant grant) {
            left.add(grant);
            return ending;
        }

        @Override
        public void lost(LeaseGrant grant) {
            lost.add(held.remove(grant.name()));
        }
    }

    @Test
    void the_first_process_gets_all_leases_and_the_second_none() {
        var first = new Leases();
        var second = new Leases();
        keeper("first", first, UNHURRIED);
        await().atMost(LONG).until(() -> first.held.size() == NAMES.size());
        keeper("second", second, UNHURRIED);
        await().atMost(LONG).until(() -> renewals("first") > 3);

        assertThat(second.held).isEmpty();
        assertThat(first.held.values()).allMatch(LeaseGrant::isHeld).extracting(LeaseGrant::epoch).containsOnly(1L);
        assertThat(first.lost).isEmpty();
    }

    @Test
    void leases_given_back_go_to_the_other_process_under_a_higher_epoch() {
        var first = new Leases();
        var second = new Leases();
        var firstKeeper = keeper("first", first, UNHURRIED);
        await().atMost(LONG).until(() -> first.held.size() == NAMES.size());
        var grants = List.copyOf(first.held.values());
        keeper("second", second, UNHURRIED);

        firstKeeper.close();

        await().atMost(LONG).until(() -> second.held.size() == NAMES.size());
        assertThat(first.held).isEmpty();
        assertThat(grants).noneMatch(LeaseGrant::isHeld);
        assertThat(second.held.values()).extracting(LeaseGrant::epoch).containsOnly(2L);
    }

    @Test
    void without_postgres_leases_are_lost_and_taken_again_when_it_is_back() {
        var leases = new Leases();
        keeper("only", leases);
        await().atMost(LONG).until(() -> leases.held.size() == NAMES.size());
        var before = List.copyOf(leases.held.values());

        postgres.stop();
        await().atMost(LONG).until(() -> leases.lost.size() == NAMES.size());
        assertThat(before).noneMatch(LeaseGrant::isHeld);
        postgres.start();

        await().atMost(LONG).until(() -> leases.held.size() == NAMES.size());
        assertThat(leases.held.values()).allMatch(grant -> grant.epoch() > 1);
    }

    @Test
    void a_postgres_that_answers_nothing_costs_the_leases_in_time() {
        var leases = new Leases();
        keeper("only", leases);
        await().atMost(LONG).until(() -> leases.held.size() == NAMES.size());

        postgres.freeze();

        await().atMost(LONG).until(() -> leases.lost.size() == NAMES.size());
    }

    @Test
    void a_short_absence_of_postgres_costs_nothing() {
        var leases = new Leases();
        keeper("only", leases, UNHURRIED);
        await().atMost(LONG).until(() -> leases.held.size() == NAMES.size());

        postgres.stop();
        postgres.start();
        long renewals = renewals("only");
        await().atMost(LONG).until(() -> renewals("only") > renewals + 1);

        assertThat(leases.lost).isEmpty();
    }

    @Test
    void a_lease_that_another_took_is_lost() {
        var leases = new Leases();
        keeper("only", leases, UNHURRIED);
        await().atMost(LONG).until(() -> leases.held.size() == NAMES.size());
        var controller = leases.held.get("controller");

        postgres.direct().sql("""
                update metadata.lease
                set holder = 'thief', epoch = epoch + 1, expires_at = clock_timestamp() + interval '1 hour'
                where name = 'controller'
                """).update();

        await().atMost(LONG).until(() -> leases.lost.contains(controller));
        assertThat(leases.held).containsOnlyKeys("shard-0", "shard-1");
        assertThat(controller.isHeld()).isFalse();
    }

    @Test
    void leases_to_be_spread_are_given_up_in_order_to_whoever_comes() {
        var first = new Leases();
        var second = new Leases();
        spreading("first", first);
        await().atMost(LONG).until(() -> first.held.size() == SPREAD.size());

        spreading("second", second);

        await().atMost(LONG).until(() -> first.held.size() == 4 && second.held.size() == 4);
        assertThat(first.held.keySet()).doesNotContainAnyElementsOf(second.held.keySet());
        assertThat(first.left).containsExactlyInAnyOrderElementsOf(first.lost);
        assertThat(second.held.values()).extracting(LeaseGrant::epoch).containsOnly(2L);
    }

    @Test
    void a_lease_is_held_until_what_was_begun_under_it_has_ended() {
        var first = new Leases();
        var ended = new CompletableFuture<Void>();
        first.ending = ended;
        spreading("first", first);
        await().atMost(LONG).until(() -> first.held.size() == SPREAD.size());
        spreading("second", new Leases());
        await().atMost(LONG).until(() -> first.left.size() == 4);
        long renewals = renewals("first");
        await().atMost(LONG).until(() -> renewals("first") > renewals + 2 * SPREAD.size());
        assertThat(first.left).allMatch(LeaseGrant::isHeld);

        ended.complete(null);

        await().atMost(LONG).until(() -> first.lost.size() == 4);
        assertThat(first.lost).noneMatch(LeaseGrant::isHeld);
    }

    @Test
    void leases_of_a_process_that_died_go_to_those_that_live() {
        var first = new Leases();
        postgres.direct().sql("""
                insert into metadata.lease_candidate (holder, expires_at)
                values ('dead', clock_timestamp() + interval '1500 ms')
                """).update();
        postgres.direct().sql("""
                insert into metadata.lease (name, holder, base_url, epoch, expires_at, version)
                select name, 'dead', 'http://dead', 7, clock_timestamp() + interval '1500 ms', 0
                from unnest(array['s0', 's1', 's2', 's3']) as lease (name)
                """).update();
        spreading("first", first);

        await().atMost(LONG).until(() -> first.held.size() == SPREAD.size());

        assertThat(List.of("s0", "s1", "s2", "s3")).allMatch(name -> first.held.get(name).epoch() == 8);
    }

    private void spreading(String holder, Leases listener) {
        keep(holder, listener, UNHURRIED, List.of(), SPREAD);
    }

    /** Counts changes of the expiry, for each renewal sets a later one. */
    private long renewals(String holder) {
        return postgres.direct()
                .sql("""
                        select coalesce(sum(n_tup_upd), 0) from pg_stat_all_tables
                        where schemaname = 'metadata' and relname = 'lease'
                            and exists (select from metadata.lease where holder = :holder)
                        """)
                .param("holder", holder)
                .query(Long.class)
                .single();
    }

    private LeaseKeeper keeper(String holder, LeaseListener listener) {
        return keeper(holder, listener, TIMING);
    }

    private LeaseKeeper keeper(String holder, LeaseListener listener, LeaseTiming timing) {
        return keep(holder, listener, timing, NAMES, List.of());
    }

    private LeaseKeeper keep(String holder, LeaseListener listener, LeaseTiming timing, List<String> single,
            List<String> spread) {
        var keeper = new LeaseKeeper(
                new PostgresConnections(postgres.jdbcUrl(), postgres.user(), postgres.password()),
                timing,
                new LeaseHolder(holder, "http://" + holder, null),
                single,
                spread,
                listener);
        keepers.add(keeper);
        keeper.start();
        return keeper;
    }
}
