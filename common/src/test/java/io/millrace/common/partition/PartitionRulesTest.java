package io.millrace.common.partition;

import static io.millrace.common.metadata.PartitionImage.NO_LEADER;
import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange.Member;
import io.millrace.common.partition.Outcome.Changed;
import io.millrace.common.partition.Outcome.Reason;
import io.millrace.common.partition.Outcome.Refused;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class PartitionRulesTest {
    private static final Uuid TOPIC = new Uuid(1, 1);
    private static final Terms MIN_TWO = new Terms(2, false);

    private final Map<Integer, Standing> brokers = new HashMap<>(Map.of(1, live(1), 2, live(2), 3, live(3)));

    @Test
    void the_next_in_sync_replica_in_order_leads_when_the_leader_is_fenced() {
        fence(1);
        var after = settled(new PartitionImage(0, List.of(1, 3, 2), List.of(1, 2, 3), 1, 5, 9));

        assertThat(after).isEqualTo(new PartitionImage(0, List.of(1, 3, 2), List.of(2, 3), 3, 6, 10));
    }

    @Test
    void who_leaves_an_isr_below_its_minimum_stays_eligible() {
        fence(1);
        var one = settled(row(List.of(1, 2), 1));
        fence(2);
        var none = settled(one);

        assertThat(one).matches(it -> it.isr().equals(List.of(2)) && it.elr().equals(List.of(1)) && it.leader() == 2);
        assertThat(none).matches(it -> it.isr().isEmpty() && it.leader() == PartitionImage.NO_LEADER
                && it.lastLeader() == 2);
        assertThat(none.elr()).containsExactlyInAnyOrder(1, 2);
    }

    @Test
    void an_eligible_replica_leads_alone_when_nobody_is_in_sync() {
        fence(2);
        fence(3);
        var after = settled(row(List.of(), PartitionImage.NO_LEADER, List.of(2, 1)));

        assertThat(after.leader()).isEqualTo(1);
        assertThat(after.isr()).containsExactly(1);
        assertThat(after.elr()).containsExactly(2);
        assertThat(after.leaderEpoch()).isEqualTo(6);
    }

    @Test
    void who_has_lost_its_tail_is_neither_in_sync_nor_eligible() {
        brokers.put(2, new Standing(2, 7, true, false, true));

        assertThat(settled(row(List.of(1, 2, 3), 1)).isr()).containsExactly(1, 3);
        assertThat(settled(row(List.of(1), 1, List.of(2))).elr()).isEmpty();
    }

    @Test
    void when_all_have_lost_their_tails_only_the_last_leader_leads_again() {
        brokers.put(1, new Standing(1, 7, true, false, true));
        var lost = settled(new PartitionImage(0, List.of(1, 2, 3), List.of(), -1, 5, 9, List.of(1), 1, List.of(),
                List.of()));
        assertThat(lost).matches(it -> it.isr().isEmpty() && it.elr().isEmpty() && it.leader() == -1);

        brokers.put(1, live(1));
        assertThat(settled(lost)).matches(it -> it.isr().equals(List.of(1)) && it.leader() == 1);
    }

    @Test
    void a_replica_out_of_sync_leads_only_where_the_topic_allows_it() {
        fence(1);
        var row = row(List.of(1), 1);

        assertThat(settled(row).leader()).isEqualTo(PartitionImage.NO_LEADER);
        assertThat(PartitionRules.brokersChanged(row, brokers, Set.of(), new Terms(1, true)))
                .matches(it -> it.leader() == 2 && it.isr().equals(List.of(2)) && it.elr().isEmpty());
    }

    @Test
    void who_is_leaving_hands_over_and_goes_out_of_the_isr_unless_it_is_the_last() {
        brokers.put(1, new Standing(1, 1, false, true, false));

        assertThat(settled(row(List.of(1, 2), 1))).matches(it -> it.leader() == 2 && it.isr().equals(List.of(2)));
        var alone = row(List.of(1), 1);
        assertThat(settled(alone)).isSameAs(alone);
    }

    @Test
    void a_leadership_that_has_ended_gets_another_epoch_even_if_the_same_broker_leads() {
        var after = PartitionRules.brokersChanged(row(List.of(1), 1), brokers, Set.of(1), MIN_TWO);

        assertThat(after).matches(it -> it.leader() == 1 && it.leaderEpoch() == 6 && it.partitionEpoch() == 10);
    }

    @Test
    void a_preferred_leader_leads_again_only_in_sync_and_staying() {
        assertThat(PartitionRules.restorePreferredLeader(row(List.of(1, 2), 2), brokers))
                .matches(it -> it.leader() == 1 && it.leaderEpoch() == 6);
        var lagging = row(List.of(2), 2);
        assertThat(PartitionRules.restorePreferredLeader(lagging, brokers)).isSameAs(lagging);
        brokers.put(1, new Standing(1, 1, false, true, false));
        var leaving = row(List.of(1, 2), 2);
        assertThat(PartitionRules.restorePreferredLeader(leaving, brokers)).isSameAs(leaving);
    }

    @Test
    void a_leader_takes_in_who_has_caught_up_and_puts_out_who_has_not() {
        assertThat(change(row(List.of(1), 1, List.of(2)), List.of(member(1), member(2))))
                .isEqualTo(new Changed(new PartitionImage(0, List.of(1, 2, 3), List.of(1, 2), 1, 5, 10)));
        assertThat(change(row(List.of(1, 2, 3), 1), List.of(member(1), member(3))))
                .isEqualTo(new Changed(new PartitionImage(0, List.of(1, 2, 3), List.of(1, 3), 1, 5, 10)));
        assertThat(change(row(List.of(1, 3), 1), List.of(member(1))))
                .isInstanceOfSatisfying(Changed.class, it -> assertThat(it.now().elr()).containsExactly(3));
    }

    @Test
    void an_isr_is_refused_with_a_member_that_is_not_what_the_leader_took_it_for() {
        assertRefused(Reason.INELIGIBLE_REPLICA, List.of(member(1), new Member(2, 0)));
        assertRefused(Reason.INELIGIBLE_REPLICA, List.of(member(1), new Member(2, IsrChange.UNKNOWN_EPOCH)));
        assertRefused(Reason.INELIGIBLE_REPLICA, List.of(member(1), new Member(4, 1)));
        assertRefused(Reason.INELIGIBLE_REPLICA, List.of(member(2)));
        assertRefused(Reason.INELIGIBLE_REPLICA, List.of(member(1), member(2), member(2)));
        brokers.put(2, new Standing(2, 1, false, true, false));
        assertRefused(Reason.INELIGIBLE_REPLICA, List.of(member(1), member(2)));
        fence(2);
        assertRefused(Reason.INELIGIBLE_REPLICA, List.of(member(1), member(2)));
    }

    @Test
    void an_isr_is_refused_from_who_does_not_lead_any_more() {
        var row = row(List.of(1), 1);
        var members = List.of(member(1), member(2));
        assertThat(PartitionRules.changeIsr(null, 1, 1, new IsrChange(TOPIC, 0, 5, 9, members), brokers, MIN_TWO))
                .isEqualTo(new Refused(Reason.UNKNOWN_PARTITION, null));
        assertThat(PartitionRules.changeIsr(row, 1, 0, new IsrChange(TOPIC, 0, 5, 9, members), brokers, MIN_TWO))
                .isEqualTo(new Refused(Reason.STALE_EPOCH, row));
        assertThat(PartitionRules.changeIsr(row, 1, 1, new IsrChange(TOPIC, 0, 4, 9, members), brokers, MIN_TWO))
                .isEqualTo(new Refused(Reason.STALE_EPOCH, row));
        assertThat(PartitionRules.changeIsr(row, 1, 1, new IsrChange(TOPIC, 0, 5, 8, members), brokers, MIN_TWO))
                .isEqualTo(new Refused(Reason.STALE_EPOCH, row));
        assertThat(PartitionRules.changeIsr(row, 2, 1, new IsrChange(TOPIC, 0, 5, 9, members), brokers, MIN_TWO))
                .isEqualTo(new Refused(Reason.NOT_LEADER, row));
        fence(1);
        assertThat(PartitionRules.changeIsr(row, 1, 1, new IsrChange(TOPIC, 0, 5, 9, members), brokers, MIN_TWO))
                .isEqualTo(new Refused(Reason.NOT_LEADER, row));
    }

    @Test
    void a_reassignment_is_complete_when_those_added_are_in_sync_and_enough_stay() {
        var reassigned = new PartitionImage(0, List.of(2, 3, 1), List.of(1), 1, 5, 9, List.of(), 1, List.of(2, 3), List
                .of(1));

        assertThat(change(reassigned, List.of(member(1), member(2))))
                .isInstanceOfSatisfying(Changed.class, it -> assertThat(it.now().isReassigned()).isTrue());
        assertThat(change(reassigned, List.of(member(1), member(2), member(3))))
                .isEqualTo(new Changed(new PartitionImage(0, List.of(2, 3), List.of(2, 3), 2, 6, 10)));
    }

    @Test
    void nobody_is_elected_uncleanly_or_for_having_led_while_the_replicas_are_asked() {
        var row = recovering(List.of(), NO_LEADER);
        assertThat(PartitionRules.brokersChanged(row, brokers, Set.of(), new Terms(2, true))).isSameAs(row);
    }

    @Test
    void recovery_ends_with_the_change_that_brings_enough_replicas_in_sync() {
        var row = recovering(List.of(1), 1);
        assertThat(change(row, List.of(member(1), member(2)))).isInstanceOfSatisfying(Outcome.Changed.class,
                it -> assertThat(it.now().recovering()).isFalse());
        assertThat(PartitionRules.brokersChanged(row, brokers, Set.of(1), MIN_TWO).recovering()).isTrue();
    }

    @Test
    void a_lower_minimum_that_is_met_leaves_nobody_eligible_beside_the_isr() {
        var row = row(List.of(1), 1, List.of(2));

        var after = PartitionRules.termsChanged(row, brokers, MIN_TWO, new Terms(1, false));

        assertThat(after.elr()).isEmpty();
        assertThat(after.partitionEpoch()).isEqualTo(10);
        assertThat(after.leaderEpoch()).isEqualTo(5);
    }

    @Test
    void a_higher_minimum_begins_with_another_epoch_of_the_same_leader() {
        var after = PartitionRules.termsChanged(row(List.of(1, 2), 1), brokers, new Terms(1, false), MIN_TWO);

        assertThat(after).isEqualTo(new PartitionImage(0, List.of(1, 2, 3), List.of(1, 2), 1, 6, 10));
        assertThat(PartitionRules.termsChanged(row(List.of(), NO_LEADER), Map.of(), new Terms(1, false), MIN_TWO))
                .isEqualTo(row(List.of(), NO_LEADER));
    }

    @Test
    void where_unclean_elections_are_allowed_from_now_on_one_is_held_at_once() {
        fence(1);
        var leaderless = settled(row(List.of(1), 1));
        assertThat(leaderless.leader()).isEqualTo(NO_LEADER);

        assertThat(PartitionRules.termsChanged(leaderless, brokers, MIN_TWO, new Terms(2, true)).leader()).isEqualTo(2);
    }

    private static PartitionImage recovering(List<Integer> isr, int leader) {
        return new PartitionImage(0, List.of(1, 2, 3), isr, leader, 5, 9, List.of(), 1, List.of(), List.of(), true);
    }

    private void assertRefused(Reason reason, List<Member> members) {
        assertThat(change(row(List.of(1), 1), members)).isInstanceOfSatisfying(Refused.class, it -> assertThat(it
                .reason()).isEqualTo(reason));
    }

    private Outcome change(PartitionImage row, List<Member> members) {
        return PartitionRules.changeIsr(row, 1, 1, new IsrChange(TOPIC, 0, 5, 9, members), brokers, MIN_TWO);
    }

    private PartitionImage settled(PartitionImage row) {
        return PartitionRules.brokersChanged(row, brokers, Set.of(), MIN_TWO);
    }

    private void fence(int id) {
        brokers.put(id, new Standing(id, 1, true, false, false));
    }

    private static Standing live(int id) {
        return new Standing(id, 1, false, false, false);
    }

    private static Member member(int id) {
        return new Member(id, 1);
    }

    private static PartitionImage row(List<Integer> isr, int leader) {
        return new PartitionImage(0, List.of(1, 2, 3), isr, leader, 5, 9);
    }

    private static PartitionImage row(List<Integer> isr, int leader, List<Integer> elr) {
        return new PartitionImage(0, List.of(1, 2, 3), isr, leader, 5, 9, elr, leader, List.of(), List.of());
    }
}
