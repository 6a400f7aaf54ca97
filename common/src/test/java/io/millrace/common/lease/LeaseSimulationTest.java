package io.millrace.common.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.lease.LeaseState.Held;
import io.millrace.common.lease.LeaseTable.Change;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Three processes compete for three leases while replies are slow or lost, requests are carried out long after their sender gave up, processes
 * pause, PostgreSQL goes away and its clock jumps, and every clock has its own rate and zero. Checked at every step: of each lease at most
 * one process believes to hold it, and its epochs rise from holder to holder.
 */
class LeaseSimulationTest {
    private static final LeaseTiming TIMING = new LeaseTiming(Duration.ofSeconds(3), Duration.ofMillis(500), Duration
            .ofMillis(300));
    private static final List<String> NAMES = List.of("controller", "shard-0", "shard-1");
    private static final long MS = 1_000_000;
    private static final int RUNS_PER_TEST = 200;
    private static final long RUN_NANOS = Duration.ofMinutes(3).toNanos();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void no_two_processes_believe_to_hold_a_lease_at_the_same_time(long firstSeed) {
        int handovers = 0;
        for (long seed = firstSeed * 1_000_000; seed < firstSeed * 1_000_000 + RUNS_PER_TEST; seed++) {
            var simulation = new Simulation(seed);
            simulation.run();
            handovers += simulation.handovers;
        }
        assertThat(handovers).as("a simulation in which nothing changes hands checks nothing").isGreaterThan(
                RUNS_PER_TEST);
    }

    @Test
    void a_lease_whose_holder_died_is_taken_by_another_within_two_ttls() {
        var simulation = new Simulation(42);
        simulation.faults = false;
        simulation.runUntil(Duration.ofSeconds(10).toNanos());
        var first = simulation.holderOf("controller");
        first.dead = true;
        simulation.runUntil(Duration.ofSeconds(16).toNanos());

        assertThat(simulation.holderOf("controller")).isNotNull().isNotSameAs(first);
    }

    private record Row(String holder, long epoch, long expiresAt) {}

    private static final class Process {
        final String id;
        final LeaseTable table = new LeaseTable(TIMING, NAMES);
        final Map<String, Held> believed = new HashMap<>();
        final double clockRate;
        final long clockZero;
        long request;
        boolean dead;

        Process(String id, Random random) {
            this.id = id;
            this.clockRate = 1 + (random.nextDouble() - 0.5) * 0.02;
            // The monotonic clock may be about to overflow.
            this.clockZero = random.nextBoolean() ? random.nextLong() : Long.MAX_VALUE - random.nextLong(60_000 * MS);
        }

        long nanoTime(long now) {
            return clockZero + (long) (now * clockRate);
        }

        boolean believes(String name, long now) {
            var held = believed.get(name);
            return held != null && held.isTrusted(nanoTime(now));
        }
    }

    private static final class Simulation {
        private record Event(long at, long order, Runnable action) implements Comparable<Event> {
            @Override
            public int compareTo(Event other) {
                return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
            }
        }

        private final long seed;
        private final Random random;
        private final PriorityQueue<Event> events = new PriorityQueue<>();
        private final Map<String, Row> rows = new HashMap<>();
        private final Map<String, Long> lastEpochs = new HashMap<>();
        private final List<Process> processes = new ArrayList<>();
        private final double postgresRate;
        private long order;
        private long now;
        private long postgresJumped;
        private long mayJumpAfter;
        private long postgresAwayUntil = -1;
        boolean faults = true;
        int handovers;

        Simulation(long seed) {
            this.seed = seed;
            this.random = new Random(seed);
            this.postgresRate = 1 + (random.nextDouble() - 0.5) * 0.02;
            for (String id : List.of("a", "b", "c")) {
                var process = new Process(id, random);
                processes.add(process);
                at(random.nextLong(500 * MS), () -> tick(process));
            }
            at(0, this::disturbPostgres);
        }

        void run() {
            runUntil(RUN_NANOS);
        }

        void runUntil(long end) {
            while (!events.isEmpty() && events.peek().at <= end) {
                var event = events.remove();
                now = event.at;
                event.action.run();
                check();
            }
        }

        Process holderOf(String name) {
            return processes.stream().filter(process -> !process.dead && process.believes(name, now)).findFirst()
                    .orElse(null);
        }

        private void at(long delay, Runnable action) {
            events.add(new Event(now + delay, order++, action));
        }

        private long postgresTime() {
            return (long) (now * postgresRate) + postgresJumped;
        }

