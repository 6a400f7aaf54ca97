package io.millrace.common.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange.Member;
import io.millrace.common.partition.Outcome.Changed;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One partition through thousands of lives: brokers die, come back with or without their tails, leave, and leaders change the ISR by what
 * they saw some time ago. Each log is a number, how much of what was acknowledged it surely has; the high watermark moves as a leader
 * would move it.
 */
class PartitionRulesSimulationTest {
    private static final Uuid TOPIC = new Uuid(1, 1);
    private static final int STEPS = 120;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void the_rules_hold_and_nothing_acknowledged_is_lost_by_fewer_lost_tails_than_the_minimum(int minInsyncReplicas) {
        for (long seed = 0; seed < 3_000; seed++) {
            var simulation = new Simulation(seed, minInsyncReplicas, false);
            for (int step = 0; step < STEPS; step++) {
                simulation.step();
            }
        }
    }

    @Test
    void the_checker_finds_what_an_eligible_replica_that_lost_its_tail_would_lose() {
        assertThat(IntStream.range(0, 3_000).anyMatch(seed -> {
            var simulation = new Simulation(seed, 2, true);
            try {
                for (int step = 0; step < STEPS; step++) {
                    simulation.step();
                }
                return false;
            } catch (AssertionError e) {
                return String.valueOf(e.getMessage()).contains("acknowledged");
            }
        })).isTrue();
    }

    @Test
    void nothing_acknowledged_is_lost_while_the_minimum_changes_and_leaders_hear_of_it_late() {
        for (long seed = 0; seed < 3_000; seed++) {
            var simulation = new Simulation(seed, 1, false);
            for (int step = 0; step < STEPS; step++) {
                simulation.stepOrAlter(true);
            }
        }
    }

    @Test
    void the_checker_finds_what_a_leader_that_counts_by_the_former_minimum_would_lose() {
        assertThat(IntStream.range(0, 3_000).anyMatch(seed -> {
            var simulation = new Simulation(seed, 1, false);
            try {
                for (int step = 0; step < STEPS; step++) {
                    simulation.stepOrAlter(false);
                }
                return false;
            } catch (AssertionError e) {
                return String.valueOf(e.getMessage()).contains("acknowledged");
            }
        })).isTrue();
    }

    /** What a leader has of the image. */
    private record View(PartitionImage row, Terms terms) {}

    private static final class Simulation {
        private final String seed;
        private final Random random;
        private Terms terms;
        private boolean keepsTails;
        /** What the present leader goes by; null: it sees every change at once. */
        private @Nullable View view;
        private final boolean forgetLostTails;
        private final Map<Integer, Standing> brokers = new TreeMap<>();
        private final Map<Integer, Integer> logEnds = new HashMap<>();
        private final Set<Integer> running = new HashSet<>();
        private final List<PartitionImage> seenByLeaders = new ArrayList<>();
        private final Map<Integer, Integer> leaderOfEpoch = new HashMap<>();
        private PartitionImage row = new PartitionImage(0, List.of(1, 2, 3), List.of(1, 2, 3), 1, 0, 0);
        private int highWatermark;
        /** Brokers that came back without their tails and were not in sync since: as many as the minimum may lose what was acknowledged. */
        private final Set<Integer> lostTails = new HashSet<>();

        Simulation(long seed, int minInsyncReplicas, boolean forgetLostTails) {
            this.seed = "seed " + seed;
            this.random = new Random(seed);
            this.terms = new Terms(minInsyncReplicas, false);
            this.forgetLostTails = forgetLostTails;
            for (int id : row.replicas()) {
                brokers.put(id, new Standing(id, 1, false, false, false));
                logEnds.put(id, 0);
                running.add(id);
            }
            leaderOfEpoch.put(0, 1);
        }

        void step() {
            int id = 1 + random.nextInt(3);
            var broker = brokers.get(id);
            switch (random.nextInt(9)) {
                case 0 -> {
                    running.remove(id);
                    standings(new Standing(id, broker.epoch(), true, broker.leaving(), broker.tailLost()));
                }
                case 1 -> comeBack(id, broker);
                case 2 -> {
                    if (running.contains(id) && !broker.fenced() && random.nextInt(4) == 0) {
                        standings(new Standing(id, broker.epoch(), false, true, broker.tailLost()));
                    }
                }
                case 3, 4 -> replicate();
                case 5, 6 -> seenByLeaders.add(row);
                case 7 -> changeIsr();
                default -> change(PartitionRules.restorePreferredLeader(row, brokers));
            }
            checkAvailability();
        }

