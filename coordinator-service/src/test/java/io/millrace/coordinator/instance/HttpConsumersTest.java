package io.millrace.coordinator.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.api.GroupsApi;
import io.millrace.common.api.InstancesApi;
import io.millrace.common.api.InstancesApi.Answered;
import io.millrace.common.api.InstancesApi.Assignment;
import io.millrace.common.api.InstancesApi.BeginPoll;
import io.millrace.common.api.InstancesApi.CreateInstance;
import io.millrace.common.api.InstancesApi.Delivered;
import io.millrace.common.api.InstancesApi.Given;
import io.millrace.common.api.InstancesApi.Granted;
import io.millrace.common.api.InstancesApi.PollGrant;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.api.InstancesApi.Seek;
import io.millrace.common.api.InstancesApi.Subscription;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.testing.TestPostgres;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The coordinator's HTTP interface for consumers, as a gateway uses it, on a real database. */
@ResourceLock(RunningCoordinator.ALONE)
class HttpConsumersTest {
    private static final RunningCoordinator COORDINATOR = RunningCoordinator.shared();
    private static final AtomicLong CLOCK_MS = COORDINATOR.clockMs;
    private static final TestPostgres POSTGRES = COORDINATOR.postgres;
    private static final FakeOffsets OFFSETS = COORDINATOR.offsets;
    private static final InstancesApi INSTANCES = COORDINATOR.client(InstancesApi.class);
    private static final GroupsApi GROUPS = COORDINATOR.client(GroupsApi.class);
    private static int groups;

    private final String group = "group " + groups++;

    @BeforeEach
    void the_offset_service_is_there() {
        OFFSETS.goAway(false);
        OFFSETS.release();
    }

    @Test
    void defaults_are_filled_in_and_a_name_is_made_up() {
        var instance = INSTANCES.create(group, new CreateInstance(null, "json", null, null, null, null, null, null));

        assertThat(instance.instanceId()).startsWith("consumer-");
        assertThat(instance.settings())
                .isEqualTo(new InstancesApi.Settings("json", "latest", true, 1, 1_000, "read_uncommitted", 30_000));
        assertThat(INSTANCES.describe(group, instance.instanceId())).isEqualTo(instance);
    }

    @Test
    void a_name_in_use_and_bad_settings_are_refused_by_field() {
        create("a");

        assertRefused(() -> create("a"), ErrorCode.INSTANCE_EXISTS, "'a'");
        assertRefused(() -> INSTANCES.create(group, new CreateInstance("b", "xml", null, null, null, null, null, null)),
                ErrorCode.INVALID_SETTING, "format");
        assertRefused(() -> INSTANCES.create(group, new CreateInstance("b", "json", "newest", null, null, null, null,
                null)),
                ErrorCode.INVALID_SETTING, "auto.offset.reset");
        assertRefused(() -> INSTANCES.create(group, new CreateInstance("b", "json", null, null, -1, null, null, null)),
                ErrorCode.INVALID_SETTING, "fetch.min.bytes");
        assertRefused(() -> INSTANCES.create(group, new CreateInstance("b", "json", null, null, null, null, null, 10)),
                ErrorCode.INVALID_SETTING, "session.timeout.ms");
        assertRefused(() -> INSTANCES.describe(group, "b"), ErrorCode.UNKNOWN_INSTANCE, "'b'");
    }

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

