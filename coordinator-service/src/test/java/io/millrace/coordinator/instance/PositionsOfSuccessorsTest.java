package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.api.InstancesApi.Assignment;
import io.millrace.common.api.InstancesApi.BeginPoll;
import io.millrace.common.api.InstancesApi.CreateInstance;
import io.millrace.common.api.InstancesApi.Delivered;
import io.millrace.common.api.InstancesApi.Given;
import io.millrace.common.api.InstancesApi.PollGrant;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.api.InstancesApi.Seek;
import io.millrace.common.api.InstancesApi.Standing;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.metadata.ClusterImage;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Where consumers go on whose coordinator died, in partitions where what is committed does not tell. */
@ResourceLock(RunningCoordinator.ALONE)
class PositionsOfSuccessorsTest extends HttpConsumerCalls {
    @Test
    void what_is_produced_after_a_poll_that_found_the_end_is_given_by_a_successor() {
        createByHand("a", false, 0);
        find("a", poll("a"), 0, 100);

        takenOver();

        assertThat(positions(poll("a"))).containsEntry(0, 100L);
    }

    @Test
    void a_member_that_has_committed_nothing_goes_on_where_the_reset_had_found_it_to_begin() {
        create("a");
        subscribe("a", "orders");
        PollGrant grant = poll("a");
        INSTANCES.delivered(group, "a", new Delivered(grant.pollNumber(), List.of(new Position("orders", 0, 107),
                new Position("orders", 1, 20)), List.of(new Position("orders", 0, 100), new Position("orders", 1, 20)),
                true));

        takenOver();

        assertThat(positions(poll("a"))).as("107 was delivered, and perhaps got lost").containsEntry(0, 100L)
                .containsEntry(1, 20L).containsEntry(2, null).containsEntry(3, null);
    }

    @Test
    void an_answered_seek_outlives_its_coordinator_whatever_was_committed_before() {
        createByHand("a", false, 0, 1, 2);
        poll("a");
        commit("a", 0, 50);
        commit("a", 1, 50);

        seek("a", 0, 3);
        seek("a", 1, 90);
        takenOver();

        assertThat(positions(poll("a"))).containsEntry(0, 3L).containsEntry(1, 90L).containsEntry(2, null);
    }

    @Test
    void the_last_of_several_seeks_counts() {
        createByHand("a", false, 0);
        seek("a", 0, 3);
        seek("a", 0, 8);
        takenOver();
        seek("a", 0, 5);
        takenOver();

        assertThat(positions(poll("a"))).containsEntry(0, 5L);
    }

    @Test
    void what_is_committed_after_a_seek_is_newer_even_when_it_is_the_same_offset_as_before() {
        createByHand("a", false, 0);
        poll("a");
        commit("a", 0, 50);
        seek("a", 0, 3);
        commit("a", 0, 50);

        takenOver();

        assertThat(positions(poll("a"))).containsEntry(0, 50L);
    }

    @Test
    void offsets_that_an_operator_has_deleted_do_not_take_the_position_with_them() {
        createByHand("a", false, 0);
        poll("a");
        commit("a", 0, 50);
        seek("a", 0, 60);
        OFFSETS.delete(group);

        takenOver();

        assertThat(positions(poll("a"))).containsEntry(0, 60L);
    }

    @Test
    void a_seek_of_a_client_with_auto_commit_is_committed_by_the_successor() {
        createByHand("a", true, 0);
        poll("a");
        commit("a", 0, 50);
        seek("a", 0, 3);

        takenOver();
        assertThat(positions(poll("a"))).containsEntry(0, 3L);
        INSTANCES.delete(group, "a", false);

        assertThat(OFFSETS.of(group)).isEqualTo(Map.of(new TopicPartition("orders", 0), 3L));
    }

    @Test
    void a_seek_that_cannot_be_kept_is_refused_and_moves_nothing() {
        createByHand("a", false, 0);
        find("a", poll("a"), 0, 100);
        OFFSETS.goAway(true);

        assertRefused(() -> seek("a", 0, 3), ErrorCode.UNAVAILABLE, "away");

        assertThat(positions(poll("a"))).containsEntry(0, 100L);
    }

