package io.millrace.offset.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.millrace.common.api.OffsetsApi.Member;
import io.millrace.common.api.OffsetsApi.ShardTerm;
import io.millrace.common.error.ErrorCode;
import io.millrace.offset.ClusterRows;
import io.millrace.offset.commit.CommitOutcome.Refused;
import io.millrace.offset.commit.CommitRequest.NextOffset;
import io.millrace.offset.meters.TestMeters;
import io.millrace.testing.TestPostgres;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

class PostgresCommitStoreTest {
    @AutoClose
    private static final TestPostgres POSTGRES = TestPostgres.create();

    private static final UUID TOPIC = new ClusterRows(POSTGRES.direct()).addTopic("t", 1);

    private final JdbcClient direct = POSTGRES.direct();
    private final ClusterRows groups = new ClusterRows(direct);
    private final PostgresCommitStore store = new PostgresCommitStore(
            JdbcClient.create(POSTGRES.dataSource()),
            new TransactionTemplate(new DataSourceTransactionManager(POSTGRES.dataSource())),
            TestMeters.of(new SimpleMeterRegistry()));

    @BeforeEach
    void emptyTables() {
        groups.clear();
        direct.sql("truncate offsets.committed").update();
    }

    @Test
    void a_member_at_its_epoch_commits() {
        groups.add("g", "m", 3);

        var outcomes = store.store(List.of(commit("g", new Member("m", 3), row(0, 10), row(1, 20))));

        assertThat(outcomes).containsExactly(CommitOutcome.STORED);
        assertThat(stored("g")).containsExactly("0=10", "1=20");
    }

    @Test
    void metadata_and_leader_epoch_are_kept_and_replaced() {
        groups.add("g", "m", 1);
        store.store(List.of(commit("g", new Member("m", 1), new NextOffset(TOPIC, "t", 0, 10, 7,
                "ünï \"quoted\", {braces} \\ 🚰"))));
        assertThat(direct.sql("select leader_epoch || ' ' || metadata from offsets.committed").query(String.class)
                .single())
                .isEqualTo("7 ünï \"quoted\", {braces} \\ 🚰");

        store.store(List.of(commit("g", new Member("m", 1), row(0, 11))));

        assertThat(direct.sql("select count(*) from offsets.committed where leader_epoch is null and metadata = ''")
                .query(Long.class).single()).isOne();
    }

    /** In most languages' order, a small letter comes before a capital one; in that of the bytes it is the other way round. */
    @Test
    void members_are_locked_in_the_order_of_their_ids_bytes_whatever_the_order_of_the_batch() throws Exception {
        groups.add("g", "a", 1);
        direct.sql("""
                insert into groups.member
                select (jsonb_populate_record(member, '{"member_id": "B"}')).* from groups.member where group_id = 'g'
                """).update();
        CompletableFuture<List<CommitOutcome>> storing;
        try (var other = transaction()) {
            execute(other, "select from groups.member where group_id = 'g' and member_id = 'B' for update");
            storing = CompletableFuture.supplyAsync(() -> store.store(List.of(commit("g", new Member("a", 1), row(0,
                    10)), commit("g", new Member("B", 1), row(1, 20)))), Thread::startVirtualThread);
            awaitLockWaits(1);

            execute(other, "select from groups.member where group_id = 'g' and member_id = 'a' for update nowait");
            other.commit();
        }
        assertThat(storing.get()).containsOnly(CommitOutcome.STORED);
    }

