package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.api.InstancesApi.Answered;
import io.millrace.common.api.InstancesApi.BeginPoll;
import io.millrace.common.api.InstancesApi.Delivered;
import io.millrace.common.api.InstancesApi.Given;
import io.millrace.common.api.InstancesApi.Granted;
import io.millrace.common.api.InstancesApi.PollGrant;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.api.InstancesApi.Seek;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** What a consumer has got of its polls' answers, as far as it is known. */
@ResourceLock(RunningCoordinator.ALONE)
class PolledAnswersTest extends HttpConsumerCalls {
    @Test
    void what_a_poll_delivered_is_committed_when_the_consumer_leaves() {
        create("a");
        subscribe("a", "orders");

        PollGrant grant = poll("a");
        assertThat(grant.partitions()).extracting(Granted::partition).containsExactly(0, 1, 2, 3);
        assertThat(grant.partitions()).extracting(Granted::position).containsOnlyNulls();
        deliver("a", grant, "orders", 0, 12);
        INSTANCES.delete(group, "a", false);

        assertThat(OFFSETS.of(group)).isEqualTo(Map.of(new TopicPartition("orders", 0), 12L));
        assertThat(GROUPS.describe(group).state()).isEqualTo("EMPTY");
    }

    @Test
    void a_newcomer_reads_on_where_the_owner_had_got_to_and_nothing_is_read_by_both() {
        create("a");
        subscribe("a", "orders");
        PollGrant first = poll("a");
        deliver("a", first, List.of(new Position("orders", 0, 10), new Position("orders", 1, 11), new Position("orders",
                2, 12), new Position("orders", 3, 13)), List.of());
        create("b");
        subscribe("b", "orders");

        assertThat(poll("b").partitions()).as("a has not let go").isEmpty();
        PollGrant kept = poll("a");
        PollGrant taken = poll("b");

        assertThat(kept.partitions()).extracting(Granted::partition).containsExactly(0, 1);
        assertThat(kept.partitions()).extracting(Granted::position).containsExactly(10L, 11L);
        assertThat(taken.partitions()).extracting(Granted::partition).containsExactly(2, 3);
        assertThat(taken.partitions()).extracting(Granted::position).as("committed by a as it let go")
                .containsExactly(12L, 13L);
        assertThat(GROUPS.describe(group).state()).isEqualTo("STABLE");
    }

    @Test
    void a_poll_that_a_newer_one_has_superseded_delivers_nothing() {
        create("a");
        subscribe("a", "orders");
        PollGrant older = poll("a");
        PollGrant newer = poll("a");

        assertRefused(() -> deliver("a", older, "orders", 0, 5), ErrorCode.POLL_SUPERSEDED, "superseded");

        deliver("a", newer, "orders", 0, 6);
        assertThat(positions(poll("a"))).containsEntry(0, 6L);
    }

