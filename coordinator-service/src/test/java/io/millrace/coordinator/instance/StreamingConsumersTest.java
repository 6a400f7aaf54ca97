package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.api.GroupsApi;
import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.InstancesApi.BeginPoll;
import io.millrace.common.api.InstancesApi.CreateInstance;
import io.millrace.common.api.InstancesApi.Delivered;
import io.millrace.common.api.InstancesApi.Given;
import io.millrace.common.api.InstancesApi.Granted;
import io.millrace.common.api.InstancesApi.PollGrant;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.api.InstancesApi.Seek;
import io.millrace.common.api.InstancesApi.Standing;
import io.millrace.common.api.InstancesApi.Subscription;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Consumers that a gateway polls for by itself, for a client that only listens. */
@ResourceLock(RunningCoordinator.ALONE)
class StreamingConsumersTest {
    private static final RunningCoordinator COORDINATOR = RunningCoordinator.shared();
    private static final InstancesApi INSTANCES = COORDINATOR.client(InstancesApi.class);
    private static final GroupsApi GROUPS = COORDINATOR.client(GroupsApi.class);
    private static int groups;

    private final String group = "streaming group " + groups++;

    @BeforeEach
    void a_stream_of_the_group_begins() {
        INSTANCES.create(group, new CreateInstance("s", "json", "earliest", null, null, null, null, null));
        INSTANCES.subscribe(group, "s", new Subscription(List.of("orders"), null));
    }

    @Test
    void where_a_stream_stands_outlives_its_coordinator() {
        PollGrant before = INSTANCES.beginPoll(group, "s", new BeginPoll(null));
        deliver(before, 9);

        COORDINATOR.othersHadTheShards();
        COORDINATOR.takeOverAll();

        PollGrant after = beginPoll(before.pollNumber(), 9, 9);
        assertThat(position(after)).isEqualTo(9);
        INSTANCES.delete(group, "s", false);
        assertThat(COORDINATOR.offsets.of(group)).containsEntry(new TopicPartition("orders", 0), 9L);
    }

    @Test
    void what_was_delivered_but_not_written_is_granted_again() {
        PollGrant first = INSTANCES.beginPoll(group, "s", new BeginPoll(null));
        deliver(first, 9);

        PollGrant second = beginPoll(first.pollNumber(), 4, 4);

        assertThat(position(second)).isEqualTo(4);
    }

    @Test
    void what_the_client_has_sought_meanwhile_comes_before_where_the_stream_stands() {
        PollGrant first = INSTANCES.beginPoll(group, "s", new BeginPoll(null));
        deliver(first, 9);
        INSTANCES.seek(group, "s", new Seek(List.of(new Position("orders", 0, 3))));

        PollGrant second = beginPoll(first.pollNumber(), 9, 9);

        assertThat(position(second)).isEqualTo(3);
    }

    @Test
    void what_the_client_has_sought_at_the_next_coordinator_comes_before_where_the_stream_stood() {
        PollGrant before = INSTANCES.beginPoll(group, "s", new BeginPoll(null));
        deliver(before, 9);
        COORDINATOR.othersHadTheShards();
        COORDINATOR.takeOverAll();
        INSTANCES.seek(group, "s", new Seek(List.of(new Position("orders", 0, 3))));

        PollGrant after = beginPoll(before.pollNumber(), 9, 9);

        assertThat(position(after)).isEqualTo(3);
    }

    @Test
    void where_it_stands_in_the_partitions_that_the_client_has_not_sought_is_taken_nevertheless() {
        PollGrant first = INSTANCES.beginPoll(group, "s", new BeginPoll(null));
        // Noted, but the stream did not hear so, and gave nothing of it out.
        INSTANCES.delivered(group, "s", new Delivered(first.pollNumber(), List.of(new Position("orders", 0, 9),
                new Position("orders", 1, 8)), List.of(), false));
        INSTANCES.seek(group, "s", new Seek(List.of(new Position("orders", 1, 3))));
        INSTANCES.seek(group, "s", new Seek(List.of(new Position("orders", 2, 2))));

        PollGrant second = INSTANCES.beginPoll(group, "s", new BeginPoll(null, 0, new Standing(first.pollNumber(),
                List.of(new Position("orders", 0, 4), new Position("orders", 1, 5), new Position("orders", 2, 6)),
                List.of()), null));

        assertThat(position(second)).isEqualTo(4);
        assertThat(second.partitions()).filteredOn(granted -> granted.partition() == 1 || granted.partition() == 2)
                .extracting(Granted::position).containsExactlyInAnyOrder(3L, 2L);
    }