    @Test
    void each_commit_of_a_batch_has_its_own_verdict_and_is_stored_wholly_or_not_at_all() {
        groups.add("g", "m", 3);
        groups.add("h", "n", 1);

        var outcomes = store.store(List.of(
                commit("g", new Member("m", 2), row(0, 1), row(1, 1)),
                commit("g", new Member("m", 4), row(0, 2), row(2, 2)),
                commit("g", new Member("gone", 3), row(3, 3)),
                commit("nobody", new Member("m", 3), row(4, 4)),
                commit("h", null, row(5, 5)),
                commit("empty", null, row(0, 6)),
                commit("h", new Member("n", 1), row(0, 7), row(1, 7))));

        assertThat(outcomes).extracting(PostgresCommitStoreTest::code).containsExactly(
                ErrorCode.FENCED_MEMBER_EPOCH,
                ErrorCode.FENCED_MEMBER_EPOCH,
                ErrorCode.UNKNOWN_MEMBER,
                ErrorCode.UNKNOWN_MEMBER,
                ErrorCode.UNKNOWN_MEMBER,
                null,
                null);
        assertThat(stored("g")).isEmpty();
        assertThat(stored("nobody")).isEmpty();
        assertThat(stored("empty")).containsExactly("0=6");
        assertThat(stored("h")).containsExactly("0=7", "1=7");
    }

    /** As a coordinator stores it. */
    private void assign(String group, int partition, @Nullable String owner, @Nullable Long ownerEpoch) {
        direct.sql("""
                insert into groups.assignment (group_id, topic_id, partition, owner_member, revoking, owner_epoch)
                values (:group, :topic, :partition, :owner, false, :epoch)
                on conflict (group_id, topic_id, partition) do update
                set owner_member = excluded.owner_member, owner_epoch = excluded.owner_epoch
                """).param("group", group).param("topic", TOPIC).param("partition", partition).param("owner", owner)
                .param("epoch", ownerEpoch).update();
    }

    @Test
    void a_commit_of_an_earlier_epoch_is_taken_for_what_the_member_has_held_since_and_for_nothing_else() {
        groups.add("g", "m", 7);
        groups.add("g", "other", 7);
        assign("g", 0, "m", 3L);
        assign("g", 1, "m", 5L);
        assign("g", 2, "m", 7L);
        assign("g", 3, "other", 3L);
        assign("g", 4, null, null);

        var outcomes = store.store(List.of(
                commit("g", new Member("m", 5), row(0, 10), row(1, 10)),
                commit("g", new Member("m", 4), row(0, 11), row(1, 11)),
                commit("g", new Member("m", 6), row(0, 12), row(2, 12)),
                commit("g", new Member("m", 6), row(3, 13)),
                commit("g", new Member("m", 6), row(4, 14)),
                commit("g", new Member("m", 6), row(5, 15)),
                commit("g", new Member("m", 8), row(0, 16)),
                commit("g", new Member("m", 3), row(0, 17))));

        assertThat(outcomes).extracting(PostgresCommitStoreTest::code).containsExactly(null,
                ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.FENCED_MEMBER_EPOCH,
                ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.FENCED_MEMBER_EPOCH, null);
        assertThat(stored("g")).containsExactly("0=17", "1=10");
    }

    @Test
    void a_commit_of_an_earlier_epoch_waits_for_a_hand_over_that_is_under_way_and_is_refused() throws Exception {
        groups.add("g", "m", 7);
        assign("g", 0, "m", 3L);
        CompletableFuture<List<CommitOutcome>> outcomes;
        try (var coordinator = transaction()) {
            execute(coordinator, "update groups.assignment set owner_member = null, owner_epoch = null");
            outcomes = CompletableFuture.supplyAsync(() -> store.store(List.of(commit("g", new Member("m", 6), row(0,
                    10)))), Thread::startVirtualThread);
            awaitLockWaits(1);
            coordinator.commit();
        }

        assertThat(outcomes.get()).extracting(PostgresCommitStoreTest::code).containsExactly(
                ErrorCode.FENCED_MEMBER_EPOCH);
        assertThat(stored("g")).isEmpty();
    }

