package io.millrace.common.lease;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LeaseShareTest {
    private static final SortedSet<String> NAMES = new TreeSet<>(List.of("0", "1", "2", "3", "4", "5", "6", "7"));
    private static final SortedSet<String> NONE = Collections.emptySortedSet();
    private static final int RUNS_PER_TEST = 200;

    private final LeaseShare share = new LeaseShare(NAMES);

    @Test
    void who_is_alone_takes_all() {
        assertThat(share.next(NONE, NONE, view(Map.of())).take()).containsExactlyElementsOf(NAMES);
    }

    @Test
    void who_is_one_of_three_takes_three_of_eight() {
        assertThat(share.next(NONE, NONE, view(Map.of(), "b", "c")).take()).containsExactly("0", "1", "2");
    }

    @Test
    void a_holder_that_does_not_compete_any_more_counts_for_as_long_as_it_holds() {
        assertThat(share.next(NONE, NONE, view(Map.of("7", "old"))).take()).containsExactly("0", "1", "2", "3");
    }

    @Test
    void what_is_beyond_the_share_is_given_up_once_another_lives() {
        assertThat(share.next(NAMES, NONE, view(Map.of())).giveUp()).isEmpty();
        assertThat(share.next(NAMES, NONE, view(Map.of(), "b")).giveUp()).containsExactly("7", "6", "5", "4");
    }

    @Test
    void what_is_being_given_up_is_neither_given_up_again_nor_taken() {
        var round = share.next(names("0", "1", "2", "3"), names("4", "5", "6", "7"), view(Map.of(), "b"));

        assertThat(round).isEqualTo(new LeaseShare.Round(List.of(), List.of()));
    }

    @Test
    void a_free_one_that_nobody_takes_is_taken_over_the_share_and_kept_for_a_while() {
        var mine = names("0", "1", "2", "3");
        var others = Map.of("4", "b", "5", "b", "6", "b");
        for (int round = 0; round < LeaseShare.ROUNDS_LEFT_TO_OTHERS; round++) {
            assertThat(share.next(mine, NONE, view(others, "b")).take()).isEmpty();
        }
        assertThat(share.next(mine, NONE, view(others, "b")).take()).containsExactly("7");

        mine.add("7");
        for (int round = 1; round < LeaseShare.ROUNDS_KEPT_AFTERWARDS; round++) {
            assertThat(share.next(mine, NONE, view(others, "b")).giveUp()).isEmpty();
        }
        assertThat(share.next(mine, NONE, view(others, "b")).giveUp()).containsExactly("7");
    }

    /**
     * Processes come, die and hang while each looks in its own rounds. Checked at every step: no lease that some process could take is
     * free for long; and once nothing happens any more, all hold their share and no lease ever moves again.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void leases_are_never_free_for_long_and_come_to_rest_evenly(long firstSeed) {
        int moves = 0;
        for (long seed = firstSeed * 1_000_000; seed < firstSeed * 1_000_000 + RUNS_PER_TEST; seed++) {
            var simulation = new Simulation(seed);
            simulation.run();
            moves += simulation.moves;
        }
        assertThat(moves).as("a simulation in which nothing moves checks nothing").isGreaterThan(20 * RUNS_PER_TEST);
    }

    private static final class Process {
        final String id;
        final LeaseShare share = new LeaseShare(NAMES);
        final SortedSet<String> leaving = new TreeSet<>();
        boolean dead;
        /** Says that it lives, and takes nothing. */
        boolean hung;

        Process(String id) {
            this.id = id;
        }
    }

    private static final class Simulation {
        static final int STEPS_OF_CHANGE = 400;
        static final int MAX_PROCESSES = 6;
        final long seed;
        final Random random;
        final Map<String, Process> holders = new HashMap<>();
        final List<Process> processes = new ArrayList<>();
        final Map<String, Integer> rowsFree = new HashMap<>();
        int started;
        int moves;

        Simulation(long seed) {
            this.seed = seed;
            this.random = new Random(seed);
        }

        void run() {
            start();
            for (int step = 0; step < STEPS_OF_CHANGE; step++) {
                if (random.nextInt(10) == 0) {
                    change();
                }
                round();
            }
            processes.forEach(process -> process.hung = false);
            for (int step = 0; step < 3 * LeaseShare.ROUNDS_KEPT_AFTERWARDS; step++) {
                round();
            }
            checkEven();
            int before = moves;
            for (int step = 0; step < 100; step++) {
                round();
            }
            assertThat(moves).as("seed %d: leases at rest move", seed).isEqualTo(before);
        }

        private void change() {
            switch (random.nextInt(3)) {
                case 0 -> start();
                case 1 -> {
                    var any = processes.get(random.nextInt(processes.size()));
                    any.hung = !any.hung;
                }
                default -> {
                    if (processes.stream().filter(process -> !process.hung).count() > 1) {
                        var any = processes.get(random.nextInt(processes.size()));
                        any.dead = true;
                        processes.remove(any);
                        holders.values().removeIf(holder -> holder == any);
                    }
                }
            }
        }

        private void start() {
            if (processes.size() < MAX_PROCESSES) {
                processes.add(new Process("process-" + started++));
            }
        }

        /** Each looks once, in any order, and acts on what it saw, unless another was faster. */
        private void round() {
            var order = new ArrayList<>(processes);
            Collections.shuffle(order, random);
            var seen = new HashMap<Process, LeaseView>();
            order.forEach(process -> seen.put(process, viewOf(process)));
            for (Process process : order) {
                if (process.hung) {
                    continue;
                }
                // Some look only after the others have acted.
                act(process, random.nextBoolean() ? viewOf(process) : seen.get(process));
            }
            checkFree();
        }

        private void act(Process process, LeaseView view) {
            for (String name : Set.copyOf(process.leaving)) {
                if (random.nextBoolean()) {
                    process.leaving.remove(name);
                    holders.remove(name);
                    moves++;
                }
            }
            var held = new TreeSet<String>();
            holders.forEach((name, holder) -> {
                if (holder == process && !process.leaving.contains(name)) {
                    held.add(name);
                }
            });
            var round = process.share.next(held, process.leaving, view);
            assertThat(held).as("seed %d", seed).containsAll(round.giveUp());
            for (String name : round.take()) {
                if (holders.putIfAbsent(name, process) == null) {
                    moves++;
                }
            }
            process.leaving.addAll(round.giveUp());
        }

        private LeaseView viewOf(Process process) {
            var others = new HashMap<String, String>();
            holders.forEach((name, holder) -> {
                if (holder != process) {
                    others.put(name, holder.id);
                }
            });
            var candidates = new HashSet<String>();
            processes.stream().filter(other -> other != process).forEach(other -> candidates.add(other.id));
            return new LeaseView(Map.of(), others, candidates, Long.MAX_VALUE);
        }

        private void checkFree() {
            boolean somebodyActs = processes.stream().anyMatch(process -> !process.hung);
            for (String name : NAMES) {
                if (holders.containsKey(name) || !somebodyActs) {
                    rowsFree.remove(name);
                } else {
                    assertThat(rowsFree.merge(name, 1, Integer::sum)).as("seed %d: rounds that %s was free", seed, name)
                            .isLessThanOrEqualTo(LeaseShare.ROUNDS_LEFT_TO_OTHERS + 2);
                }
            }
        }

        private void checkEven() {
            int most = Math.ceilDiv(NAMES.size(), processes.size());
            assertThat(holders).as("seed %d", seed).containsOnlyKeys(NAMES);
            for (Process process : processes) {
                assertThat(holders.values().stream().filter(holder -> holder == process).count())
                        .as("seed %d: leases of one of %d", seed, processes.size()).isLessThanOrEqualTo(most);
            }
        }
    }

    private static SortedSet<String> names(String... names) {
        return new TreeSet<>(List.of(names));
    }

    private static LeaseView view(Map<String, String> others, String... candidates) {
        return new LeaseView(Map.of(), others, Set.of(candidates), Long.MAX_VALUE);
    }
}
