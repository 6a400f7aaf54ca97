package io.millrace.coordinator.controller.reassignment;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange;
import io.millrace.common.partition.IsrChange.Member;
import io.millrace.common.partition.Outcome;
import io.millrace.common.partition.PartitionRules;
import io.millrace.common.partition.PartitionTable.Key;
import io.millrace.common.partition.PartitionTable.Row;
import io.millrace.common.partition.PartitionTable.Transition;
import io.millrace.common.partition.Standing;
import io.millrace.common.partition.Terms;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class NextStepsTest {
    private static final Uuid TOPIC = Uuid.randomUuid();

    private final Map<Integer, Standing> brokers = new HashMap<>();
    private final Map<Key, Row> rows = new HashMap<>();
    private final List<Wanted> wanted = new ArrayList<>();

    NextStepsTest() {
        for (int id = 0; id < 6; id++) {
            brokers.put(id, new Standing(id, 1, false, false, false));
        }
    }

    @Test
    void no_broker_takes_in_or_hands_out_more_than_so_many_at_a_time() {
        for (int index = 0; index < 8; index++) {
            partition(index, List.of(0), List.of(1));
        }
        partition(8, List.of(2), List.of(3));

        var steps = next();

        assertThat(steps.transitions()).extracting(it -> it.after().index()).containsExactly(0, 1, 8);
    }

    @Test
    void those_in_motion_count() {
        partition(0, List.of(0), List.of(1));
        apply(next());
        partition(1, List.of(2), List.of(1));
        partition(2, List.of(2), List.of(1));

        assertThat(next().transitions()).extracting(it -> it.after().index()).containsExactly(1);
    }

    @Test
    void what_copies_nothing_does_not_wait() {
        for (int index = 0; index < 8; index++) {
            partition(index, List.of(0, 1), List.of(1, 0));
        }

        var steps = next();

        assertThat(steps.transitions()).hasSize(8);
        assertThat(steps.finished()).hasSize(8);
    }

    @Test
    void a_replica_is_not_begun_on_a_broker_that_is_not_running_or_without_a_leader_to_copy_from() {
        brokers.put(1, new Standing(1, 1, true, false, false));
        partition(0, List.of(0), List.of(1));
        partition(1, List.of(2), List.of(3));
        var leaderless = rows.get(key(1)).partition();
        rows.put(key(1), new Row(TOPIC, new PartitionImage(1, List.of(2), List.of(2), PartitionImage.NO_LEADER,
                leaderless.leaderEpoch(), leaderless.partitionEpoch()), Terms.DEFAULT));

        assertThat(next().isEmpty()).isTrue();
    }

    @Test
    void those_whose_broker_has_gone_away_keep_no_place_from_the_others() {
        partition(0, List.of(0), List.of(1));
        partition(1, List.of(0), List.of(1));
        partition(2, List.of(0), List.of(2));
        apply(next());
        assertThat(next().isEmpty()).isTrue();

        brokers.put(1, new Standing(1, 1, true, false, false));

        assertThat(next().transitions()).extracting(it -> it.after().index()).containsExactly(2);
    }

    @Test
    void one_that_is_cancelled_in_motion_goes_back_and_is_finished_then() {
        partition(0, List.of(0), List.of(1));
        apply(next());
        wanted.set(0, new Wanted(key(0), "orders", List.of(0), List.of(1), true));

        apply(next());

        assertThat(rows.get(key(0)).partition().replicas()).containsExactly(0);
        assertThat(next().finished()).containsExactlyElementsOf(wanted);
    }

    @Test
    void one_that_is_to_go_elsewhere_meanwhile_goes_back_first() {
        partition(0, List.of(0), List.of(1));
        apply(next());
        wanted.set(0, new Wanted(key(0), "orders", List.of(0), List.of(2), false));

        apply(next());
        assertThat(rows.get(key(0)).partition().isReassigned()).isFalse();
        apply(next());

        assertThat(rows.get(key(0)).partition().adding()).containsExactly(2);
    }

    @Test
    void a_partition_that_was_deleted_is_passed_over() {
        wanted.add(new Wanted(key(0), "orders", List.of(0), List.of(1), false));

        assertThat(next().isEmpty()).isTrue();
    }

    /** Copies end in any order; whatever was wanted is there in the end, led by one of those, and never more in motion than allowed. */
    @Test
    void all_that_is_wanted_comes_about() {
        for (long seed = 0; seed < 300; seed++) {
            var random = new Random(seed);
            rows.clear();
            wanted.clear();
            for (int index = 0; index < 30; index++) {
                var replicas = some(random);
                var target = some(random);
                partition(index, replicas, target, new Terms(1 + random.nextInt(Math.min(replicas.size(), target
                        .size())), false));
            }
            var all = List.copyOf(wanted);
            int rounds = 0;
            while (!wanted.isEmpty()) {
                var steps = next();
                apply(steps);
                wanted.removeAll(steps.finished());
                assertThat(inMotion(1)).isLessThanOrEqualTo(2);
                rows.replaceAll((_, row) -> random.nextInt(3) == 0 ? caughtUp(row, random) : row);
                assertThat(++rounds).as("seed %d", seed).isLessThan(500);
            }
            for (var each : all) {
                var partition = rows.get(each.key()).partition();
                assertThat(partition.replicas()).as("seed %d", seed).isEqualTo(each.target()).contains(partition
                        .leader()).containsAll(partition.isr());
            }
        }
    }

    private long inMotion(int adding) {
        return rows.values().stream().filter(row -> row.partition().adding().contains(adding)).count();
    }

    /** Asks for what a leader asks for once some of those that are added have all that it has. */
    private Row caughtUp(Row row, Random random) {
        var partition = row.partition();
        if (!partition.isReassigned()) {
            return row;
        }
        var members = new ArrayList<>(partition.isr().stream().map(id -> new Member(id, 1)).toList());
        partition.adding().stream().filter(id -> !partition.isr().contains(id) && random.nextBoolean()).forEach(
                id -> members.add(new Member(id, 1)));
        var change = new IsrChange(TOPIC, partition.index(), partition.leaderEpoch(), partition.partitionEpoch(),
                members);
        var outcome = PartitionRules.changeIsr(partition, partition.leader(), 1, change, brokers, row.terms());
        assertThat(outcome).isInstanceOf(Outcome.Changed.class);
        return new Row(TOPIC, ((Outcome.Changed) outcome).now(), row.terms());
    }

    private static List<Integer> some(Random random) {
        return random.ints(0, 6).distinct().limit(1 + random.nextInt(3)).boxed().toList();
    }

    private NextSteps next() {
        return NextSteps.of(wanted, rows, brokers, 2);
    }

    private void apply(NextSteps steps) {
        for (Transition transition : steps.transitions()) {
            var key = new Key(transition.topicId(), transition.after().index());
            rows.put(key, new Row(TOPIC, transition.after(), rows.get(key).terms()));
        }
    }

    private void partition(int index, List<Integer> replicas, List<Integer> target) {
        partition(index, replicas, target, Terms.DEFAULT);
    }

    private void partition(int index, List<Integer> replicas, List<Integer> target, Terms terms) {
        rows.put(key(index), new Row(TOPIC, new PartitionImage(index, replicas, replicas, replicas.getFirst(), 0, 0),
                terms));
        wanted.add(new Wanted(key(index), "orders", replicas, target, false));
    }

    private static Key key(int index) {
        return new Key(TOPIC, index);
    }
}