    private PollGrant goOn(PollGrant waiting) {
        return INSTANCES.beginPoll(group, "a", new BeginPoll(null, 0, null, waiting.pollNumber()));
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
    void partitions_assigned_by_hand_are_read_without_a_membership() {
        create("a");
        INSTANCES.assign(group, "a", new Assignment(List.of(new TopicPartition("returns", 1), new TopicPartition(
                "orders", 0))));

        PollGrant grant = poll("a");
        deliver("a", grant, "returns", 1, 4);
        CLOCK_MS.addAndGet(5_000);
        poll("a");

        assertThat(grant.memberEpoch()).isEqualTo(-1);
        assertThat(grant.partitions()).hasSize(2);
        assertThat(GROUPS.describe(group).members()).isEmpty();
        CLOCK_MS.addAndGet(5_000);
        await().untilAsserted(() -> assertThat(OFFSETS.of(group)).isEqualTo(Map.of(new TopicPartition("returns", 1),
                4L)));
    }

    @Test
    void a_consumer_is_either_subscribed_or_assigned_by_hand() {
        create("a");
        subscribe("a", "orders");
        var byHand = new Assignment(List.of(new TopicPartition("orders", 0)));
        assertRefused(() -> INSTANCES.assign(group, "a", byHand), ErrorCode.SUBSCRIPTION_CONFLICT, "subscribed");
        subscribe("a");
        INSTANCES.assign(group, "a", byHand);
        assertRefused(() -> subscribe("a", "orders"), ErrorCode.SUBSCRIPTION_CONFLICT, "by hand");
        assertRefused(() -> INSTANCES.subscribe(group, "a", new Subscription(List.of("orders"), "o.*")),
                ErrorCode.SUBSCRIPTION_CONFLICT, "either");

        assertRefused(() -> INSTANCES.assign(group, "a", new Assignment(List.of(new TopicPartition("nowhere", 0)))),
                ErrorCode.UNKNOWN_TOPIC, "nowhere");
        assertRefused(() -> INSTANCES.assign(group, "a", new Assignment(List.of(new TopicPartition("orders", 4)))),
                ErrorCode.UNKNOWN_PARTITION, "0 to 3");
    }

    @Test
    void a_pattern_is_resolved_and_a_bad_one_refused() {
        create("a");
        assertRefused(() -> INSTANCES.subscribe(group, "a", new Subscription(List.of(), "(")),
                ErrorCode.INVALID_SETTING, "RE2");
        INSTANCES.subscribe(group, "a", new Subscription(List.of(), "(orders|ret.*)"));

        assertThat(poll("a").partitions()).hasSize(6);
        assertThat(GROUPS.describe(group).members()).singleElement()
                .satisfies(member -> assertThat(member.topics()).containsExactlyInAnyOrder("orders", "returns"));
    }

    @Test
    void a_new_subscription_lets_go_of_the_old_topics_and_takes_the_new_in_one_poll() {
        create("a");
        subscribe("a", "orders");
        poll("a");

        subscribe("a", "returns");

        assertThat(poll("a").partitions()).extracting(Granted::topic).containsExactly("returns", "returns");
    }

    @Test
    void names_and_patterns_that_no_topic_can_have_are_refused() {
        create("a");

        assertRefused(() -> subscribe("a", "or\0ders"), ErrorCode.INVALID_TOPIC_NAME, "topics");
        assertRefused(() -> subscribe("a", "orders", "all orders"), ErrorCode.INVALID_TOPIC_NAME, "all orders");
        assertRefused(() -> subscribe("a", ""), ErrorCode.INVALID_TOPIC_NAME, "topics");
        assertRefused(() -> INSTANCES.subscribe(group, "a", new Subscription(List.of(), "or\0ders")),
                ErrorCode.INVALID_SETTING, "topic_pattern");
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
    void a_seek_is_taken_for_owned_partitions_only() {
        create("a");
        subscribe("a", "orders");
        PollGrant grant = poll("a");

        INSTANCES.seek(group, "a", new Seek(List.of(new Position("orders", 2, 99))));

        assertRefused(() -> deliver("a", grant, "orders", 2, 5), ErrorCode.POLL_SUPERSEDED, "superseded");
        assertThat(positions(poll("a"))).containsEntry(2, 99L);
        assertRefused(() -> INSTANCES.seek(group, "a", new Seek(List.of(new Position("returns", 0, 1)))),
                ErrorCode.INVALID_REQUEST, "does not own");
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

    @Test
    void a_coordinator_that_took_its_own_shard_again_remembers_where_its_consumers_were() {
        create("a");
        subscribe("a", "orders");
        deliver("a", poll("a"), "orders", 0, 9);

        COORDINATOR.takeOverAll();

        assertThat(positions(poll("a"))).containsEntry(0, 9L);
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

    private void create(String name) {
        INSTANCES.create(group, new CreateInstance(name, "json", "earliest", null, null, null, null, null));
    }

    private void subscribe(String name, String... topics) {
        INSTANCES.subscribe(group, name, new Subscription(List.of(topics), null));
    }

    private PollGrant poll(String name) {
        return INSTANCES.beginPoll(group, name, new BeginPoll(null));
    }

    private void deliver(String name, PollGrant grant, String topic, int partition, long offset) {
        deliver(name, grant, List.of(new Position(topic, partition, offset)), List.of());
    }

    private void deliver(String name, PollGrant grant, List<Position> positions, List<Position> starts) {
        INSTANCES.delivered(group, name, new Delivered(grant.pollNumber(), positions, starts, true));
        INSTANCES.answered(group, name, new Answered(grant.pollNumber(), true));
    }

    private void deliverUnanswered(PollGrant grant, long offset) {
        INSTANCES.delivered(group, "a", new Delivered(grant.pollNumber(), List.of(new Position("orders", 0, offset)),
                List.of(), true));
    }

    private static Map<Integer, @Nullable Long> positions(PollGrant grant) {
        var positions = new HashMap<Integer, @Nullable Long>();
        new ArrayList<>(grant.partitions()).forEach(granted -> positions.put(granted.partition(), granted.position()));
        return positions;
    }

    private static void assertRefused(Runnable call, ErrorCode code, String words) {
        assertThatThrownBy(call::run).isInstanceOfSatisfying(RefusedException.class, refused -> {
            assertThat(refused.code()).as(refused.getMessage()).isEqualTo(code);
            assertThat(refused.getMessage()).contains(words);
        });
    }
}