        /** @param raisesEpoch false: as if it were enough that the row changes */
        void stepOrAlter(boolean raisesEpoch) {
            keepsTails = true;
            if (view == null) {
                view = new View(row, terms);
            }
            switch (random.nextInt(6)) {
                case 0 -> alterMinimum(raisesEpoch);
                case 1 -> view = new View(row, terms);
                case 2 -> changeIsrOfPresentLeader();
                default -> step();
            }
        }

        private void alterMinimum(boolean raisesEpoch) {
            var before = terms;
            terms = new Terms(1 + random.nextInt(3), false);
            var after = PartitionRules.termsChanged(row, brokers, raisesEpoch ? before : terms, terms);
            change(after);
        }

        /** The leader puts out whoever is behind, by what it knows; refused, it goes by the row that it is told in its own epoch. */
        private void changeIsrOfPresentLeader() {
            var seen = view();
            int leader = seen.row.leader();
            if (leader < 0 || !running.contains(leader)) {
                return;
            }
            var members = seen.row.isr().stream().filter(id -> id == leader || random.nextBoolean()).map(
                    id -> new Member(id, IsrChange.UNKNOWN_EPOCH)).toList();
            var outcome = PartitionRules.changeIsr(row, leader, brokers.get(leader).epoch(), new IsrChange(TOPIC, 0,
                    seen.row.leaderEpoch(), seen.row.partitionEpoch(), members), brokers, terms);
            var now = switch (outcome) {
                case Changed(var changed) -> changed;
                case Outcome.Refused(var _, var present) -> present;
            };
            if (outcome instanceof Changed) {
                change(now);
            }
            if (now != null && now.leaderEpoch() == seen.row.leaderEpoch() && now.partitionEpoch() > seen.row
                    .partitionEpoch()) {
                view = new View(now, seen.terms);
            }
        }

        /** A broker that begins to lead does so with the image that says so. */
        private View view() {
            var seen = view;
            if (seen == null || seen.row.leader() != row.leader()) {
                seen = new View(row, terms);
            }
            if (view != null) {
                view = seen;
            }
            return seen;
        }

        /** Registers anew, with its log as it was or without its tail, and is unfenced once the controller has dealt with that. */
        private void comeBack(int id, Standing broker) {
            if (running.contains(id) || !broker.fenced()) {
                return;
            }
            running.add(id);
            var wouldLose = new HashSet<>(lostTails);
            wouldLose.add(id);
            boolean tailLost = !keepsTails && random.nextInt(3) == 0 && wouldLose.size() < terms.minInsyncReplicas();
            if (tailLost) {
                lostTails.add(id);
                logEnds.merge(id, 0, (end, _) -> random.nextInt(end + 1));
            }
            long epoch = broker.epoch() + 1;
            standings(new Standing(id, epoch, true, false, tailLost && !forgetLostTails));
            standings(new Standing(id, epoch, false, false, false));
        }

        private void standings(Standing broker) {
            boolean ended = brokers.get(broker.brokerId()).fenced() || broker.fenced();
            brokers.put(broker.brokerId(), broker);
            var after = PartitionRules.brokersChanged(row, brokers, ended ? Set.of(broker.brokerId()) : Set.of(),
                    terms);
            if (broker.tailLost()) {
                assertThat(after.isr()).as(seed).doesNotContain(broker.brokerId());
                assertThat(after.elr()).as(seed).doesNotContain(broker.brokerId());
            }
            change(after);
        }