    @Test
    void a_coordinator_that_has_lost_its_shard_unknowingly_changes_no_position() {
        createByHand("a", false, 0);
        find("a", poll("a"), 0, 100);
        PollGrant last = poll("a");
        COORDINATOR.othersHadTheShards();
        POSTGRES.direct().sql("update groups.shard set epoch = epoch + 1 where shard = :shard").param("shard",
                ClusterImage.shardOf(group)).update();

        assertRefused(() -> seek("a", 0, 3), ErrorCode.NOT_COORDINATOR, "shard");
        assertRefused(() -> find("a", last, 0, 500), ErrorCode.NOT_COORDINATOR, "shard");
        COORDINATOR.takeOverAll();

        assertThat(positions(poll("a"))).containsEntry(0, 100L);
    }

    @Test
    void a_client_that_never_commits_goes_on_where_it_was_at_the_last_interval() {
        createByHand("a", false, 0);
        find("a", poll("a"), 0, 100);
        deliver("a", poll("a"), "orders", 0, 140);
        PollGrant last = poll("a");
        CLOCK_MS.addAndGet(5_000);
        await().untilAsserted(() -> assertThat(kept()).containsExactly(140L));
        deliver("a", last, "orders", 0, 190);

        takenOver();

        assertThat(positions(poll("a"))).containsEntry(0, 140L);
        assertThat(OFFSETS.of(group)).isEmpty();
    }

    @Test
    void a_client_that_never_commits_goes_on_where_it_was_when_a_shard_was_left_in_order() {
        createByHand("a", false, 0);
        find("a", poll("a"), 0, 100);
        deliver("a", poll("a"), "orders", 0, 140);
        poll("a");

        COORDINATOR.leaveAll();
        COORDINATOR.takeOverAll();

        assertThat(positions(poll("a"))).containsEntry(0, 140L);
    }

    @Test
    void what_a_client_has_committed_is_not_given_again_for_what_was_kept_before() {
        createByHand("a", false, 0);
        find("a", poll("a"), 0, 100);
        deliver("a", poll("a"), "orders", 0, 140);
        INSTANCES.confirm(group, "a");
        commit("a", 0, 140);

        takenOver();

        assertThat(positions(poll("a"))).containsEntry(0, 140L);
    }

    @Test
    void a_partition_that_went_to_another_member_and_came_back_goes_on_from_what_is_committed() {
        create("a");
        subscribe("a", "orders");
        poll("a");
        for (int partition = 0; partition < 4; partition++) {
            seek("a", partition, 1_000);
        }
        assertThat(kept()).hasSize(4);
        create("b");
        subscribe("b", "orders");
        poll("b");
        poll("a");
        Map<Integer, Long> ofB = Map.copyOf(positions(poll("b")));
        assertThat(kept()).hasSize(2);
        ofB.keySet().forEach(partition -> commit("b", partition, 70));
        INSTANCES.delete(group, "b", true);
        assertThat(positions(poll("a"))).hasSize(4);

        takenOver();

        assertThat(positions(poll("a"))).hasSize(4).allSatisfy((partition, position) -> assertThat(position)
                .isEqualTo(ofB.containsKey(partition) ? 70L : 1_000L));
    }

    @Test
    void a_member_whose_session_has_ended_goes_on_from_what_is_committed() {
        INSTANCES.create(group, new CreateInstance("a", "json", "latest", false, null, null, null, null));
        subscribe("a", "orders");
        poll("a");
        seek("a", 0, 1_000);
        CLOCK_MS.addAndGet(31_000);
        await().untilAsserted(() -> assertThat(GROUPS.describe(group).members()).isEmpty());

        takenOver();
        assertThat(kept()).isEmpty();

        assertThat(positions(poll("a"))).containsEntry(0, null);
    }

    @Test
    void a_member_that_joins_again_has_left_behind_what_was_kept() {
        INSTANCES.create(group, new CreateInstance("a", "json", "latest", false, null, null, null, null));
        subscribe("a", "orders");
        poll("a");
        seek("a", 0, 1_000);
        CLOCK_MS.addAndGet(31_000);
        await().untilAsserted(() -> assertThat(GROUPS.describe(group).members()).isEmpty());
        poll("a");

        takenOver();

        assertThat(positions(poll("a"))).containsEntry(0, null);
    }

