package io.millrace.common.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange.Member;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class ReassignmentRulesTest {
    private static final Uuid TOPIC = Uuid.randomUuid();
    private static final Terms MIN_TWO = new Terms(2, false);

    @Test
    void those_that_come_are_added_and_those_that_go_stay_until_then() {
        var row = partition(List.of(0, 1));

        var moving = PartitionRules.reassign(row, List.of(2, 1), live(3), MIN_TWO);

        assertThat(moving.replicas()).containsExactly(2, 1, 0);
        assertThat(moving.adding()).containsExactly(2);
        assertThat(moving.removing()).containsExactly(0);
        assertThat(moving.isr()).containsExactly(0, 1);
        assertThat(moving.leader()).isEqualTo(0);
        assertThat(moving.leaderEpoch()).isEqualTo(row.leaderEpoch());
    }

    @Test
    void when_all_that_come_are_in_sync_the_leader_goes_and_another_leads_in_the_same_step() {
        var moving = PartitionRules.reassign(partition(List.of(0, 1)), List.of(2, 1), live(3), MIN_TWO);

        var arrived = isr(moving, live(3), 0, 1, 2);

        assertThat(arrived.replicas()).containsExactly(2, 1);
        assertThat(arrived.isr()).containsExactlyInAnyOrder(1, 2);
        assertThat(arrived.leader()).isEqualTo(2);
        assertThat(arrived.leaderEpoch()).isEqualTo(moving.leaderEpoch() + 1);
        assertThat(arrived.isReassigned()).isFalse();
    }

    @Test
    void nobody_goes_while_too_few_of_those_that_stay_are_in_sync() {
        var moving = PartitionRules.reassign(partition(List.of(0, 1)), List.of(2, 1), live(3), MIN_TWO);

        var without1 = isr(moving, live(3), 0, 2);

        assertThat(without1.isReassigned()).isTrue();
        assertThat(without1.leader()).isEqualTo(0);
        assertThat(isr(without1, live(3), 0, 2, 1).isReassigned()).isFalse();
    }

    @Test
    void fewer_replicas_are_had_at_once_where_enough_are_in_sync() {
        var fewer = PartitionRules.reassign(partition(List.of(0, 1, 2)), List.of(1, 2), live(3), MIN_TWO);

        assertThat(fewer.replicas()).containsExactly(1, 2);
        assertThat(fewer.leader()).isEqualTo(1);
        assertThat(fewer.isReassigned()).isFalse();
    }

    @Test
    void another_order_alone_changes_no_leader() {
        var row = partition(List.of(0, 1));

        var reordered = PartitionRules.reassign(row, List.of(1, 0), live(2), MIN_TWO);

        assertThat(reordered.replicas()).containsExactly(1, 0);
        assertThat(reordered.leader()).isEqualTo(0);
        assertThat(reordered.leaderEpoch()).isEqualTo(row.leaderEpoch());
        assertThat(PartitionRules.restorePreferredLeader(reordered, live(2)).leader()).isEqualTo(1);
    }

    @Test
    void a_reassignment_that_is_called_off_leaves_what_was() {
        var row = partition(List.of(0, 1));
        var moving = isr(PartitionRules.reassign(row, List.of(2, 3), live(4), MIN_TWO), live(4), 0, 1, 2);

        var back = PartitionRules.cancelReassignment(moving, List.of(0, 1), live(4), MIN_TWO);

        assertThat(back.replicas()).containsExactly(0, 1);
        assertThat(back.isr()).containsExactly(0, 1);
        assertThat(back.isReassigned()).isFalse();
    }

    @Test
    void it_cannot_be_called_off_while_what_was_acknowledged_stands_on_the_new_replicas() {
        var moving = isr(PartitionRules.reassign(partition(List.of(0, 1)), List.of(2, 3), live(4), MIN_TWO), live(4),
                0, 2);

        assertThat(PartitionRules.cancelReassignment(moving, List.of(0, 1), live(4), MIN_TWO)).isSameAs(moving);
    }

    @Test
    void a_replica_that_goes_raises_the_leader_epoch_even_where_the_leader_stays() {
        var moving = PartitionRules.reassign(partition(List.of(0, 1)), List.of(0, 2), live(3), MIN_TWO);

        var arrived = isr(moving, live(3), 0, 1, 2);

        assertThat(arrived.replicas()).containsExactly(0, 2);
        assertThat(arrived.leader()).isEqualTo(0);
        assertThat(arrived.leaderEpoch()).isEqualTo(moving.leaderEpoch() + 1);
    }

    @Test
    void a_replica_that_goes_because_nobody_wants_it_any_more_raises_the_leader_epoch() {
        var row = partition(List.of(0, 1, 2));

        var fewer = PartitionRules.reassign(row, List.of(0, 1), live(3), MIN_TWO);

        assertThat(fewer.leader()).isEqualTo(0);
        assertThat(fewer.leaderEpoch()).isEqualTo(row.leaderEpoch() + 1);
    }

    @Test
    void a_replica_that_was_added_and_goes_again_raises_the_leader_epoch() {
        var moving = PartitionRules.reassign(partition(List.of(0, 1)), List.of(0, 2), live(3), MIN_TWO);

        var back = PartitionRules.cancelReassignment(moving, List.of(0, 1), live(3), MIN_TWO);

        assertThat(back.leader()).isEqualTo(0);
        assertThat(back.leaderEpoch()).isEqualTo(moving.leaderEpoch() + 1);
    }

    @Test
    void a_broker_that_may_have_lost_its_tail_counts_no_more_towards_the_minimum() {
        var row = partition(List.of(0, 1, 2));
        var brokers = with(live(3), new Standing(1, 2, true, false, true));

        var fewer = PartitionRules.reassign(row, List.of(1, 2), brokers, MIN_TWO);

        assertThat(fewer.removing()).containsExactly(0);
        assertThat(fewer.isr()).containsExactly(0, 2);
        assertThat(fewer.leader()).isEqualTo(0);
    }

    @Test
    void a_fenced_broker_counts_no_more_towards_the_minimum() {
        var row = partition(List.of(0, 1, 2));
        var brokers = with(live(3), new Standing(1, 1, true, false, false));

        var fewer = PartitionRules.reassign(row, List.of(1, 2), brokers, MIN_TWO);

        assertThat(fewer.removing()).containsExactly(0);
        assertThat(fewer.isr()).containsExactly(0, 2);
    }

    @Test
    void a_leader_that_may_have_lost_its_tail_does_not_lead_on_when_a_reassignment_begins() {
        var row = partition(List.of(0, 1, 2));
        var brokers = with(live(4), new Standing(0, 2, true, false, true));

        var moving = PartitionRules.reassign(row, List.of(0, 1, 3), brokers, MIN_TWO);

        assertThat(moving.leader()).isEqualTo(1);
        assertThat(moving.leaderEpoch()).isGreaterThan(row.leaderEpoch());
        assertThat(moving.isr()).containsExactly(1, 2);
        assertThat(moving.elr()).isEmpty();
    }

    @Test
    void it_is_not_called_off_on_account_of_brokers_that_are_fenced_or_may_have_lost_their_tails() {
        var moving = isr(PartitionRules.reassign(partition(List.of(0, 1)), List.of(2, 3), live(4), MIN_TWO), live(4),
                0, 1, 2);

        assertThat(PartitionRules.cancelReassignment(moving, List.of(0, 1), with(live(4), new Standing(1, 2, true,
                false, true)), MIN_TWO)).isSameAs(moving);
        assertThat(PartitionRules.cancelReassignment(moving, List.of(0, 1), with(live(4), new Standing(1, 1, true,
                false, false)), MIN_TWO)).isSameAs(moving);
    }

    @Test
    void replicas_that_acks_all_could_not_be_satisfied_with_are_refused() {
        var row = partition(List.of(0, 1, 2));

        assertThat(PartitionRules.reassign(row, List.of(2), live(3), MIN_TWO)).isSameAs(row);
        assertThat(PartitionRules.reassign(row, List.of(), live(3), new Terms(1, false))).isSameAs(row);
        assertThat(PartitionRules.reassign(row, List.of(1, 2, 1), live(3), MIN_TWO)).isSameAs(row);
        assertThat(PartitionRules.mayHave(row, List.of(2), MIN_TWO)).isFalse();
        assertThat(PartitionRules.mayHave(row, List.of(2, 1), MIN_TWO)).isTrue();
    }

    @Test
    void a_partition_with_fewer_replicas_than_acks_all_asks_for_may_move_as_it_is() {
        var row = partition(List.of(0));

        assertThat(PartitionRules.reassign(row, List.of(1), live(2), MIN_TWO).adding()).containsExactly(1);
    }

    @Test
    void a_recovery_ends_where_a_reassignment_leaves_enough_in_sync() {
        var row = new PartitionImage(0, List.of(0, 1, 2, 3), List.of(0), 0, 3, 7, List.of(), 0, List.of(3), List.of(2),
                true);

        var arrived = isr(row, live(4), 0, 1, 3);

        assertThat(arrived.replicas()).containsExactly(0, 1, 3);
        assertThat(arrived.recovering()).isFalse();
    }

    @Test
    void a_recovery_goes_on_where_a_reassignment_begins_with_too_few_in_sync() {
        var row = new PartitionImage(0, List.of(0, 1, 2), List.of(0), 0, 3, 7, List.of(), 0, List.of(), List.of(),
                true);

        var moving = PartitionRules.reassign(row, List.of(0, 1), live(3), MIN_TWO);

        assertThat(moving.removing()).containsExactly(2);
        assertThat(moving.recovering()).isTrue();
    }

    @Test
    void nobody_is_elected_by_a_reassignment_where_the_logs_decide() {
        var row = new PartitionImage(0, List.of(0, 1, 2), List.of(), PartitionImage.NO_LEADER, 3, 7, List.of(), 0, List
                .of(), List.of(), true);

        var moving = PartitionRules.reassign(row, List.of(0, 1), live(3), new Terms(2, true));

        assertThat(moving.leader()).isEqualTo(PartitionImage.NO_LEADER);
        assertThat(moving.replicas()).contains(2);
        assertThat(moving.recovering()).isTrue();
    }

    /** Brokers come and go and partitions move in any order: nothing acknowledged is ever on fewer than the minimum by a step of reassignment. */
    @Test
    void no_step_of_a_reassignment_takes_the_in_sync_replicas_below_their_minimum() {
        for (long seed = 0; seed < 3_000; seed++) {
            var random = new Random(seed);
            var terms = new Terms(1 + random.nextInt(3), false);
            var brokers = new HashMap<>(live(6));
            var row = partition(List.copyOf(some(random, 1 + random.nextInt(3))));
            var before = row.replicas();
            for (int step = 0; step < 60; step++) {
                var last = row;
                switch (random.nextInt(5)) {
                    case 0 -> {
                        before = row.isReassigned() ? before : row.replicas();
                        row = PartitionRules.reassign(row, some(random, 1 + random.nextInt(3)), brokers, terms);
                    }
                    case 1 -> row = PartitionRules.cancelReassignment(row, before, brokers, terms);
                    case 2 -> row = fenceOrUnfence(random, row, brokers, terms);
                    // The controller has yet to draw the consequences of this.
                    case 3 -> loseUnseen(random.nextInt(6), random, brokers);
                    default -> row = anyIsr(random, row, brokers, terms);
                }
                check(seed, last, row, brokers, terms);
            }
        }
    }

    private static void check(long seed, PartitionImage last, PartitionImage row, Map<Integer, Standing> brokers,
            Terms terms) {
        assertThat(row.replicas()).as("seed %d", seed).isNotEmpty().doesNotHaveDuplicates().containsAll(row.isr())
                .containsAll(row.elr()).containsAll(row.adding()).containsAll(row.removing());
        assertThat(row.isr()).doesNotHaveDuplicates().noneMatch(row.elr()::contains);
        assertThat(row.leader()).matches(leader -> leader == PartitionImage.NO_LEADER || row.isr().contains(leader));
        if (!row.replicas().containsAll(last.replicas())) {
            assertThat(row.isr()).as("seed %d: from %s to %s", seed, last, row).hasSizeGreaterThanOrEqualTo(terms
                    .effectiveMinIsr(row)).allMatch(id -> brokers.get(id).isLive());
            assertThat(row.leaderEpoch()).as("seed %d: from %s to %s", seed, last, row).isGreaterThan(last
                    .leaderEpoch());
            assertThat(row.lastLeader()).isIn(row.replicas());
        }
        assertThat(row == last || row.partitionEpoch() > last.partitionEpoch()).isTrue();
        assertThat(row.leader() == last.leader() || row.leaderEpoch() > last.leaderEpoch()).isTrue();
    }

    private static PartitionImage fenceOrUnfence(Random random, PartitionImage row, Map<Integer, Standing> brokers,
            Terms terms) {
        int id = random.nextInt(6);
        boolean fenced = !brokers.get(id).fenced();
        brokers.put(id, new Standing(id, 1, fenced, false, false));
        return PartitionRules.brokersChanged(row, brokers, fenced ? Set.of(id) : Set.of(), terms);
    }

    private static void loseUnseen(int id, Random random, Map<Integer, Standing> brokers) {
        brokers.put(id, new Standing(id, 1, true, random.nextBoolean(), random.nextBoolean()));
    }

    private static PartitionImage anyIsr(Random random, PartitionImage row, Map<Integer, Standing> brokers,
            Terms terms) {
        if (row.leader() == PartitionImage.NO_LEADER) {
            return row;
        }
        var members = new ArrayList<>(row.replicas());
        members.removeIf(id -> id != row.leader() && random.nextInt(4) == 0);
        return PartitionRules.changeIsr(row, row.leader(), 1, change(row, members), brokers,
                terms) instanceof Outcome.Changed(var now) ? now : row;
    }

    private static List<Integer> some(Random random, int count) {
        var ids = new ArrayList<>(IntStream.range(0, 6).boxed().toList());
        Collections.shuffle(ids, random);
        return List.copyOf(ids.subList(0, count));
    }

    private static PartitionImage isr(PartitionImage row, Map<Integer, Standing> brokers, Integer... members) {
        var outcome = PartitionRules.changeIsr(row, row.leader(), 1, change(row, List.of(members)), brokers, MIN_TWO);
        assertThat(outcome).isInstanceOf(Outcome.Changed.class);
        return ((Outcome.Changed) outcome).now();
    }

    private static IsrChange change(PartitionImage row, List<Integer> members) {
        return new IsrChange(TOPIC, 0, row.leaderEpoch(), row.partitionEpoch(), members.stream().map(id -> new Member(
                id, 1)).toList());
    }

    private static PartitionImage partition(List<Integer> replicas) {
        return new PartitionImage(0, replicas, replicas, replicas.getFirst(), 3, 7);
    }

    private static Map<Integer, Standing> with(Map<Integer, Standing> brokers, Standing other) {
        brokers.put(other.brokerId(), other);
        return brokers;
    }

    private static Map<Integer, Standing> live(int count) {
        var brokers = new HashMap<Integer, Standing>();
        for (int id = 0; id < count; id++) {
            brokers.put(id, new Standing(id, 1, false, false, false));
        }
        return brokers;
    }
}