    @Test
    void an_answer_that_did_not_go_out_whole_is_given_again() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 0, 5);
        PollGrant lost = poll("a");
        deliverUnanswered(lost, 9);

        INSTANCES.answered(group, "a", new Answered(lost.pollNumber(), false));

        PollGrant again = poll("a");
        assertThat(positions(again)).containsEntry(0, 5L);
        deliver("a", again, "orders", 0, 9);
        INSTANCES.answered(group, "a", new Answered(lost.pollNumber(), false));
        assertThat(positions(poll("a"))).containsEntry(0, 9L);
    }

    @Test
    void an_answer_whose_gateway_died_with_it_is_given_again_and_not_committed() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 0, 5);
        deliverUnanswered(poll("a"), 9);

        assertRefused(() -> INSTANCES.confirm(group, "a"), ErrorCode.FENCED_MEMBER_EPOCH, "given again");
        assertThat(positions(poll("a"))).containsEntry(0, 5L);
        INSTANCES.delete(group, "a", false);
        assertThat(OFFSETS.of(group)).isEqualTo(Map.of(new TopicPartition("orders", 0), 5L));
    }

    @Test
    void a_seek_of_one_partition_does_not_take_the_others_of_such_an_answer_for_got() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), List.of(new Position("orders", 0, 5), new Position("orders", 1, 6)), List.of());
        INSTANCES.delivered(group, "a", new Delivered(poll("a").pollNumber(), List.of(new Position("orders", 0, 9),
                new Position("orders", 1, 9)), List.of(), true));

        INSTANCES.seek(group, "a", new Seek(List.of(new Position("orders", 0, 2))));

        assertThat(positions(poll("a"))).containsEntry(0, 2L).containsEntry(1, 6L);
    }

    @Test
    void a_poll_that_waits_does_not_take_the_turn_from_one_that_its_client_asked_for_since() {
        create("a");
        subscribe("a", "orders");
        PollGrant waits = poll("a");
        PollGrant goesOn = goOn(waits);
        assertThat(goOn(waits).pollNumber()).as("sent once more").isNotEqualTo(goesOn.pollNumber());
        PollGrant newer = poll("a");

        assertRefused(() -> goOn(goesOn), ErrorCode.POLL_SUPERSEDED, "superseded");

        deliver("a", newer, "orders", 0, 5);
        assertThat(positions(poll("a"))).containsEntry(0, 5L);
    }

    @Test
    void an_answer_that_is_heard_of_stays_so_when_it_is_told_late_that_it_is_delivered() {
        create("a");
        subscribe("a", "orders");
        PollGrant first = poll("a");
        deliver("a", first, "orders", 0, 5);

        deliverUnanswered(first, 5);

        assertThat(positions(poll("a"))).containsEntry(0, 5L);
    }

    @Test
    void a_client_that_commits_a_part_of_such_an_answer_is_given_the_rest() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 0, 5);
        deliverUnanswered(poll("a"), 9);

        INSTANCES.confirmGiven(group, "a", new Given(List.of(new Position("orders", 0, 7))));

        assertThat(positions(poll("a"))).containsEntry(0, 7L);
    }

    @Test
    void a_poll_that_is_quicker_than_the_word_of_the_answer_before_waits_for_it() throws Exception {
        create("a");
        subscribe("a", "orders");
        PollGrant first = poll("a");
        deliverUnanswered(first, 5);

        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var next = threads.submit(() -> poll("a"));
            INSTANCES.answered(group, "a", new Answered(first.pollNumber(), true));
            assertThat(positions(next.get())).containsEntry(0, 5L);
        }
    }

    @Test
    void a_poll_of_the_same_name_repeats_the_last_batch() {
        create("a");
        subscribe("a", "orders");
        PollGrant grant = INSTANCES.beginPoll(group, "a", new BeginPoll("p1"));
        deliver("a", grant, List.of(new Position("orders", 2, 8)), List.of(new Position("orders", 2, 3)));

        PollGrant again = INSTANCES.beginPoll(group, "a", new BeginPoll("p1"));

        assertThat(again.repeatUpTo()).isTrue();
        assertThat(again.partitions()).singleElement().satisfies(granted -> {
            assertThat(granted.partition()).isEqualTo(2);
            assertThat(granted.position()).isEqualTo(3);
            assertThat(granted.endPosition()).isEqualTo(8);
        });
        deliver("a", again, List.of(new Position("orders", 2, 8)), List.of());
        assertThat(positions(INSTANCES.beginPoll(group, "a", new BeginPoll("p2")))).containsEntry(2, 8L);
    }

    @Test
    void a_consumer_whose_session_ended_delivers_nothing_and_begins_again_from_what_is_committed() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 0, 5);
        INSTANCES.confirm(group, "a");
        PollGrant late = poll("a");
        create("b");
        subscribe("b", "orders");
        poll("b");

        CLOCK_MS.addAndGet(29_000);
        poll("b");
        CLOCK_MS.addAndGet(1_000);
        await().untilAsserted(() -> assertThat(GROUPS.describe(group).members()).hasSize(1));

        assertRefused(() -> deliver("a", late, "orders", 0, 9), ErrorCode.FENCED_MEMBER_EPOCH, "no member 'a'");
        assertThat(poll("b").partitions()).hasSize(4);
        assertThat(poll("a").partitions()).isEmpty();
        poll("b");
        assertThat(poll("a").partitions()).hasSize(2);
    }

    private PollGrant goOn(PollGrant waiting) {
        return INSTANCES.beginPoll(group, "a", new BeginPoll(null, 0, null, waiting.pollNumber()));
    }
}
