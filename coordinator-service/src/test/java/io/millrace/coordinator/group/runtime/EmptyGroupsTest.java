package io.millrace.coordinator.group.runtime;

import static io.millrace.coordinator.group.runtime.RuntimeFixture.EMPTY_GROUP_RETENTION_MS;
import static io.millrace.coordinator.group.runtime.RuntimeFixture.GROUP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.testing.FixedImages;
import io.millrace.testing.TestPostgres;
import java.util.List;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EmptyGroupsTest {
    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    private final FixedImages images = new FixedImages();
    private RuntimeFixture coordinator;

    @BeforeEach
    void a_coordinator_with_a_group() {
        images.topic("orders", 4);
        coordinator = new RuntimeFixture(postgres, images);
        coordinator.takeOver(1);
        coordinator.create();
        coordinator.expiry.tick(false);
    }

    @Test
    void a_group_that_nothing_is_left_of_is_removed_after_the_retention_and_not_before() {
        String kept = RuntimeFixture.groupsOfShard().findFirst().orElseThrow();
        coordinator.nowMs.set(1);
        coordinator.create(kept);
        coordinator.expiry.tick(false);
        coordinator.nowMs.set(EMPTY_GROUP_RETENTION_MS);

        tickUntil(() -> {
            assertThat(stored()).containsExactly(kept);
            // Forgotten once its row is gone, not with it.
            assertThat(coordinator.shards.groupCount()).isEqualTo(1);
        });
        assertThatThrownBy(() -> coordinator.runtime.find(GROUP)).isInstanceOfSatisfying(RefusedException.class,
                refused -> assertThat(refused.code()).isEqualTo(ErrorCode.UNKNOWN_GROUP));
    }

    @Test
    void more_groups_than_one_look_takes_go_one_look_after_the_other_and_make_room() {
        List<String> others = RuntimeFixture.groupsOfShard().limit(9).toList();
        others.forEach(coordinator::create);
        coordinator.expiry.tick(false);
        coordinator.nowMs.set(2 * EMPTY_GROUP_RETENTION_MS);

        tickUntil(() -> {
            assertThat(stored()).isEmpty();
            // Forgotten once its row is gone, not with it.
            assertThat(coordinator.shards.groupCount()).isZero();
            assertThat(coordinator.registry.get("millrace.group.removals").counter().count()).isEqualTo(10);
        });
    }

    @Test
    void a_group_with_committed_offsets_stays_until_those_are_forgotten() {
        postgres.direct().sql("""
                insert into offsets.committed (group_id, topic_id, partition, topic, next_offset)
                values (:group, gen_random_uuid(), 0, 'orders', 7)
                """).param("group", GROUP).update();
        lookedAtAfter(EMPTY_GROUP_RETENTION_MS);

        assertThat(stored()).containsExactly(GROUP);
        assertThat(coordinator.runtime.find(GROUP).members()).isEmpty();
        postgres.direct().sql("delete from offsets.committed").update();
        coordinator.nowMs.addAndGet(2 * EMPTY_GROUP_RETENTION_MS);
        tickUntil(() -> assertThat(stored()).isEmpty());
    }

    @Test
    void a_group_with_an_http_consumer_stays() {
        postgres.direct().sql("""
                insert into groups.instance (group_id, instance_id, format, auto_offset_reset, enable_auto_commit,
                    fetch_min_bytes, request_timeout_ms, isolation_level, session_timeout_ms)
                values (:group, 'reader', 'json', 'earliest', true, 1, 1000, 'read_committed', 10000)
                """).param("group", GROUP).update();

        lookedAtAfter(EMPTY_GROUP_RETENTION_MS);

        assertThat(stored()).containsExactly(GROUP);
    }

    @Test
    void the_time_begins_when_the_last_member_has_gone() {
        coordinator.join("a", "orders");
        coordinator.nowMs.set(1_000);
        coordinator.apply(new GroupEvent.Leave("a"));
        coordinator.expiry.tick(false);

        lookedAtAfter(EMPTY_GROUP_RETENTION_MS - 1);
        assertThat(stored()).containsExactly(GROUP);

        coordinator.nowMs.addAndGet(EMPTY_GROUP_RETENTION_MS);
        tickUntil(() -> assertThat(stored()).isEmpty());
    }

    @Test
    void a_group_in_memory_that_has_no_row_goes_too_though_offsets_are_committed_under_its_name() {
        postgres.direct().sql("delete from groups.consumer_group").update();
        postgres.direct().sql("""
                insert into offsets.committed (group_id, topic_id, partition, topic, next_offset)
                values (:group, gen_random_uuid(), 0, 'orders', 7)
                """).param("group", GROUP).update();
        coordinator.nowMs.set(EMPTY_GROUP_RETENTION_MS);

        tickUntil(() -> assertThat(coordinator.shards.groupCount()).isZero());
        assertThat(postgres.direct().sql("select next_offset from offsets.committed").query(Long.class).single())
                .isEqualTo(7);
    }

    @Test
    void a_coordinator_that_lost_its_shard_removes_nothing() {
        var second = new RuntimeFixture(postgres, images);
        second.takeOver(2);
        coordinator.nowMs.set(EMPTY_GROUP_RETENTION_MS);

        await().untilAsserted(() -> {
            coordinator.expiry.tick(false);
            assertThat(coordinator.shards.groups()).as("the shard is known to be lost").isEmpty();
        });

        assertThat(stored()).containsExactly(GROUP);
        assertThat(second.join("a", "orders")).isInstanceOf(GroupReply.Granted.class);
    }

    @Test
    void who_makes_a_group_while_it_is_removed_has_one() throws Exception {
        var making = new Thread(coordinator::create);
        try (var other = postgres.dataSource().getConnection(); var statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("select from groups.consumer_group for update");
            coordinator.nowMs.set(EMPTY_GROUP_RETENTION_MS);
            coordinator.expiry.tick(false);
            await().until(this::somebodyWaitsForALock);
            making.start();
            await().until(() -> making.getState() == Thread.State.TIMED_WAITING);
            other.rollback();
        }

        making.join();

        assertThat(coordinator.registry.get("millrace.group.removals").counter().count()).isEqualTo(1);
        assertThat(stored()).containsExactly(GROUP);
        assertThat(coordinator.join("a", "orders")).isInstanceOf(GroupReply.Granted.class);
    }

    private boolean somebodyWaitsForALock() {
        return postgres.direct().sql("""
                select exists (
                    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')
                """).query(Boolean.class).single();
    }

    /** Until a look that came after that time is over, whatever it found. */
    private void lookedAtAfter(long elapsedMs) {
        long lookedMs = coordinator.nowMs.addAndGet(elapsedMs);
        GroupCell cell = coordinator.shards.of(GROUP).cell(GROUP);
        tickUntil(() -> cell.turnstile.pass(() -> assertThat(cell.emptyForMs(lookedMs)).isLessThan(
                EMPTY_GROUP_RETENTION_MS)));
    }

    private List<String> stored() {
        return postgres.direct().sql("select group_id from groups.consumer_group order by group_id")
                .query(String.class).list();
    }

    private void tickUntil(ThrowingRunnable assertion) {
        await().untilAsserted(() -> {
            coordinator.expiry.tick(false);
            assertion.run();
        });
    }
}