    @Test
    void partitions_that_are_assigned_again_begin_anew_and_those_that_stay_go_on() {
        createByHand("a", false, 0, 1);
        seek("a", 0, 30);
        seek("a", 1, 40);
        assign("a", 1, 2);
        assign("a", 0, 1, 2);

        takenOver();

        assertThat(positions(poll("a"))).containsEntry(0, null).containsEntry(1, 40L).containsEntry(2, null);
    }

    @Test
    void a_namesake_begins_anew() {
        createByHand("a", false, 0);
        seek("a", 0, 30);
        INSTANCES.delete(group, "a", false);
        createByHand("a", false, 0);

        takenOver();

        assertThat(positions(poll("a"))).containsEntry(0, null);
    }

    @Test
    void a_topic_made_again_under_its_name_is_begun_anew() {
        COORDINATOR.topic("made-again", 1);
        create("a");
        INSTANCES.assign(group, "a", new Assignment(List.of(new TopicPartition("made-again", 0))));
        INSTANCES.seek(group, "a", new Seek(List.of(new Position("made-again", 0, 30))));
        COORDINATOR.deleteTopic("made-again");
        COORDINATOR.topic("made-again", 1);

        takenOver();

        assertThat(positions(poll("a"))).containsEntry(0, null);
    }

    @Test
    void what_the_client_of_a_stream_has_sought_comes_before_where_the_stream_stood() {
        create("a");
        subscribe("a", "orders");
        PollGrant before = poll("a");
        deliver("a", before, List.of(new Position("orders", 0, 9), new Position("orders", 1, 9)), List.of());
        seek("a", 0, 3);

        takenOver();

        assertThat(positions(stand("a", before.pollNumber(), 9))).containsEntry(0, 3L).containsEntry(1, 9L);
    }

    @Test
    void where_a_stream_stands_that_has_read_on_comes_before_what_its_client_had_sought() {
        create("a");
        subscribe("a", "orders");
        PollGrant first = poll("a");
        seek("a", 0, 3);
        PollGrant second = stand("a", first.pollNumber(), 9);
        assertThat(positions(second)).containsEntry(0, 3L);
        deliver("a", second, "orders", 0, 7);

        takenOver();

        assertThat(positions(stand("a", second.pollNumber(), 7))).containsEntry(0, 7L);
    }

    private static void takenOver() {
        COORDINATOR.othersHadTheShards();
        COORDINATOR.takeOverAll();
    }

    private void createByHand(String name, boolean autoCommit, Integer... partitions) {
        INSTANCES.create(group, new CreateInstance(name, "json", "latest", autoCommit, null, null, null, null));
        assign(name, partitions);
    }

    private void assign(String name, Integer... partitions) {
        INSTANCES.assign(group, name, new Assignment(List.of(partitions).stream().map(
                partition -> new TopicPartition("orders", partition)).toList()));
    }

    /** Ends a poll that found where to begin, and no records. */
    private void find(String name, PollGrant grant, int partition, long offset) {
        var found = List.of(new Position("orders", partition, offset));
        INSTANCES.delivered(group, name, new Delivered(grant.pollNumber(), found, found, false));
    }

    private void seek(String name, int partition, long offset) {
        INSTANCES.seek(group, name, new Seek(List.of(new Position("orders", partition, offset))));
    }

    private void commit(String name, int partition, long offset) {
        var confirmed = INSTANCES.confirmGiven(group, name, new Given(List.of(new Position("orders", partition,
                offset))));
        var member = confirmed.memberEpoch() < 0 ? null : new OffsetsApi.Member(name, confirmed.memberEpoch());
        OFFSETS.commit(group, new OffsetsApi.Commit(member, List.of(new OffsetsApi.CommitOffset("orders", partition,
                offset, null, null))));
    }

    private PollGrant stand(String name, long pollNumber, long offset) {
        return INSTANCES.beginPoll(group, name, new BeginPoll(null, 0, new Standing(pollNumber, List.of(new Position(
                "orders", 0, offset), new Position("orders", 1, offset)), List.of()), null));
    }

    private List<Long> kept() {
        return POSTGRES.direct().sql("select next_offset from groups.instance_position where group_id = :group")
                .param("group", group).query(Long.class).list();
    }
}
