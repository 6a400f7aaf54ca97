package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.api.GroupsApi;
import io.millrace.common.api.InstancesApi.Assignment;
import io.millrace.common.api.InstancesApi.CreateInstance;
import io.millrace.common.api.InstancesApi.PollGrant;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Consumers whose coordinator is replaced, or forgets them and their group. */
@ResourceLock(RunningCoordinator.ALONE)
class ConsumersOfSuccessorsTest extends HttpConsumerCalls {
    @Test
    void a_successor_serves_the_consumer_on_from_what_was_committed_without_a_rebalance() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 0, 5);
        PollGrant before = poll("a");
        CLOCK_MS.addAndGet(5_000);
        await().untilAsserted(() -> assertThat(OFFSETS.of(group)).isNotEmpty());
        deliver("a", before, "orders", 0, 9);

        // Somebody else had the shards in between.
        COORDINATOR.othersHadTheShards();
        COORDINATOR.takeOverAll();

        assertRefused(() -> deliver("a", before, "orders", 0, 9), ErrorCode.FENCED_MEMBER_EPOCH, "another coordinator");
        PollGrant after = poll("a");
        assertThat(after.memberEpoch()).isEqualTo(before.memberEpoch());
        assertThat(positions(after)).hasSize(4).containsEntry(0, 5L);
        assertRefused(() -> deliver("a", before, "orders", 0, 9), ErrorCode.POLL_SUPERSEDED, "superseded");
    }

    @Test
    void a_successor_does_not_say_that_it_confirms_what_it_never_heard_of() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 0, 5);

        COORDINATOR.othersHadTheShards();
        COORDINATOR.takeOverAll();

        assertRefused(() -> INSTANCES.confirm(group, "a"), ErrorCode.FENCED_MEMBER_EPOCH, "another coordinator");
        deliver("a", poll("a"), "orders", 0, 5);
        assertThat(INSTANCES.confirm(group, "a").positions()).containsExactly(new Position("orders", 0, 5));
    }

    @Test
    void what_is_confirmed_is_not_delivered_again_after_a_shard_was_left_in_order() {
        create("a");
        subscribe("a", "orders");
        create("by hand");
        INSTANCES.assign(group, "by hand", new Assignment(List.of(new TopicPartition("returns", 1))));
        deliver("a", poll("a"), "orders", 0, 5);
        deliver("by hand", poll("by hand"), "returns", 1, 6);
        deliver("a", poll("a"), "orders", 0, 9);

        COORDINATOR.leaveAll();
        assertRefused(() -> poll("a"), ErrorCode.NOT_COORDINATOR, "shard");
        COORDINATOR.takeOverAll();

        assertThat(OFFSETS.of(group)).isEqualTo(Map.of(new TopicPartition("orders", 0), 5L));
        assertThat(positions(poll("a"))).as("9 was delivered, and perhaps got lost").containsEntry(0, 5L);
    }

    @Test
    void a_coordinator_that_took_its_own_shard_again_remembers_where_its_consumers_were() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 0, 9);

        COORDINATOR.takeOverAll();

        assertThat(positions(poll("a"))).containsEntry(0, 9L);
    }

    @Test
    void a_consumer_that_nobody_calls_is_forgotten() {
        create("a");
        subscribe("a", "orders");
        poll("a");

        CLOCK_MS.addAndGet(300_000);

        await().untilAsserted(
                () -> assertThat(POSTGRES.direct().sql("select count(*) from groups.instance where group_id = :group")
                        .param("group", group).query(Integer.class).single()).isZero());
        assertRefused(() -> poll("a"), ErrorCode.UNKNOWN_INSTANCE, "'a'");
        assertThat(GROUPS.describe(group).members()).isEmpty();
    }

    @Test
    void a_consumer_with_a_session_longer_than_the_instance_timeout_lives_as_long() {
        INSTANCES.create(group, new CreateInstance("long", "json", null, null, null, null, null, 900_000));
        create("short");
        CLOCK_MS.addAndGet(300_000);
        await().untilAsserted(() -> assertThat(stored()).doesNotContain("short"));
        create("later");
        CLOCK_MS.addAndGet(300_000);
        await().untilAsserted(() -> assertThat(stored()).containsExactly("long"));

        CLOCK_MS.addAndGet(300_000);

        await().untilAsserted(() -> assertThat(stored()).isEmpty());
    }

    private List<String> stored() {
        return POSTGRES.direct().sql("select instance_id from groups.instance where group_id = :group")
                .param("group", group).query(String.class).list();
    }

    @Test
    void a_group_is_deleted_with_its_offsets_once_its_consumers_are_gone() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 0, 9);
        assertRefused(() -> GROUPS.delete(group), ErrorCode.GROUP_NOT_EMPTY, group);
        INSTANCES.delete(group, "a", false);
        assertThat(GROUPS.list()).extracting(GroupsApi.GroupSummary::group).contains(group);
        assertThat(OFFSETS.of(group)).isNotEmpty();

        GROUPS.delete(group);

        assertThat(OFFSETS.of(group)).isEmpty();
        assertRefused(() -> GROUPS.describe(group), ErrorCode.UNKNOWN_GROUP, group);
        create("a");
        assertThat(GROUPS.describe(group).state()).isEqualTo("EMPTY");
    }

    @Test
    void offsets_that_have_outlived_their_group_are_deleted_and_nothing_at_all_is_unknown() {
        OFFSETS.commit(group, new OffsetsApi.Commit(null, List.of(new OffsetsApi.CommitOffset("orders", 0, 9, null,
                null))));

        GROUPS.delete(group);

        assertThat(OFFSETS.of(group)).isEmpty();
        assertRefused(() -> GROUPS.delete(group), ErrorCode.UNKNOWN_GROUP, group);
        create("a");
    }
}
