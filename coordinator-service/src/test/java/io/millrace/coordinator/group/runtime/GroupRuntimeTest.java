package io.millrace.coordinator.group.runtime;

import static io.millrace.coordinator.group.runtime.RuntimeFixture.GROUP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.MemberProfile;
import io.millrace.coordinator.group.Subscription;
import io.millrace.coordinator.testing.FixedImages;
import io.millrace.testing.TestPostgres;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GroupRuntimeTest {
    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    private final FixedImages images = new FixedImages();
    private RuntimeFixture first;
    private RuntimeFixture.Term term;

    @BeforeEach
    void a_coordinator_with_a_group() {
        images.topic("orders", 4);
        first = new RuntimeFixture(postgres, images);
        term = first.takeOver(1);
        first.create();
    }

    @Test
    void a_successor_carries_on_where_the_group_stood_without_a_rebalance() {
        first.join("a", "orders");
        first.join("b", "orders");
        first.heartbeat("a", 1, first.partitions("orders", 0, 1, 2, 3));
        Group before = first.runtime.find(GROUP);

        var second = new RuntimeFixture(postgres, images);
        second.takeOver(2);

        assertThat(second.runtime.find(GROUP)).isEqualTo(before);
        assertThat(second.heartbeat("a", 1, second.partitions("orders", 0, 1)))
                .isEqualTo(new GroupReply.Granted(2, second.partitions("orders", 0, 1)));
        assertThat(second.heartbeat("b", 2, second.partitions("orders")))
                .isEqualTo(new GroupReply.Granted(2, second.partitions("orders", 2, 3)));
    }

    @Test
    void a_coordinator_that_lost_its_shard_writes_nothing_though_its_lease_seems_held() {
        first.join("a", "orders");
        var second = new RuntimeFixture(postgres, images);
        second.takeOver(2);

        assertRefused(() -> first.join("b", "orders"), ErrorCode.NOT_COORDINATOR);

        assertThat(second.runtime.find(GROUP).members().keySet()).containsExactly("a");
        assertRefused(() -> first.heartbeat("a", 1, null), ErrorCode.NOT_COORDINATOR);
        assertThatThrownBy(() -> new RuntimeFixture(postgres, images).takeOver(1)).isInstanceOf(RefusedException.class);
    }

    @Test
    void nothing_is_answered_once_the_lease_has_run_out() {
        first.join("a", "orders");

        term.held = false;

        assertRefused(() -> first.heartbeat("a", 1, null), ErrorCode.NOT_COORDINATOR);
        assertRefused(() -> first.runtime.find(GROUP), ErrorCode.NOT_COORDINATOR);
        assertThat(first.shards.groups()).isEmpty();
    }

    @Test
    void a_heartbeat_that_changes_nothing_does_not_need_postgres() {
        first.join("a", "orders");

        postgres.stop();

        assertThat(first.heartbeat("a", 1, first.partitions("orders", 0, 1, 2, 3)))
                .isEqualTo(new GroupReply.Granted(1, first.partitions("orders", 0, 1, 2, 3)));
    }

    @Test
    void a_change_that_postgres_did_not_take_is_not_believed() {
        first.join("a", "orders");
        postgres.stop();

        assertRefused(() -> first.join("b", "orders"), ErrorCode.UNAVAILABLE);
        postgres.start();

        assertThat(first.runtime.find(GROUP).members().keySet()).containsExactly("a");
        first.join("b", "orders");
        assertThat(first.runtime.find(GROUP).members().keySet()).containsExactly("a", "b");
    }

    @Test
    void a_silent_member_expires_and_its_partitions_move() {
        first.join("a", "orders");
        first.nowMs.set(5_000);
        first.join("b", "orders");
        first.nowMs.set(RuntimeFixture.SESSION_TIMEOUT_MS);

        tickUntil(() -> assertThat(first.runtime.find(GROUP).members().keySet()).containsExactly("b"));
        assertThat(first.heartbeat("b", 2, first.partitions("orders")))
                .isEqualTo(new GroupReply.Granted(3, first.partitions("orders", 0, 1, 2, 3)));
        assertThat(first.registry.get("millrace.group.expiries").counter().count()).isEqualTo(1);
    }

    @Test
    void a_member_that_waits_on_purpose_is_given_that_time() {
        first.join("a", "orders");
        first.runtime.apply(first.shards.of(GROUP), GROUP, new GroupEvent.Heartbeat("a", 1, null, null), 5_000);
        var looked = new AtomicBoolean();

        first.nowMs.set(14_999);
        first.expiry.tick(false);
        first.runtime.within(first.shards.of(GROUP), GROUP, () -> looked.set(true));
        assertThat(looked).isTrue();
        assertThat(first.runtime.find(GROUP).members()).hasSize(1);

        first.nowMs.set(15_000);
        tickUntil(() -> assertThat(first.runtime.find(GROUP).members()).isEmpty());
    }

    @Test
    void nobody_expires_for_the_time_that_postgres_was_away() {
        first.join("a", "orders");
        postgres.stop();
        assertRefused(() -> first.join("b", "orders"), ErrorCode.UNAVAILABLE);
        first.nowMs.set(60_000);
        first.expiry.tick(false);
        postgres.start();

        first.expiry.tick(false);
        assertThat(first.heartbeat("a", 1, null)).isInstanceOf(GroupReply.Granted.class);

        first.nowMs.set(60_000 + RuntimeFixture.SESSION_TIMEOUT_MS);
        tickUntil(() -> assertThat(first.runtime.find(GROUP).members()).isEmpty());
    }

    @Test
    void nobody_expires_for_the_time_that_the_coordinator_itself_was_away() {
        first.join("a", "orders");
        first.nowMs.set(60_000);

        first.expiry.tick(true);

        assertThat(first.heartbeat("a", 1, null)).isInstanceOf(GroupReply.Granted.class);
    }

    @Test
    void a_grown_topic_reaches_its_groups() {
        first.join("a", "orders");

        images.topic("orders", 6);
        tickUntil(() -> assertThat(first.runtime.find(GROUP).targetOf("a")).hasSize(6));
    }

    @Test
    void a_topic_that_grew_while_nobody_held_the_shard_reaches_the_successor() {
        first.join("a", "orders");
        images.topic("orders", 5);

        var second = new RuntimeFixture(postgres, images);
        second.takeOver(2);

        assertThat(second.heartbeat("a", 1, null))
                .isEqualTo(new GroupReply.Granted(2, second.partitions("orders", 0, 1, 2, 3, 4)));
    }

    @Test
    void a_successor_whose_cluster_image_is_older_takes_nothing_over() {
        first.join("a", "orders");
        postgres.direct().sql("""
                insert into metadata.cluster (cluster_id, version)
                values ('cluster', 1000000)
                on conflict (only_row) do update
                set version = excluded.version
                """).update();

        var second = new RuntimeFixture(postgres, images);

        assertRefused(() -> second.takeOver(2), ErrorCode.UNAVAILABLE);
        assertRefused(() -> second.runtime.find(GROUP), ErrorCode.NOT_COORDINATOR);
    }

    @Test
    void a_member_that_left_does_not_count_as_expired() {
        first.join("a", "orders");
        first.join("b", "orders");
        first.apply(new GroupEvent.Leave("a"));
        first.nowMs.set(RuntimeFixture.SESSION_TIMEOUT_MS);

        tickUntil(() -> assertThat(first.runtime.find(GROUP).members()).isEmpty());
        assertThat(first.registry.get("millrace.group.expiries").counter().count()).isEqualTo(1);
    }

    @Test
    void deleting_takes_the_offsets_first_and_only_empty_groups() {
        first.join("a", "orders");
        var offsetsDeleted = new AtomicBoolean();
        assertRefused(() -> first.runtime.delete(GROUP, offsets(() -> offsetsDeleted.set(true))),
                ErrorCode.GROUP_NOT_EMPTY);
        assertThat(offsetsDeleted).isFalse();
        first.apply(new GroupEvent.Leave("a"));

        first.runtime.delete(GROUP, offsets(() -> offsetsDeleted.set(true)));

        assertThat(offsetsDeleted).isTrue();
        assertRefused(() -> first.runtime.find(GROUP), ErrorCode.UNKNOWN_GROUP);
        assertThat(postgres.direct().sql("select count(*) from groups.consumer_group").query(Integer.class).single())
                .isZero();
    }

    @Test
    void a_group_whose_offsets_cannot_be_deleted_stays() {
        assertRefused(() -> first.runtime.delete(GROUP, offsets(() -> {
            throw new RefusedException(ErrorCode.UNAVAILABLE, "no offset service");
        })), ErrorCode.UNAVAILABLE);

        assertThat(first.runtime.find(GROUP).phase()).isEqualTo(Group.Phase.EMPTY);
    }

    @Test
    void a_deadlock_is_tried_again() {
        failInsertedMembers("40P01", 2);

        assertThat(first.join("a", "orders")).isInstanceOf(GroupReply.Granted.class);
    }

    @Test
    void one_statement_that_timed_out_does_not_lengthen_the_sessions_of_other_groups() {
        first.join("a", "orders");
        failInsertedMembers("57014", 1_000);
        String other = RuntimeFixture.groupsOfShard().findFirst().orElseThrow();
        var shard = first.shards.of(other);
        first.runtime.within(shard, other, () -> {});
        var join = new GroupEvent.Join("b", new MemberProfile("client", "host", Subscription.to(List.of("orders")),
                null,
                10_000, 20_000));

        first.nowMs.set(RuntimeFixture.SESSION_TIMEOUT_MS);
        assertRefused(() -> first.runtime.apply(shard, other, join, 0), ErrorCode.UNAVAILABLE);

        tickUntil(() -> assertThat(first.runtime.find(GROUP).members()).isEmpty());
    }

    /** As PostgreSQL may: so many of the next attempts. */
    private void failInsertedMembers(String sqlState, int attempts) {
        postgres.direct().sql("create sequence groups.attempt").update();
        postgres.direct().sql("""
                create function groups.fail() returns trigger language plpgsql as $$
                begin
                    if nextval('groups.attempt') <= %d then
                        raise exception 'as the test wishes' using errcode = '%s';
                    end if;
                    return new;
                end
                $$
                """.formatted(attempts, sqlState)).update();
        postgres.direct().sql("""
                create trigger failing before insert on groups.member for each row execute function groups.fail()
                """).update();
    }

    @Test
    void more_groups_than_the_limit_are_refused() {
        var small = new RuntimeFixture(postgres, images, 1);
        small.takeOver(2);

        assertRefused(() -> small.runtime.within(small.shards.of(GROUP), "another", () -> {}),
                ErrorCode.COORDINATOR_FULL);
    }

    @Test
    void the_database_has_one_row_a_partition_with_its_target_and_its_owner() {
        first.join("a", "orders");
        first.join("b", "orders");
        first.heartbeat("a", 1, first.partitions("orders", 0, 1, 2, 3));

        assertThat(assignmentRows()).containsExactly("0 a a false 1", "1 a a false 1", "2 b a true 1", "3 b a true 1");
        first.heartbeat("a", 1, first.partitions("orders", 0, 1));
        assertThat(assignmentRows()).as("nobody's").containsExactly("0 a a false 1", "1 a a false 1",
                "2 b nobody false none", "3 b nobody false none");
        first.heartbeat("b", 2, first.partitions("orders"));
        assertThat(assignmentRows()).as("and since which epoch of its own the owner has it").containsExactly(
                "0 a a false 1", "1 a a false 1", "2 b b false 2", "3 b b false 2");
    }

    private List<String> assignmentRows() {
        return postgres.direct().sql("""
                select concat_ws(' ', partition, target_member, coalesce(owner_member, 'nobody'), revoking::text,
                    coalesce(owner_epoch::text, 'none'))
                from groups.assignment
                where group_id = 'billing'
                order by partition
                """).query(String.class).list();
    }

    private static GroupRuntime.CommittedOffsets offsets(Runnable delete) {
        return new GroupRuntime.CommittedOffsets() {
            @Override
            public boolean exist() {
                return false;
            }

            @Override
            public void delete() {
                delete.run();
            }
        };
    }

    /** As the loop does: a look that finds the group busy leaves it to the next one. */
    private void tickUntil(ThrowingRunnable assertion) {
        await().untilAsserted(() -> {
            first.expiry.tick(false);
            assertion.run();
        });
    }

    private static void assertRefused(Runnable call, ErrorCode code) {
        assertThatThrownBy(call::run).isInstanceOfSatisfying(RefusedException.class,
                refused -> assertThat(refused.code()).as(refused.getMessage()).isEqualTo(code));
    }
}
