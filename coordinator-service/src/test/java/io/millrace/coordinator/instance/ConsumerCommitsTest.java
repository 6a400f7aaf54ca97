package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.InstancesApi.Assignment;
import io.millrace.common.api.InstancesApi.CreateInstance;
import io.millrace.common.api.InstancesApi.Given;
import io.millrace.common.api.InstancesApi.Granted;
import io.millrace.common.api.InstancesApi.PollGrant;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** When what a consumer has read is committed. */
@ResourceLock(RunningCoordinator.ALONE)
class ConsumerCommitsTest extends HttpConsumerCalls {
    @Test
    void confirmed_positions_are_committed_at_intervals() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 1, 40);
        CLOCK_MS.addAndGet(5_000);
        deliver("a", poll("a"), "orders", 1, 50);

        CLOCK_MS.addAndGet(5_000);

        await().untilAsserted(() -> assertThat(OFFSETS.of(group)).isEqualTo(Map.of(new TopicPartition("orders", 1),
                40L)));
    }

    @Test
    void a_commit_at_intervals_does_not_go_back_behind_what_the_client_commits_itself() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 1, 40);
        deliver("a", poll("a"), "orders", 1, 50);

        var given = new InstancesApi.Given(List.of(new Position("orders", 1, 50), new Position("nowhere", 0, 1)));
        var confirmed = INSTANCES.confirmGiven(group, "a", given);
        OFFSETS.commit(group, new OffsetsApi.Commit(new OffsetsApi.Member("a", confirmed.memberEpoch()),
                List.of(new OffsetsApi.CommitOffset("orders", 1, 50, null, null))));
        CLOCK_MS.addAndGet(5_000);

        await().during(Duration.ofSeconds(1)).untilAsserted(() -> assertThat(OFFSETS.of(group)).isEqualTo(Map.of(
                new TopicPartition("orders", 1), 50L)));
    }

    @Test
    void without_auto_commit_only_the_client_commits_with_what_confirm_tells() {
        INSTANCES.create(group, new CreateInstance("a", "json", "earliest", false, null, null, null, null));
        subscribe("a", "orders");
        PollGrant grant = poll("a");
        deliver("a", grant, "orders", 1, 40);

        var confirmed = INSTANCES.confirm(group, "a");
        INSTANCES.delete(group, "a", false);

        assertThat(confirmed).isEqualTo(new InstancesApi.Confirmed(grant.memberEpoch(), List.of(new Position("orders",
                1, 40))));
        assertThat(OFFSETS.of(group)).isEmpty();
    }

    @Test
    void while_the_offset_service_is_away_a_poll_is_refused_and_works_again_after() {
        create("a");
        subscribe("a", "orders");
        OFFSETS.goAway(true);

        assertRefused(() -> poll("a"), ErrorCode.UNAVAILABLE, "away");
        OFFSETS.goAway(false);

        assertThat(poll("a").partitions()).hasSize(4);
    }

    @Test
    void partitions_are_not_let_go_of_before_what_was_read_of_them_is_committed() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 3, 33);
        create("b");
        subscribe("b", "orders");
        poll("b");
        OFFSETS.goAway(true);

        assertRefused(() -> poll("a"), ErrorCode.UNAVAILABLE, "away");
        OFFSETS.goAway(false);
        assertThat(poll("b").partitions()).as("a still holds them").isEmpty();

        poll("a");
        assertThat(positions(poll("b"))).containsEntry(3, 33L);
    }

    @Test
    void what_is_confirmed_is_committed_before_other_partitions_are_assigned() {
        create("a");
        INSTANCES.assign(group, "a", new Assignment(List.of(new TopicPartition("orders", 0))));
        deliver("a", poll("a"), "orders", 0, 9);
        poll("a");

        INSTANCES.assign(group, "a", new Assignment(List.of(new TopicPartition("orders", 1))));

        assertThat(OFFSETS.of(group)).isEqualTo(Map.of(new TopicPartition("orders", 0), 9L));
    }

    @Test
    void a_poll_does_not_wait_for_a_commit_at_intervals() throws InterruptedException {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 1, 40);
        poll("a");
        OFFSETS.hold(group);
        CLOCK_MS.addAndGet(5_000);
        OFFSETS.awaitHeld();

        assertThat(positions(poll("a"))).containsEntry(1, 40L);
        OFFSETS.release();

        await().untilAsserted(() -> assertThat(OFFSETS.of(group)).isEqualTo(Map.of(new TopicPartition("orders", 1),
                40L)));
    }

    @Test
    void a_commit_of_a_coordinator_that_has_lost_its_shard_meanwhile_is_not_stored() throws Exception {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 0, 5);
        PollGrant last = poll("a");
        int before = OFFSETS.termsOver();
        OFFSETS.hold(group);
        CLOCK_MS.addAndGet(5_000);
        OFFSETS.awaitHeld();
        deliver("a", last, "orders", 0, 9);

        COORDINATOR.othersHadTheShards();
        COORDINATOR.takeOverAll();
        OFFSETS.release();

        await().untilAsserted(() -> assertThat(OFFSETS.termsOver()).isGreaterThan(before));
        assertThat(OFFSETS.of(group)).isEmpty();
        assertThat(poll("a").partitions()).extracting(Granted::position).containsOnlyNulls();
    }
}
