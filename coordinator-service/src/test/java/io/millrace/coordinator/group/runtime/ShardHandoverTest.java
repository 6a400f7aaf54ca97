package io.millrace.coordinator.group.runtime;

import static io.millrace.coordinator.group.runtime.RuntimeFixture.GROUP;
import static io.millrace.coordinator.group.runtime.RuntimeFixture.SESSION_TIMEOUT_MS;
import static io.millrace.coordinator.group.runtime.RuntimeFixture.SHARD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.testing.FixedImages;
import io.millrace.testing.TestPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two coordinators over one database, and a shard that goes from the first to the second. */
class ShardHandoverTest {
    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    @AutoClose
    private final ExecutorService callers = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().name("caller-", 0)
            .factory());
    private final FixedImages images = new FixedImages();
    private RuntimeFixture first;
    private RuntimeFixture second;
    private RuntimeFixture.Term term;

    @BeforeEach
    void a_member_at_the_first_coordinator() {
        images.topic("orders", 4);
        first = new RuntimeFixture(postgres, images);
        second = new RuntimeFixture(postgres, images);
        term = first.takeOver(1);
        first.create();
        first.join("a", "orders");
    }

    @Test
    void a_member_goes_on_at_the_second_when_the_first_ends_without_a_goodbye() {
        Group before = first.runtime.find(GROUP);
        first.nowMs.set(SESSION_TIMEOUT_MS - 1);

        term.held = false;
        second.takeOver(2);

        var all = second.partitions("orders", 0, 1, 2, 3);
        assertThat(second.heartbeat("a", 1, all)).isEqualTo(new GroupReply.Granted(1, all));
        assertThat(second.runtime.find(GROUP)).isEqualTo(before);
        assertThat(second.registry.get("millrace.group.rebalances").counter().count()).isZero();
        assertRefused(() -> first.heartbeat("a", 1, all), ErrorCode.NOT_COORDINATOR);
    }

    @Test
    void a_pattern_that_is_let_in_no_more_stops_no_successor() {
        postgres.direct().sql("update groups.member set topic_pattern = :pattern where group_id = :group")
                .param("pattern", "(((a{1000}){1000}){1000})").param("group", GROUP).update();

        term.held = false;
        second.takeOver(2);

        var all = second.partitions("orders", 0, 1, 2, 3);
        assertThat(second.heartbeat("a", 1, all)).isEqualTo(new GroupReply.Granted(1, all));
    }

    @Test
    void sessions_begin_anew_at_the_second() {
        first.nowMs.set(SESSION_TIMEOUT_MS - 1);
        term.held = false;
        second.nowMs.set(1_000_000);
        second.takeOver(2);

        second.nowMs.addAndGet(SESSION_TIMEOUT_MS - 1);
        second.expiry.tick(false);
        second.create();
        assertThat(second.runtime.find(GROUP).members()).hasSize(1);

        second.nowMs.addAndGet(1);
        await().untilAsserted(() -> {
            second.expiry.tick(false);
            assertThat(second.runtime.find(GROUP).members()).isEmpty();
        });
    }

    @Test
    void what_is_being_stored_when_the_first_leaves_is_answered_and_who_waits_is_sent_on() throws Exception {
        CompletableFuture<GroupReply> begun;
        CompletableFuture<GroupReply> waiting;
        CompletableFuture<Void> leaving;
        try (var other = lockedGroup()) {
            begun = CompletableFuture.supplyAsync(() -> first.join("b", "orders"), callers);
            await().until(this::somebodyWaitsForALock);
            waiting = waitingAtTheGroup("c");
            leaving = CompletableFuture.runAsync(() -> first.shards.leave(SHARD), callers);
            await().untilAsserted(() -> assertRefused(() -> first.shards.of(GROUP), ErrorCode.NOT_COORDINATOR));
            assertThat(leaving).isNotDone();
            other.rollback();
        }

        assertThat(begun.join()).isInstanceOf(GroupReply.Granted.class);
        assertRefused(waiting::join, ErrorCode.NOT_COORDINATOR);
        leaving.join();
        first.shards.release(SHARD);
        second.takeOver(2);
        assertThat(second.runtime.find(GROUP).members().keySet()).containsExactly("a", "b");
        long epoch = second.runtime.find(GROUP).epoch();
        assertThat(second.join("c", "orders")).isInstanceOf(GroupReply.Granted.class);
        assertThat(second.runtime.find(GROUP).epoch()).isEqualTo(epoch + 1);
    }

    @Test
    void a_step_at_the_first_while_the_second_takes_over_is_either_seen_by_the_second_or_refused()
            throws Exception {
        CompletableFuture<GroupReply> begun;
        CompletableFuture<GroupReply> waiting;
        CompletableFuture<RuntimeFixture.Term> taking;
        try (var other = lockedGroup()) {
            begun = CompletableFuture.supplyAsync(() -> first.join("b", "orders"), callers);
            await().until(this::somebodyWaitsForALock);
            waiting = waitingAtTheGroup("c");
            // The first has lost its lease, and does not know yet.
            taking = CompletableFuture.supplyAsync(() -> second.takeOver(2), callers);
            await().until(() -> waitingForLocks() == 2);
            other.rollback();
        }

        taking.join();
        assertThat(begun.join()).isInstanceOf(GroupReply.Granted.class);
        // Whichever of the two is first at the shard's row: it is stored and seen, or refused and not stored.
        if (waiting.handle((_, refused) -> refused == null).join()) {
            assertThat(second.runtime.find(GROUP).members().keySet()).containsExactly("a", "b", "c");
        } else {
            assertRefused(waiting::join, ErrorCode.NOT_COORDINATOR);
            assertThat(second.runtime.find(GROUP).members().keySet()).containsExactly("a", "b");
        }
    }

    private CompletableFuture<GroupReply> waitingAtTheGroup(String memberId) {
        var caller = new CompletableFuture<Thread>();
        var reply = CompletableFuture.supplyAsync(() -> {
            caller.complete(Thread.currentThread());
            return first.join(memberId, "orders");
        }, callers);
        await().until(() -> caller.join().getState() == Thread.State.TIMED_WAITING);
        return reply;
    }

    /** A connection that keeps the group's row from being written. */
    private Connection lockedGroup() throws SQLException {
        var connection = postgres.dataSource().getConnection();
        connection.setAutoCommit(false);
        try (var statement = connection.createStatement()) {
            statement.execute("select from groups.consumer_group for update");
        }
        return connection;
    }

    private boolean somebodyWaitsForALock() {
        return waitingForLocks() > 0;
    }

    private int waitingForLocks() {
        return postgres.direct().sql("""
                select count(*)
                from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'
                """).query(Integer.class).single();
    }

    private static void assertRefused(ThrowingCallable call, ErrorCode code) {
        assertThatThrownBy(call).satisfies(thrown -> {
            var refused = thrown instanceof CompletionException ? thrown.getCause() : thrown;
            assertThat(refused).isInstanceOf(RefusedException.class);
            assertThat(((RefusedException) refused).code()).as(refused.getMessage()).isEqualTo(code);
        });
    }
}
