package io.millrace.common.incarnation;

import static io.millrace.common.metadata.PartitionImage.NO_LEADER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.common.metadata.Incarnation;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.Terms;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class RecoveryElectionTest {
    private static final Uuid TOPIC = new Uuid(1, 2);
    private static final int FIRST = Incarnation.firstLeaderEpoch(2);
    private static final Terms MIN_TWO = new Terms(2, false);
    private static final IntPredicate ALL_LIVE = _ -> true;

    @Test
    void nobody_leads_before_so_many_have_reported_that_one_must_have_all_that_was_acknowledged() {
        var one = Map.of(1, report(7, 100));
        assertThat(RecoveryElection.elect(row(), one, ALL_LIVE, MIN_TWO)).isEqualTo(row());
        assertThat(RecoveryElection.quorum(row(), MIN_TWO)).isEqualTo(2);
        assertThat(RecoveryElection.quorum(row(), new Terms(1, false))).isEqualTo(3);
        assertThat(RecoveryElection.quorum(row(), new Terms(9, false))).isEqualTo(1);
    }

    @Test
    void the_longest_log_of_the_highest_epoch_leads_alone_in_the_new_incarnation() {
        var elected = RecoveryElection.elect(row(), Map.of(1, report(6, 200), 3, report(7, 90)), ALL_LIVE, MIN_TWO);
        assertThat(elected).isEqualTo(new PartitionImage(0, List.of(1, 2, 3), List.of(3), 3, FIRST + 1, 10, List.of(),
                3, List.of(), List.of(), true));
    }

    @Test
    void among_equal_logs_the_leader_before_leads_on() {
        var equal = Map.of(1, report(7, 90), 2, report(7, 90), 3, report(7, 90));
        assertThat(RecoveryElection.elect(row(), equal, ALL_LIVE, MIN_TWO).leader()).isEqualTo(2);
        assertThat(RecoveryElection.elect(row(), equal, id -> id != 2, MIN_TWO).leader()).isEqualTo(1);
    }

    @Test
    void a_shorter_log_leads_only_if_enough_others_are_no_longer() {
        var reports = Map.of(1, report(7, 90), 2, report(7, 100));
        assertThat(RecoveryElection.elect(row(), reports, id -> id == 1, MIN_TWO).leader()).isEqualTo(NO_LEADER);
        var three = Map.of(1, report(7, 90), 2, report(7, 100), 3, report(7, 80));
        assertThat(RecoveryElection.elect(row(), three, id -> id == 1, MIN_TWO).leader()).isEqualTo(1);
    }

    @Test
    void where_one_replica_in_sync_is_enough_recovery_ends_with_the_election() {
        var row = new PartitionImage(0, List.of(1), List.of(), NO_LEADER, FIRST, 9, List.of(), 1, List.of(), List.of(),
                true);
        assertThat(RecoveryElection.elect(row, Map.of(1, report(0, 0)), ALL_LIVE, MIN_TWO)).matches(it -> it
                .leader() == 1 && !it.recovering());
    }

    @Test
    void one_that_has_a_leader_or_is_not_recovering_is_left_alone() {
        var all = Map.of(1, report(7, 90), 2, report(7, 90), 3, report(7, 90));
        var settled = new PartitionImage(0, List.of(1, 2, 3), List.of(), NO_LEADER, FIRST, 9);
        assertThat(RecoveryElection.elect(settled, all, ALL_LIVE, MIN_TWO)).isSameAs(settled);
    }

    /**
     * Histories of one partition by the rules: leaders are elected among those in sync, records count as acknowledged when all in sync (at
     * least the minimum) have them and have joined the epoch, followers lag, and are cut where epochs diverge. Then any part of the
     * replicas reports, in any order.
     */
    @Test
    void whoever_is_elected_has_all_that_was_acknowledged() {
        assertThat(electInHistories(true)).isGreaterThan(20_000);
    }

    @Test
    void the_epochs_of_records_alone_do_not_tell_who_has_it() {
        assertThatThrownBy(() -> electInHistories(false)).isInstanceOf(AssertionError.class);
    }

    private static int electInHistories(boolean joining) {
        int elected = 0;
        for (long seed = 0; seed < 20_000; seed++) {
            var random = new Random(seed);
            var history = new SeededHistory(random, joining);
            for (int step = random.nextInt(40); step > 0; step--) {
                history.step();
            }
            var row = history.row();
            var terms = new Terms(history.min, false);
            var ids = new ArrayList<>(row.replicas());
            Collections.shuffle(ids, random);
            var reports = new HashMap<Integer, LogReport>();
            for (int id : ids) {
                reports.put(id, history.report(id));
                int absent = random.nextInt(row.replicas().size() * 2);
                var after = RecoveryElection.elect(row, reports, other -> other != absent, terms);
                if (after.leader() != NO_LEADER) {
                    elected++;
                    assertThat(history.hasAllAcknowledged(after.leader())).as("seed %d: %s leads", seed, after
                            .leader()).isTrue();
                }
            }
        }
        return elected;
    }

    private static final class SeededHistory {
        final Random random;
        final int replicas;
        final int min;
        final List<List<Integer>> logs = new ArrayList<>();
        final boolean joining;
        final int[] joined;
        List<Integer> isr;
        int leader;
        int epoch = 1;
        int start;
        List<Integer> acknowledged = List.of();

        /** @param joining whether replicas write down which epoch they have joined, before anything is acknowledged in it */
        SeededHistory(Random random, boolean joining) {
            this.random = random;
            this.joining = joining;
            replicas = 1 + random.nextInt(5);
            joined = new int[replicas];
            min = 1 + random.nextInt(replicas);
            IntStream.range(0, replicas).forEach(_ -> logs.add(new ArrayList<>()));
            isr = IntStream.range(0, replicas).boxed().toList();
        }

        void step() {
            int other = random.nextInt(replicas);
            switch (random.nextInt(8)) {
                case 0, 1 -> logs.get(leader).add(epoch);
                case 2, 3, 4 -> fetch(other);
                case 5 -> acknowledge();
                case 6 -> changeIsr(other);
                default -> elect(isr.get(random.nextInt(isr.size())));
            }
        }

        private void fetch(int follower) {
            var log = logs.get(follower);
            var leaders = logs.get(leader);
            int same = 0;
            while (same < Math.min(log.size(), leaders.size()) && log.get(same).equals(leaders.get(same))) {
                same++;
            }
            if (same < log.size()) {
                log.subList(same, log.size()).clear();
            } else if (log.size() < leaders.size()) {
                log.add(leaders.get(log.size()));
            }
            if (common(log, leaders) >= start) {
                joined[follower] = epoch;
            }
        }

        private void acknowledge() {
            int end = isr.stream().mapToInt(id -> common(logs.get(id), logs.get(leader))).min().orElseThrow();
            boolean allJoined = end >= start && isr.stream().allMatch(id -> joined[id] == epoch);
            if (isr.size() >= min && end > acknowledged.size() && (allJoined || !joining)) {
                acknowledged = List.copyOf(logs.get(leader).subList(0, end));
            }
        }

        private void changeIsr(int id) {
            var changed = new ArrayList<>(isr);
            if (id == leader) {
                return;
            }
            if (!changed.remove((Integer) id) && common(logs.get(id), logs.get(leader)) >= Math.max(start, acknowledged
                    .size())) {
                changed.add(id);
            }
            isr = changed;
        }

        private void elect(int next) {
            if (isr.size() < min) {
                return;
            }
            leader = next;
            epoch++;
            joined[next] = epoch;
            start = logs.get(next).size();
        }

        private static int common(List<Integer> one, List<Integer> other) {
            int same = 0;
            while (same < Math.min(one.size(), other.size()) && one.get(same).equals(other.get(same))) {
                same++;
            }
            return same;
        }

        boolean hasAllAcknowledged(int id) {
            return common(logs.get(id), acknowledged) == acknowledged.size();
        }

        LogReport report(int id) {
            var log = logs.get(id);
            return new LogReport(TOPIC, 0, joining ? joined[id] : log.isEmpty() ? -1 : log.getLast(), log.size());
        }

        PartitionImage row() {
            return new PartitionImage(0, IntStream.range(0, replicas).boxed().toList(), List.of(), NO_LEADER, FIRST, 9,
                    List.of(), leader, List.of(), List.of(), true);
        }
    }

    private static LogReport report(int epoch, long end) {
        return new LogReport(TOPIC, 0, epoch, end);
    }

    private static PartitionImage row() {
        return new PartitionImage(0, List.of(1, 2, 3), List.of(), NO_LEADER, FIRST, 9, List.of(), 2, List.of(), List
                .of(), true);
    }
}