    @Test
    void a_hand_over_waits_for_the_commit_of_an_earlier_epoch_that_came_first() throws Exception {
        groups.add("g", "m", 7);
        assign("g", 0, "m", 3L);
        store.store(List.of(commit("g", new Member("m", 7), row(0, 5))));
        CompletableFuture<Void> handOver;
        try (var blocked = transaction()) {
            // So the next commit of the partition is under way until this transaction ends.
            execute(blocked, "select from offsets.committed for update");
            var commit = CompletableFuture.supplyAsync(() -> store.store(List.of(commit("g", new Member("m", 6), row(0,
                    10)))), Thread::startVirtualThread);
            awaitLockWaits(1);
            handOver = CompletableFuture.runAsync(() -> assign("g", 0, "other", 8L), Thread::startVirtualThread);
            awaitLockWaits(2);
            blocked.rollback();
            assertThat(commit.get()).containsExactly(CommitOutcome.STORED);
        }
        handOver.get();
        assertThat(stored("g")).containsExactly("0=10");
    }

    @Test
    void a_coordinator_commits_only_while_nobody_else_has_its_shard() {
        groups.add("g", "m", 3);
        groups.take(2, 7);

        var outcomes = store.store(List.of(
                commitOf(new ShardTerm(2, 7), row(0, 10)),
                commitOf(new ShardTerm(2, 6), row(0, 4), row(1, 4)),
                commitOf(new ShardTerm(5, 7), row(1, 5))));

        assertThat(outcomes).extracting(PostgresCommitStoreTest::code).containsExactly(null,
                ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.FENCED_MEMBER_EPOCH);
        assertThat(stored("g")).containsExactly("0=10");
    }

    @Test
    void a_commit_that_meets_a_take_over_waits_for_it_and_is_refused() throws Exception {
        groups.add("g", "m", 3);
        groups.take(2, 7);
        CompletableFuture<List<CommitOutcome>> outcomes;
        try (var successor = transaction()) {
            execute(successor, "update groups.shard set epoch = 8 where shard = 2");
            outcomes = CompletableFuture.supplyAsync(() -> store.store(List.of(commitOf(new ShardTerm(2, 7), row(0,
                    10)))), Thread::startVirtualThread);
            awaitLockWaits(1);
            successor.commit();
        }

        assertThat(outcomes.get()).extracting(PostgresCommitStoreTest::code).containsExactly(
                ErrorCode.FENCED_MEMBER_EPOCH);
        assertThat(stored("g")).isEmpty();
    }

    @Test
    void a_take_over_waits_for_the_commit_that_came_first() throws Exception {
        groups.add("g", "m", 3);
        groups.take(2, 7);
        CompletableFuture<Void> takeOver;
        try (var blocked = transaction()) {
            store.store(List.of(commitOf(new ShardTerm(2, 7), row(0, 10))));
            // So the next commit of the partition is under way until this transaction ends.
            execute(blocked, "select from offsets.committed for update");
            var commit = CompletableFuture.supplyAsync(() -> store.store(List.of(commitOf(new ShardTerm(2, 7), row(0,
                    20)))), Thread::startVirtualThread);
            awaitLockWaits(1);
            takeOver = CompletableFuture.runAsync(() -> groups.take(2, 8), Thread::startVirtualThread);
            awaitLockWaits(2);
            blocked.rollback();
            assertThat(commit.get()).containsExactly(CommitOutcome.STORED);
        }

        takeOver.get();
        assertThat(stored("g")).containsExactly("0=20");
    }

    @Test
    void the_last_commit_of_a_batch_wins_even_when_it_goes_back() {
        groups.add("g", "m", 1);
        var member = new Member("m", 1);

        store.store(List.of(commit("g", member, row(0, 10), row(0, 12)), commit("g", member, row(0, 5), row(1, 1))));

        assertThat(stored("g")).containsExactly("0=5", "1=1");
    }

    @Test
    void a_refused_commit_does_not_hide_the_accepted_one_before_it() {
        groups.add("g", "m", 1);

        var outcomes = store.store(List.of(
                commit("g", new Member("m", 1), row(0, 10)), commit("g", new Member("zombie", 1), row(0, 99))));

        assertThat(outcomes).extracting(PostgresCommitStoreTest::code).containsExactly(null, ErrorCode.UNKNOWN_MEMBER);
        assertThat(stored("g")).containsExactly("0=10");
    }