        /** The leader appends; followers that run copy some of it, cutting what diverges; the high watermark follows the ISR. */
        private void replicate() {
            int leader = row.leader();
            if (leader < 0 || !running.contains(leader)) {
                return;
            }
            logEnds.merge(leader, random.nextInt(3), Integer::sum);
            for (int follower : row.replicas()) {
                if (follower != leader && running.contains(follower) && random.nextBoolean()) {
                    logEnds.put(follower, Math.max(Math.min(logEnds.get(follower), logEnds.get(leader)), random.nextInt(
                            logEnds.get(leader) + 1)));
                }
            }
            var seen = view();
            if (seen.row.isr().size() >= seen.terms.effectiveMinIsr(seen.row)) {
                highWatermark = Math.max(highWatermark, seen.row.isr().stream().mapToInt(logEnds::get).min()
                        .orElseThrow());
            }
        }

        /** By a leader that may have been deposed long ago, from a row that may have changed long ago. */
        private void changeIsr() {
            if (seenByLeaders.isEmpty()) {
                return;
            }
            var seen = seenByLeaders.get(random.nextInt(seenByLeaders.size()));
            if (seen.leader() < 0) {
                return;
            }
            var members = new ArrayList<Member>();
            for (int id : seen.replicas()) {
                boolean inSync = logEnds.get(id) >= highWatermark && random.nextInt(4) != 0;
                if (id == seen.leader() || inSync) {
                    members.add(new Member(id, brokers.get(id).epoch()));
                }
            }
            var outcome = PartitionRules.changeIsr(row, seen.leader(), brokers.get(seen.leader()).epoch(),
                    new IsrChange(TOPIC, 0, seen.leaderEpoch(), seen.partitionEpoch(), members), brokers, terms);
            if (outcome instanceof Changed(var now)) {
                assertThat(seen.leaderEpoch()).as(seed).isEqualTo(row.leaderEpoch());
                assertThat(brokers.get(seen.leader()).fenced()).as(seed).isFalse();
                change(now);
                if (view != null) {
                    // It is the present leader, which counts those that it takes in from before it asks, and has the settings of its epoch.
                    view = new View(now, now.leaderEpoch() == view.row.leaderEpoch() ? view.terms : terms);
                }
            }
        }

        private void change(PartitionImage after) {
            if (after == row) {
                return;
            }
            assertThat(after.partitionEpoch()).as(seed).isEqualTo(row.partitionEpoch() + 1);
            assertThat(after.leaderEpoch()).as(seed).isGreaterThanOrEqualTo(row.leaderEpoch());
            assertThat(after.isr()).as(seed).isSubsetOf(after.replicas()).doesNotHaveDuplicates();
            assertThat(after.elr()).as(seed).isSubsetOf(after.replicas()).doesNotHaveDuplicates().noneMatch(after
                    .isr()::contains);
            if (after.isr().size() >= terms.effectiveMinIsr(after)) {
                assertThat(after.elr()).as(seed).isEmpty();
            }
            if (after.leader() != row.leader()) {
                assertThat(after.leaderEpoch()).as(seed).isGreaterThan(row.leaderEpoch());
            }
            if (after.leader() >= 0) {
                assertThat(leaderOfEpoch.putIfAbsent(after.leaderEpoch(), after.leader())).as(seed)
                        .isIn(null, after.leader());
                assertThat(after.isr()).as(seed).contains(after.leader());
                assertThat(brokers.get(after.leader()).fenced()).as(seed).isFalse();
                if (after.leaderEpoch() != row.leaderEpoch()) {
                    checkElection(after);
                }
            }
            row = after;
            lostTails.removeAll(row.isr());
        }

        private void checkElection(PartitionImage after) {
            var candidates = new HashSet<>(row.isr());
            candidates.addAll(row.elr());
            candidates.removeIf(id -> brokers.get(id).tailLost());
            if (candidates.isEmpty()) {
                assertThat(after.leader()).as(seed).isEqualTo(row.lastLeader());
            } else {
                assertThat(after.leader()).as(seed).isIn(candidates);
            }
            assertThat(logEnds.get(after.leader())).as("%s: what was acknowledged", seed).isGreaterThanOrEqualTo(
                    highWatermark);
        }

        private void checkAvailability() {
            boolean anyCanLead = Stream.concat(row.isr().stream(), row.elr().stream())
                    .anyMatch(id -> !brokers.get(id).fenced());
            if (anyCanLead) {
                assertThat(row.leader()).as(seed).isNotNegative();
            }
        }
    }
}
