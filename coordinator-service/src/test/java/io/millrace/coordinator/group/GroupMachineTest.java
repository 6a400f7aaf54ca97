package io.millrace.coordinator.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.error.ErrorCode;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GroupMachineTest {
    private static final Topic ORDERS = new Topic(new UUID(0, 1), "orders", 4);
    private static final Topic RETURNS = new Topic(new UUID(0, 2), "returns", 2);

    private final GroupMachine machine = new GroupMachine(new GroupLimits(3, 2, 20, 1_000, 60_000),
            AssignorName.STICKY);
    private Topics topics = Topics.of(List.of(ORDERS, RETURNS));
    private Group group = Group.empty("billing", AssignorName.STICKY);

    @Test
    void the_first_member_gets_everything_at_once() {
        GroupReply reply = join("a", "orders");

        assertThat(reply).isEqualTo(new GroupReply.Granted(1, orders(0, 1, 2, 3)));
        assertThat(group.phase()).isEqualTo(Group.Phase.STABLE);
    }

    @Test
    void a_newcomer_waits_until_the_owner_says_that_it_let_go() {
        join("a", "orders");

        assertThat(join("b", "orders")).isEqualTo(new GroupReply.Granted(2, orders()));
        assertThat(group.member("b").state()).isInstanceOf(MemberState.UnreleasedPartitions.class);

        GroupReply toldToRelease = heartbeat("a", 1, orders(0, 1, 2, 3));
        assertThat(toldToRelease).isEqualTo(new GroupReply.Granted(1, orders(0, 1)));
        assertThat(heartbeat("b", 2, orders())).isEqualTo(new GroupReply.Granted(2, orders()));

        assertThat(heartbeat("a", 1, orders(0, 1))).isEqualTo(new GroupReply.Granted(2, orders(0, 1)));
        assertThat(heartbeat("b", 2, orders())).isEqualTo(new GroupReply.Granted(2, orders(2, 3)));
        assertThat(group.phase()).isEqualTo(Group.Phase.STABLE);
    }

    @Test
    void a_member_that_does_not_say_what_it_owns_lets_go_of_nothing() {
        join("a", "orders");
        join("b", "orders");
        heartbeat("a", 1, null);

        assertThat(heartbeat("a", 1, null)).isEqualTo(new GroupReply.Granted(1, orders(0, 1)));
        assertThat(heartbeat("b", 2, orders())).isEqualTo(new GroupReply.Granted(2, orders()));
    }

    @Test
    void what_a_member_leaves_goes_to_the_others_on_their_next_heartbeat() {
        join("a", "orders");
        join("b", "orders");

        machineStep(new GroupEvent.Leave("a"));

        assertThat(heartbeat("b", 2, orders())).isEqualTo(new GroupReply.Granted(3, orders(0, 1, 2, 3)));
    }

    @Test
    void an_expired_member_holds_nobody_up_even_when_it_never_let_go() {
        join("a", "orders");
        join("b", "orders");
        heartbeat("a", 1, orders(0, 1, 2, 3));

        machineStep(new GroupEvent.Expire("a"));

        assertThat(heartbeat("b", 2, orders())).isEqualTo(new GroupReply.Granted(3, orders(0, 1, 2, 3)));
        assertThat(heartbeat("a", 1, orders(0, 1))).isInstanceOfSatisfying(GroupReply.Refused.class,
                refused -> assertThat(refused.code()).isEqualTo(ErrorCode.UNKNOWN_MEMBER));
    }

    @Test
    void a_wrong_epoch_is_fenced() {
        join("a", "orders");

        assertThat(heartbeat("a", 7, orders(0))).isInstanceOfSatisfying(GroupReply.Refused.class,
                refused -> assertThat(refused.code()).isEqualTo(ErrorCode.FENCED_MEMBER_EPOCH));
    }

    @Test
    void a_member_that_missed_the_reply_with_its_new_epoch_is_told_again() {
        join("a", "orders");
        join("b", "orders");
        heartbeat("a", 1, orders(0, 1, 2, 3));
        heartbeat("a", 1, orders(0, 1));
        assertThat(group.member("a").epoch()).isEqualTo(2);

        assertThat(heartbeat("a", 1, orders(0, 1))).isEqualTo(new GroupReply.Granted(2, orders(0, 1)));
    }

    @Test
    void the_epoch_before_is_fenced_when_it_comes_with_partitions_that_are_gone() {
        join("a", "orders");
        join("b", "orders");
        heartbeat("a", 1, orders(0, 1, 2, 3));
        heartbeat("a", 1, orders(0, 1));

        assertThat(heartbeat("a", 1, orders(0, 1, 2, 3))).isInstanceOfSatisfying(GroupReply.Refused.class,
                refused -> assertThat(refused.code()).isEqualTo(ErrorCode.FENCED_MEMBER_EPOCH));
    }

    @Test
    void a_heartbeat_that_changes_nothing_leaves_the_very_same_group() {
        join("a", "orders");
        Group before = group;

        heartbeat("a", 1, orders(0, 1, 2, 3));

        assertThat(group).isSameAs(before);
    }

    @Test
    void a_grown_topic_raises_the_epoch_and_its_new_partitions_are_handed_out() {
        join("a", "orders");

        topics = Topics.of(List.of(new Topic(ORDERS.id(), "orders", 6), RETURNS));
        machineStep(new GroupEvent.TopicsChanged());

        assertThat(heartbeat("a", 1, null)).isEqualTo(new GroupReply.Granted(2, orders(0, 1, 2, 3, 4, 5)));
    }

    @Test
    void a_topic_that_nobody_reads_may_change_without_a_rebalance() {
        join("a", "orders");
        Group before = group;

        topics = Topics.of(List.of(ORDERS));
        machineStep(new GroupEvent.TopicsChanged());

        assertThat(group).isSameAs(before);
    }

    @Test
    void a_topic_made_again_under_its_old_name_is_another_one() {
        join("a", "returns");
        Topic again = new Topic(new UUID(0, 3), "returns", 1);

        topics = Topics.of(List.of(again));
        machineStep(new GroupEvent.TopicsChanged());
        heartbeat("a", 1, of(RETURNS, 0, 1));

        assertThat(heartbeat("a", 1, orders())).isEqualTo(new GroupReply.Granted(2, of(again, 0)));
    }

    @Test
    void a_pattern_takes_in_topics_made_later() {
        machineStep(new GroupEvent.Join("a", profile(Subscription.to(TopicPattern.of("re.*")), 10_000)));

        Topic refunds = new Topic(new UUID(0, 4), "refunds", 1);
        topics = Topics.of(List.of(ORDERS, RETURNS, refunds));
        machineStep(new GroupEvent.TopicsChanged());

        assertThat(heartbeat("a", 1, null))
                .isEqualTo(new GroupReply.Granted(2, PartitionId.sorted(List.of(new PartitionId(RETURNS.id(), 0),
                        new PartitionId(RETURNS.id(), 1), new PartitionId(refunds.id(), 0)))));
    }

    @Test
    void a_changed_subscription_moves_only_what_it_must() {
        join("a", "orders");

        GroupReply reply = machineStep(
                new GroupEvent.Heartbeat("a", 1, orders(0, 1, 2, 3), Subscription.to(List.of("returns"))));
        assertThat(reply).isEqualTo(new GroupReply.Granted(1, orders()));

        assertThat(heartbeat("a", 1, orders())).isEqualTo(new GroupReply.Granted(2, of(RETURNS, 0, 1)));
    }

    @Test
    void a_member_that_joins_again_is_given_what_it_had() {
        join("a", "orders");
        join("b", "orders");
        heartbeat("a", 1, orders(0, 1, 2, 3));
        heartbeat("a", 1, orders(0, 1));

        assertThat(join("a", "orders")).isEqualTo(new GroupReply.Granted(2, orders(0, 1)));
        assertThat(group.epoch()).isEqualTo(2);
    }

    @Test
    void the_assignor_that_most_members_wish_for_is_used() {
        machineStep(new GroupEvent.Join("a", wishing(AssignorName.RANGE)));
        machineStep(new GroupEvent.Join("b", wishing(AssignorName.RANGE)));
        machineStep(new GroupEvent.Join("c", wishing(AssignorName.STICKY)));

        assertThat(group.assignor()).isEqualTo(AssignorName.RANGE);
    }

    @Test
    void a_new_wish_and_a_new_rebalance_timeout_are_taken_at_any_heartbeat() {
        machineStep(new GroupEvent.Join("a", wishing(AssignorName.STICKY)));

        machineStep(new GroupEvent.Heartbeat("a", 1, null, null, null, 5_000));

        assertThat(group.member("a").profile().rebalanceTimeoutMs()).isEqualTo(5_000);
        assertThat(group.epoch()).as("which moves nothing").isEqualTo(1);

        machineStep(new GroupEvent.Heartbeat("a", 1, null, null, AssignorName.RANGE, null));

        assertThat(group.assignor()).isEqualTo(AssignorName.RANGE);
        assertThat(group.epoch()).isEqualTo(2);
        assertThat(group.member("a").profile().rebalanceTimeoutMs()).isEqualTo(5_000);
    }

    @Test
    void limits_are_refused_with_their_figures() {
        join("a", "orders");
        join("b", "orders");
        join("c", "orders");

        assertRefused(join("d", "orders"), ErrorCode.TOO_MANY, "3 members");
        assertRefused(join("a", "orders", "returns", "refunds"), ErrorCode.INVALID_SETTING, "at most 2 topics, not 3");
        assertRefused(machineStep(new GroupEvent.Join("a", profile(Subscription.NONE, 999))), ErrorCode.INVALID_SETTING,
                "between 1000 and 60000 ms, not 999");
        assertRefused(machineStep(
                new GroupEvent.Join("a", profile(Subscription.to(TopicPattern.of("a".repeat(21))), 10_000))),
                ErrorCode.INVALID_SETTING, "at most 20 characters, not 21");
        assertThat(group.members()).hasSize(3);
    }

    @Test
    void a_pattern_that_would_backtrack_for_ever_elsewhere_matches_in_linear_time() {
        TopicPattern pattern = TopicPattern.of("(a+)+b");

        assertThat(pattern.matches("a".repeat(249))).isFalse();
        assertThatThrownBy(() -> TopicPattern.of("(a")).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not a valid RE2 expression");
    }

    @Test
    void a_member_that_will_not_let_go_expires_though_its_heart_beats() {
        var sessions = new Sessions();
        join("a", "orders");
        join("b", "orders");
        heartbeat("a", 1, orders(0, 1, 2, 3));

        for (long nowMs = 0; nowMs < 20_000; nowMs += 5_000) {
            sessions.heard(group.member("a"), nowMs);
            assertThat(sessions.expired(nowMs)).isEmpty();
        }

        assertThat(sessions.expired(20_000)).containsExactly("a");
    }

    @Test
    void silence_ends_a_session_and_a_restart_gives_it_its_full_time_again() {
        var sessions = new Sessions();
        join("a", "orders");
        sessions.heard(group.member("a"), 0);
        assertThat(sessions.expired(10_000)).containsExactly("a");

        sessions.restart(group, 10_000);

        assertThat(sessions.expired(19_999)).isEmpty();
        assertThat(sessions.expired(20_000)).containsExactly("a");
    }

    private static void assertRefused(GroupReply reply, ErrorCode code, String words) {
        assertThat(reply).isInstanceOfSatisfying(GroupReply.Refused.class, refused -> {
            assertThat(refused.code()).isEqualTo(code);
            assertThat(refused.message()).contains(words);
        });
    }

    private GroupReply join(String memberId, String... names) {
        return machineStep(new GroupEvent.Join(memberId, profile(Subscription.to(Arrays.asList(names)), 10_000)));
    }

    private GroupReply heartbeat(String memberId, long epoch, SortedSet<PartitionId> owned) {
        return machineStep(new GroupEvent.Heartbeat(memberId, epoch, owned, null));
    }

    private GroupReply machineStep(GroupEvent event) {
        GroupMachine.Step step = machine.apply(group, event, topics);
        group = step.group();
        return step.reply();
    }

    private static MemberProfile profile(Subscription subscription, int sessionTimeoutMs) {
        return new MemberProfile("client", "host", subscription, null, sessionTimeoutMs, 20_000);
    }

    private static MemberProfile wishing(AssignorName assignor) {
        return new MemberProfile("client", "host", Subscription.to(List.of("orders")), assignor, 10_000, 20_000);
    }

    private static SortedSet<PartitionId> orders(int... partitions) {
        return of(ORDERS, partitions);
    }

    private static SortedSet<PartitionId> of(Topic topic, int... partitions) {
        return PartitionId.sorted(IntStream.of(partitions).mapToObj(index -> new PartitionId(topic.id(), index))
                .toList());
    }
}
