package io.millrace.coordinator.group.runtime;

import static io.millrace.coordinator.group.runtime.RuntimeFixture.GROUP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.testing.FixedImages;
import io.millrace.testing.TestPostgres;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataIntegrityViolationException;

/** Many members who ask at once. */
class MemberRequestsTest {
    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    @AutoClose
    private final ExecutorService members = Executors.newVirtualThreadPerTaskExecutor();
    private final FixedImages images = new FixedImages();
    private RuntimeFixture coordinator;

    @BeforeEach
    void a_coordinator_with_a_group() {
        images.topic("orders", 4);
        coordinator = new RuntimeFixture(postgres, images);
        coordinator.takeOver(1);
        coordinator.create();
    }

    /** All stand in line before the first of them has its turn. */
    @SafeVarargs
    private List<Future<GroupReply>> askAtOnce(Supplier<GroupReply>... requests) throws InterruptedException {
        var busy = new CountDownLatch(1);
        var over = new CountDownLatch(1);
        Future<?> occupant = members.submit(() -> coordinator.runtime.within(coordinator.shards.of(GROUP), GROUP,
                () -> {
                    busy.countDown();
                    awaitUninterruptibly(over);
                }));
        busy.await();
        GroupCell cell = coordinator.shards.of(GROUP).cell(GROUP);
        List<Future<GroupReply>> replies = new ArrayList<>();
        for (Supplier<GroupReply> request : requests) {
            replies.add(members.submit(request::get));
            await().until(() -> cell.line.size() == replies.size());
        }
        over.countDown();
        await().until(occupant::isDone);
        return replies;
    }

    private static void awaitUninterruptibly(CountDownLatch over) {
        try {
            over.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private int transactions() {
        return postgres.direct().sql("select count(distinct xmin::text) from groups.member").query(Integer.class)
                .single();
    }

    @Test
    void requests_that_came_while_the_group_was_busy_are_carried_out_in_turn_and_stored_in_one_transaction()
            throws Exception {
        var replies = askAtOnce(() -> coordinator.join("a", "orders"), () -> coordinator.join("b", "orders"),
                () -> coordinator.join("c", "orders"), () -> coordinator.heartbeat("d", 1, null));

        assertThat(replies.get(0).get()).isEqualTo(new GroupReply.Granted(1, coordinator.partitions("orders", 0, 1, 2,
                3)));
        assertThat(replies.get(1).get()).isEqualTo(new GroupReply.Granted(2, coordinator.partitions("orders")));
        assertThat(replies.get(2).get()).isEqualTo(new GroupReply.Granted(3, coordinator.partitions("orders")));
        assertThat(replies.get(3).get()).isInstanceOfSatisfying(GroupReply.Refused.class,
                refused -> assertThat(refused.code()).isEqualTo(ErrorCode.UNKNOWN_MEMBER));
        assertThat(transactions()).isEqualTo(1);
        assertThat(new RuntimeFixture(postgres, images).store.takeOver(RuntimeFixture.SHARD, 2).groups())
                .singleElement().extracting(GroupStore.Stored::group).isEqualTo(coordinator.runtime.find(GROUP));
    }

    @Test
    void one_that_cannot_be_stored_takes_nobody_with_it() throws Exception {
        postgres.direct().sql("alter table groups.member add constraint no_b check (member_id <> 'b')").update();

        var replies = askAtOnce(() -> coordinator.join("a", "orders"), () -> coordinator.join("b", "orders"),
                () -> coordinator.join("c", "orders"));

        assertThat(replies.get(0).get()).isInstanceOf(GroupReply.Granted.class);
        assertThatThrownBy(replies.get(1)::get).isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(DataIntegrityViolationException.class);
        assertThat(replies.get(2).get()).isInstanceOf(GroupReply.Granted.class);
        assertThat(coordinator.runtime.find(GROUP).members().keySet()).containsExactly("a", "c");
    }

    @Test
    void one_that_is_refused_by_what_was_decided_before_it_changes_nothing_for_the_others() throws Exception {
        var shard = coordinator.shards.of(GROUP);

        var replies = askAtOnce(() -> coordinator.join("a", "orders"),
                () -> coordinator.runtime.apply(shard, GROUP, group -> {
                    throw new RefusedException(ErrorCode.TOO_MANY, "it has " + group.members().keySet());
                }), () -> coordinator.join("b", "orders"));

        assertThat(replies.get(0).get()).isInstanceOf(GroupReply.Granted.class);
        assertThatThrownBy(replies.get(1)::get).hasRootCauseMessage("it has [a]");
        assertThat(replies.get(2).get()).isInstanceOf(GroupReply.Granted.class);
    }

    @Test
    void nobody_is_told_what_postgres_did_not_take() throws Exception {
        coordinator.join("a", "orders");
        postgres.stop();
        var replies = askAtOnce(() -> coordinator.join("b", "orders"), () -> coordinator.heartbeat("a", 1, null));
        for (Future<GroupReply> reply : replies) {
            assertThatThrownBy(reply::get).hasCauseInstanceOf(RefusedException.class);
        }

        postgres.start();
        assertThat(coordinator.runtime.find(GROUP).members().keySet()).containsExactly("a");
    }
}