    @Test
    void an_empty_commit_still_tells_whether_the_member_is_fenced() {
        groups.add("g", "m", 2);

        var outcomes = store.store(List.of(commit("g", new Member("m", 2)), commit("g", new Member("m", 1))));

        assertThat(outcomes).extracting(PostgresCommitStoreTest::code).containsExactly(null,
                ErrorCode.FENCED_MEMBER_EPOCH);
    }

    @Test
    void a_commit_to_a_topic_that_is_gone_is_refused_whole() {
        var gone = new NextOffset(UUID.randomUUID(), "t", 0, 10, null, "");

        var outcomes = store.store(List.of(commit("g", null, row(1, 10), gone), commit("h", null, row(1, 10))));

        assertThat(outcomes).extracting(PostgresCommitStoreTest::code).containsExactly(ErrorCode.UNKNOWN_TOPIC, null);
        assertThat(stored("g")).isEmpty();
    }

    @Test
    void thousands_of_offsets_go_into_one_statement() {
        groups.add("g", "m", 1);
        var rows = new ArrayList<NextOffset>();
        for (int partition = 0; partition < 10_000; partition++) {
            rows.add(row(partition, partition));
        }

        store.store(List.of(new CommitRequest("g", new Member("m", 1), rows)));

        assertThat(direct.sql("select count(*) from offsets.committed where group_id = 'g' and next_offset = partition")
                .query(Integer.class).single()).isEqualTo(10_000);
    }

    @Test
    void a_commit_waits_for_an_epoch_under_way_and_is_then_fenced() throws Exception {
        groups.add("g", "m", 1);
        try (var coordinator = transaction()) {
            execute(coordinator, "update groups.member set epoch = 2 where group_id = 'g'");
            var outcome = inBackground(commit("g", new Member("m", 1), row(0, 10)));
            awaitLockWaits(1);

            coordinator.commit();

            assertThat(code(outcome.join())).isEqualTo(ErrorCode.FENCED_MEMBER_EPOCH);
            assertThat(stored("g")).isEmpty();
        }
    }

    @Test
    void a_commit_of_the_new_epoch_under_way_is_taken_once_it_is_visible() throws Exception {
        groups.add("g", "m", 1);
        try (var coordinator = transaction()) {
            execute(coordinator, "update groups.member set epoch = 2 where group_id = 'g'");
            var outcome = inBackground(commit("g", new Member("m", 2), row(0, 10)));
            awaitLockWaits(1);

            coordinator.commit();

            assertThat(outcome.join()).isEqualTo(CommitOutcome.STORED);
        }
    }

    @Test
    void a_commit_waits_for_an_expulsion_under_way_and_is_then_refused() throws Exception {
        groups.add("g", "m", 1);
        try (var coordinator = transaction()) {
            execute(coordinator, "delete from groups.member where group_id = 'g'");
            var outcome = inBackground(commit("g", new Member("m", 1), row(0, 10)));
            awaitLockWaits(1);

            coordinator.commit();

            assertThat(code(outcome.join())).isEqualTo(ErrorCode.UNKNOWN_MEMBER);
            assertThat(stored("g")).isEmpty();
        }
    }

    @Test
    void a_commit_without_a_member_waits_for_a_join_under_way_and_is_then_refused() throws Exception {
        groups.addEmpty("g");
        try (var coordinator = transaction()) {
            execute(coordinator, "insert into groups.member (group_id, member_id, epoch) values ('g', 'm', 1)");
            var outcome = inBackground(commit("g", null, row(0, 10)));
            awaitLockWaits(1);

            coordinator.commit();

            assertThat(code(outcome.join())).isEqualTo(ErrorCode.UNKNOWN_MEMBER);
            assertThat(stored("g")).isEmpty();
        }
    }