        /** Jumps ahead stay, with the drift, within the margin per TTL, for that is what the margin is for; jumps back may be large. */
        private void disturbPostgres() {
            if (faults && now >= mayJumpAfter && random.nextInt(4) == 0) {
                if (random.nextBoolean()) {
                    postgresJumped += random.nextLong(200 * MS);
                    mayJumpAfter = now + TIMING.ttl().toNanos() * 2;
                } else {
                    postgresJumped -= random.nextLong(2_000 * MS);
                }
            }
            if (faults && random.nextInt(10) == 0) {
                postgresAwayUntil = now + random.nextLong(8_000 * MS);
            }
            at(1_000 * MS, this::disturbPostgres);
        }

        /** One turn of a keeper: asks to renew what it holds and to get the rest, in one request here, and waits for the reply. */
        private void tick(Process process) {
            if (process.dead) {
                return;
            }
            long request = ++process.request;
            long sentNanos = process.nanoTime(now);
            boolean renewal = !process.table.held().isEmpty() && random.nextBoolean();
            var held = process.table.held();
            var wanted = process.table.wanted();
            if (faults && random.nextInt(10) == 0 || now < postgresAwayUntil) {
                at(timeout(), () -> unanswered(process, request));
                return;
            }
            // A request can outlive its sender's patience: it is carried out all the same.
            at(delay(), () -> {
                var granted = renewal || wanted.isEmpty() ? renewInPostgres(process, held)
                        : acquireInPostgres(process, wanted);
                boolean isRenewal = renewal || wanted.isEmpty();
                if (!faults || random.nextInt(10) != 0) {
                    at(delay(), () -> answered(process, request, isRenewal, granted, sentNanos));
                }
            });
            at(timeout(), () -> unanswered(process, request));
        }

        private long delay() {
            if (!faults) {
                return random.nextLong(5 * MS);
            }
            return switch (random.nextInt(10)) {
                case 0 -> random.nextLong(5_000 * MS);
                case 1 -> random.nextLong(1_000 * MS);
                default -> random.nextLong(10 * MS);
            };
        }

        /** Mostly the statement's; a process that is paused itself does not even notice that it should give up. */
        private long timeout() {
            return faults && random.nextInt(10) == 0 ? random.nextLong(20_000 * MS)
                    : TIMING.statementTimeout().toNanos();
        }

        private Map<String, Long> renewInPostgres(Process process, Map<String, Long> held) {
            var renewed = new HashMap<String, Long>();
            held.forEach((name, epoch) -> {
                var row = rows.get(name);
                if (row != null && row.holder.equals(process.id) && row.epoch == epoch) {
                    rows.put(name, new Row(process.id, epoch, postgresTime() + TIMING.ttl().toNanos()));
                    renewed.put(name, epoch);
                }
            });
            return renewed;
        }

        private Map<String, Long> acquireInPostgres(Process process, List<String> wanted) {
            var acquired = new HashMap<String, Long>();
            for (String name : wanted) {
                var row = rows.get(name);
                if (row == null || row.holder.equals(process.id) || row.expiresAt <= postgresTime()) {
                    long epoch = row == null ? 1 : row.epoch + 1;
                    if (row != null && !row.holder.equals(process.id)) {
                        handovers++;
                    }
                    rows.put(name, new Row(process.id, epoch, postgresTime() + TIMING.ttl().toNanos()));
                    acquired.put(name, epoch);
                }
            }
            return acquired;
        }

        private void answered(Process process, long request, boolean renewal, Map<String, Long> granted,
                long sentNanos) {
            if (process.request != request || process.dead) {
                return;
            }
            process.request++;
            long nowNanos = process.nanoTime(now);
            apply(process, renewal
                    ? process.table.renewed(granted, sentNanos, nowNanos)
                    : process.table.acquired(granted, sentNanos, nowNanos));
            at(TIMING.renewInterval().toNanos(), () -> tick(process));
        }

        private void unanswered(Process process, long request) {
            if (process.request != request || process.dead) {
                return;
            }
            process.request++;
            apply(process, process.table.unanswered(process.nanoTime(now)));
            at(TIMING.renewInterval().toNanos(), () -> tick(process));
        }

        private void apply(Process process, List<Change> changes) {
            for (var change : changes) {
                switch (change) {
                    case Change.Acquired(String name, Held held) -> {
                        process.believed.put(name, held);
                        assertThat(held.epoch()).as("epoch of %s, seed %d", name, seed).isGreaterThan(lastEpochs
                                .getOrDefault(name, 0L));
                        lastEpochs.put(name, held.epoch());
                    }
                    case Change.Renewed(String name, Held held) -> process.believed.put(name, held);
                    case Change.Lost(String name) -> process.believed.remove(name);
                }
            }
        }

        private void check() {
            for (String name : NAMES) {
                int believers = 0;
                for (var process : processes) {
                    if (process.believes(name, now)) {
                        believers++;
                    }
                }
                if (believers > 1) {
                    throw new AssertionError(believers + " processes hold " + name + " at " + now / MS + " ms, seed "
                            + seed);
                }
            }
        }
    }
}