    @Test
    void a_stream_whose_session_ended_is_told_so_and_does_not_join_anew() {
        PollGrant first = INSTANCES.beginPoll(group, "s", new BeginPoll(null));

        COORDINATOR.clockMs.addAndGet(31_000);
        await().untilAsserted(() -> assertThat(GROUPS.describe(group).members()).isEmpty());

        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> beginPoll(first.pollNumber(), 9, 9)).isInstanceOfSatisfying(RefusedException.class,
                    refused -> assertThat(refused.code()).isEqualTo(ErrorCode.FENCED_MEMBER_EPOCH));
        }
        assertThat(GROUPS.describe(group).members()).isEmpty();
        assertThat(COORDINATOR.offsets.of(group)).isEmpty();
    }

    @Test
    void only_what_is_confirmed_is_committed_when_the_stream_leaves_without_knowing_what_its_client_got() {
        PollGrant first = INSTANCES.beginPoll(group, "s", new BeginPoll(null));
        deliver(first, 9);
        PollGrant second = beginPoll(first.pollNumber(), 9, 4);
        assertThat(position(second)).isEqualTo(9);
        deliver(second, 15);

        INSTANCES.delete(group, "s", true);

        assertThat(COORDINATOR.offsets.of(group)).containsEntry(new TopicPartition("orders", 0), 4L);
    }

    @Test
    void all_that_was_given_is_committed_of_a_partition_that_goes_to_another() {
        PollGrant first = INSTANCES.beginPoll(group, "s", new BeginPoll(null));
        INSTANCES.delivered(group, "s", new Delivered(first.pollNumber(), List.of(new Position("orders", 0, 9),
                new Position("orders", 3, 7)), List.of(), false));
        INSTANCES.create(group, new CreateInstance("t", "json", "earliest", null, null, null, null, null));
        INSTANCES.subscribe(group, "t", new Subscription(List.of("orders"), null));
        assertThat(INSTANCES.beginPoll(group, "t", new BeginPoll(null)).partitions()).isEmpty();

        INSTANCES.beginPoll(group, "s", new BeginPoll(null, 0, new Standing(first.pollNumber(), List.of(
                new Position("orders", 0, 9), new Position("orders", 3, 7)), List.of()), null));

        assertThat(INSTANCES.beginPoll(group, "t", new BeginPoll(null)).partitions()).filteredOn(granted -> granted
                .partition() == 3).extracting(Granted::position).containsExactly(7L);
        assertThat(COORDINATOR.offsets.of(group)).containsEntry(new TopicPartition("orders", 3), 7L)
                .doesNotContainKey(new TopicPartition("orders", 0));
    }

    @Test
    void a_beat_does_not_take_back_what_the_client_has_committed_itself() {
        PollGrant first = INSTANCES.beginPoll(group, "s", new BeginPoll(null));
        deliver(first, 9);
        INSTANCES.confirmGiven(group, "s", new Given(List.of(new Position("orders", 0, 9))));

        beginPoll(first.pollNumber(), 9, 4);
        INSTANCES.delete(group, "s", true);

        assertThat(COORDINATOR.offsets.of(group)).containsEntry(new TopicPartition("orders", 0), 9L);
    }

    @Test
    void a_commit_of_all_that_a_stream_was_told_of_is_refused() {
        PollGrant first = INSTANCES.beginPoll(group, "s", new BeginPoll(null));
        beginPoll(first.pollNumber(), 9, 9);

        assertThatThrownBy(() -> INSTANCES.confirm(group, "s")).isInstanceOfSatisfying(RefusedException.class,
                refused -> assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_SETTING));
    }

    private PollGrant beginPoll(long pollNumber, long position, long confirmed) {
        return INSTANCES.beginPoll(group, "s", new BeginPoll(null, 0, new Standing(pollNumber, List.of(new Position(
                "orders", 0, position)), List.of(new Position("orders", 0, confirmed))), null));
    }

    private void deliver(PollGrant grant, long offset) {
        INSTANCES.delivered(group, "s", new Delivered(grant.pollNumber(), List.of(new Position("orders", 0, offset)),
                List.of(), false));
    }

    private static long position(PollGrant grant) {
        return grant.partitions().stream().filter(granted -> granted.partition() == 0).map(Granted::position)
                .findFirst().orElseThrow();
    }
}