    @Test
    void a_deadlock_with_a_coordinator_is_tried_again() throws Exception {
        groups.add("a", "m", 1);
        groups.add("b", "m", 1);
        try (var coordinator = transaction()) {
            execute(coordinator, "update groups.member set epoch = 2 where group_id = 'b'");
            var outcome = inBackground(
                    commit("a", new Member("m", 1), row(0, 1)), commit("b", new Member("m", 2), row(0, 1)));
            awaitLockWaits(1);

            // One of the two is the victim; here the one that waits longer looks for deadlocks first.
            execute(coordinator, "set local deadlock_timeout = '1h'");
            execute(coordinator, "update groups.member set state = 'STABLE' where group_id = 'a'");
            coordinator.commit();

            assertThat(outcome.join()).isEqualTo(CommitOutcome.STORED);
            assertThat(stored("a")).containsExactly("0=1");
        }
    }

    /** Epochs rise while old and new owners commit: what is stored under an epoch is never overwritten by an older one. */
    @RepeatedTest(3)
    void under_rising_epochs_an_old_epoch_never_overwrites_a_newer_one() {
        groups.add("g", "m", 1);
        var stop = new AtomicBoolean();
        var committers = new ArrayList<CompletableFuture<Void>>();
        for (int thread = 0; thread < 3; thread++) {
            committers.add(CompletableFuture.runAsync(() -> {
                while (!stop.get()) {
                    commitUntilFenced(direct.sql("select epoch from groups.member").query(Long.class).single(), stop);
                }
            }, Thread::startVirtualThread));
        }
        for (long epoch = 2; epoch <= 60; epoch++) {
            direct.sql("update groups.member set epoch = :epoch where group_id = 'g'").param("epoch", epoch).update();
            assertThat(offset()).as("nothing older than the epoch before").isIn(epoch == 2 ? null : epoch - 1, epoch
                    - 1, epoch);
            assertThat(code(commitUnder(epoch))).isNull();
            assertThat(offset()).isEqualTo(epoch);
        }
        stop.set(true);
        committers.forEach(CompletableFuture::join);
        assertThat(offset()).isEqualTo(60);
    }

    private void commitUntilFenced(long epoch, AtomicBoolean stop) {
        while (!stop.get()) {
            if (commitUnder(epoch) instanceof Refused refused) {
                assertThat(refused.code()).isEqualTo(ErrorCode.FENCED_MEMBER_EPOCH);
                return;
            }
        }
    }

    /** The offset is the epoch it was committed under. */
    private CommitOutcome commitUnder(long epoch) {
        return store.store(List.of(commit("g", new Member("m", epoch), row(0, epoch)))).getFirst();
    }

    private @Nullable Long offset() {
        return direct.sql("select next_offset from offsets.committed where group_id = 'g'").query(Long.class).optional()
                .orElse(null);
    }

    private CompletableFuture<CommitOutcome> inBackground(CommitRequest... batch) {
        return CompletableFuture.supplyAsync(() -> store.store(List.of(batch)).getFirst(), Thread::startVirtualThread);
    }

    private void awaitLockWaits(int count) {
        await().atMost(Duration.ofSeconds(60)).until(() -> direct.sql("""
                select count(*) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'
                """).query(Integer.class).single() >= count);
    }

    private static Connection transaction() throws java.sql.SQLException {
        var connection = POSTGRES.dataSource().getConnection();
        connection.setAutoCommit(false);
        return connection;
    }

    private static void execute(Connection connection, String sql) throws java.sql.SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private List<String> stored(String group) {
        return direct.sql(
                "select partition || '=' || next_offset from offsets.committed where group_id = :group order by partition")
                .param("group", group)
                .query(String.class)
                .list();
    }

    private static CommitRequest commit(String group, @Nullable Member member, NextOffset... rows) {
        return new CommitRequest(group, member, Arrays.asList(rows));
    }

    private static CommitRequest commitOf(ShardTerm term, NextOffset... rows) {
        return new CommitRequest("g", new Member("m", 3), term, Arrays.asList(rows));
    }

    private static NextOffset row(int partition, long offset) {
        return new NextOffset(TOPIC, "t", partition, offset, null, "");
    }

    private static @Nullable ErrorCode code(CommitOutcome outcome) {
        return outcome instanceof Refused refused ? refused.code() : null;
    }
}
