package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.FreePorts;
import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.suite.SuiteSettings;
import io.millrace.workbench.suite.SuiteSize;
import io.millrace.workbench.suite.TestSuites;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/**
 * Two coordinators, two gateways, two offset services, and of each one that dies under a group that works: the group goes on as it was,
 * with every commit that was acknowledged and without a rebalance. What happened when is printed.
 */
@ResourceLock(TestSuites.OWN)
@Order(2)
class TwoOfEverythingIT {
    private static final SuiteSize SIZE = new SuiteSize(1, 2, 2, 2);
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofSeconds(3);
    private static final String GROUP = "shipping";
    private static final String TOPIC = "orders";
    private static final String QUIET_TOPIC = "quiet";
    private static final int PARTITIONS = 4;
    private static final int SHARDS = 8;
    private static final int PRODUCE_MS = 20;

    private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();
    private final AtomicInteger produced = new AtomicInteger();

    @Test
    void a_group_goes_on_as_it_was_when_one_of_each_dies() throws Exception {
        SuiteSettings settings = new SuiteSettings(TestSuites.home(), new SuiteDirectories(TestSuites.directory("two")),
                SIZE, FreePorts.find(SIZE, RandomGenerator.getDefault()), TestSuites.QUICK_COMPILER,
                SuiteSettings.DEFAULT_READY_TIMEOUT);
        try (Suite suite = Suite.prepare(settings, System.out::println)) {
            suite.start();
            try (GroupWatch watch = new GroupWatch(suite, GROUP)) {
                new Faults(suite, watch).run();
            }
        }
        SuiteDirectories.deleteRecursively(settings.directories().data());
    }

    /** The one course of the test. */
    private final class Faults {
        private final Suite suite;
        private final GroupWatch watch;
        private final List<Gateway> gateways;
        private final Map<String, String> coordinators = new HashMap<>();
        private final GroupReading reading = new GroupReading(SESSION_TIMEOUT);
        private List<RoamingMember> members = List.of();
        private List<Future<?>> running = List.of();

        Faults(Suite suite, GroupWatch watch) {
            this.suite = suite;
            this.watch = watch;
            this.gateways = suite.gatewayUrls().stream().map(Gateway::new).toList();
            for (String name : List.of("coordinator", "coordinator-1")) {
                coordinators.put(suite.managementUrl(name), name);
            }
        }

        void run() throws Exception {
            gateways.getFirst().createTopic(TOPIC, PARTITIONS);
            awaitBalance();
            String north = gateways.get(0).join(GROUP, "north", TOPIC, SESSION_TIMEOUT);
            String south = gateways.get(1).join(GROUP, "south", TOPIC, SESSION_TIMEOUT);
            for (String both : List.of(north, south, north, south)) {
                gateways.getFirst().poll(both, 0, 100_000);
            }
            String before = watch.membership();
            assertThat(before).contains("north").contains("south").doesNotContain("UNRE");
            watch.start();
            members = List.of(new RoamingMember(gateways, north, "north", TOPIC, reading, watch),
                    new RoamingMember(gateways, south, "south", TOPIC, reading, watch));
            try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();
                    var producer = Executors.newSingleThreadScheduledExecutor()) {
                var producing = producer.scheduleWithFixedDelay(this::produce, 0, PRODUCE_MS, TimeUnit.MILLISECONDS);
                running = members.stream().<Future<?>>map(clients::submit).toList();
                try {
                    hurt();
                    producing.cancel(false);
                    producer.shutdown();
                    assertThat(producer.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
                    awaitUntil().until(() -> isAllCommitted() || isAnyOver());
                } finally {
                    members.forEach(RoamingMember::finish);
                }
                for (Future<?> member : running) {
                    member.get();
                }
            }
            assertThat(watch.membership()).isEqualTo(before);
            watch.assertNothingWrong();
            reading.assertNoPartitionHadTwoReaders();
            reading.assertPartitionsWereReadInOrder();
            assertThat(reading.valuesByPartition().values().stream().flatMap(values -> values.values().stream())
                    .map(value -> value.get("id").asString())).containsAll(acknowledged);
            say("%d records acknowledged, %d read, %d looks at the group; %s", acknowledged.size(), reading.distinct(),
                    watch.looked(), members);
        }

        private void hurt() throws Exception {
            String owner = coordinators.get(watch.holder());
            String listener = listenerWithoutACommit();
            takeOver("the coordinator of the group's shard is killed", owner, () -> {
                suite.kill(owner);
                produceQuietly();
            });
            assertListened(listener);
            suite.start(owner);

            gatewayDies();
            offsetServiceDies();
            awaitBalance();

            String controller = coordinators.get(watch.holders().get("controller"));
            takeOver("the controller is killed", controller, () -> suite.kill(controller));
            gateways.getFirst().createTopic("made-after", 1);
            suite.start(controller);
            awaitBalance();

            String paused = coordinators.get(watch.holder());
            long stoppedNanos = takeOver("the coordinator of the group's shard is stopped", paused, () -> signal("STOP",
                    paused));
            awaitUntil().until(() -> System.nanoTime() - stoppedNanos > PAUSE.toNanos());
            signal("CONT", paused);
            long goesOnNanos = System.nanoTime();
            awaitUntil().until(() -> allSucceeded("poll", goesOnNanos) && allSucceeded("commit", goesOnNanos));
            awaitBalance();
        }

        /** A consumer that has found the end of one partition, has sought the beginning of another, and commits nothing. */
        private String listenerWithoutACommit() throws IOException, InterruptedException {
            Gateway gateway = gateways.getFirst();
            gateway.createTopic(QUIET_TOPIC, 2);
            gateway.produce(QUIET_TOPIC, List.of("{\"partition\":1,\"value\":0}"));
            gateway.post("/consumers/" + GROUP, Gateway.METADATA, """
                    {"name":"listener","format":"json","auto.offset.reset":"latest","enable.auto.commit":false}
                    """).expect(200);
            String listener = "/consumers/" + GROUP + "/instances/listener";
            gateway.post(listener + "/assignments", Gateway.METADATA, """
                    {"partitions":[{"topic":"%1$s","partition":0},{"topic":"%1$s","partition":1}]}
                    """.formatted(QUIET_TOPIC)).expect(204);
            assertThat(gateway.poll(listener, 0, 100_000)).isEmpty();
            gateway.post(listener + "/positions", Gateway.METADATA, """
                    {"offsets":[{"topic":"%s","partition":1,"offset":0}]}
                    """.formatted(QUIET_TOPIC)).expect(204);
            return listener;
        }

        private void produceQuietly() throws IOException, InterruptedException {
            gateways.getFirst().produce(QUIET_TOPIC, IntStream.range(1, 11).mapToObj(
                    value -> "{\"partition\":0,\"value\":" + value + "}").toList());
        }

        private void assertListened(String listener) throws IOException, InterruptedException {
            var values = new ArrayList<Integer>();
            for (int poll = 0; poll < 10 && values.size() < 11; poll++) {
                gateways.getLast().poll(listener, 5_000, 100_000).forEach(record -> values.add(record.value().asInt()));
            }
            assertThat(values).containsExactlyInAnyOrderElementsOf(IntStream.range(0, 11).boxed().toList());
        }

        private interface Fault {
            void strike() throws Exception;
        }

        private long takeOver(String what, String victim, Fault fault) throws Exception {
            awaitUntil().until(() -> allSucceeded("commit", 0));
            String victimUrl = suite.managementUrl(victim);
            long sinceNanos = System.nanoTime();
            fault.strike();
            awaitUntil().until(() -> isAnyOver() || watch.holders().size() == 1 + SHARDS && !watch.holders()
                    .containsValue(
                            victimUrl));
            long movedMs = millisSince(sinceNanos);
            awaitUntil().until(() -> isAnyOver() || allSucceeded("poll", sinceNanos));
            say("%s: shards at the other after %d ms, first polls answered after %s ms", what, movedMs,
                    firstSuccesses("poll", sinceNanos));
            awaitUntil().until(() -> isAnyOver() || allSucceeded("commit", sinceNanos));
            say("%s: first commits after %s ms", what, firstSuccesses("commit", sinceNanos));
            watch.assertNothingWrong();
            return sinceNanos;
        }

        private void gatewayDies() throws Exception {
            dies("gateway");
            assertThat(gateways.get(1).get("/consumers/" + GROUP + "/instances/north/subscription").expect(200).body()
                    .get("partitions").get(0).get(TOPIC)).hasSize(PARTITIONS / 2);
            suite.start("gateway");
            suite.awaitReady(PATIENCE, "gateway");
        }

        private void offsetServiceDies() throws Exception {
            dies("offset");
            suite.start("offset");
            suite.awaitReady(PATIENCE, "offset");
        }

        private void dies(String name) throws Exception {
            long sinceNanos = System.nanoTime();
            suite.kill(name);
            awaitUntil().until(() -> isAnyOver() || allSucceeded("poll", sinceNanos) && allSucceeded("commit",
                    sinceNanos));
            say("%s is killed: first polls after %s ms, first commits after %s ms", name, firstSuccesses("poll",
                    sinceNanos), firstSuccesses("commit", sinceNanos));
            watch.assertNothingWrong();
        }

        private void signal(String signal, String name) throws IOException, InterruptedException {
            assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(suite.pid(name))).start().waitFor())
                    .isZero();
        }

        private void awaitBalance() {
            awaitUntil().untilAsserted(() -> {
                Map<String, Integer> shards = new HashMap<>();
                watch.holders().forEach((lease, holder) -> shards.merge(holder, lease.equals("controller") ? 0 : 1,
                        Integer::sum));
                assertThat(shards.keySet()).isEqualTo(coordinators.keySet());
                assertThat(shards.values()).containsOnly(SHARDS / 2);
            });
        }

        private boolean allSucceeded(String kind, long sinceNanos) {
            return members.stream().allMatch(member -> member.firstSuccessNanos(kind, sinceNanos) >= 0);
        }

        private List<Long> firstSuccesses(String kind, long sinceNanos) {
            return members.stream().map(member -> (member.firstSuccessNanos(kind, sinceNanos) - sinceNanos) / 1_000_000)
                    .toList();
        }

        /** A member that ended has failed; its failure is told at the end. */
        private boolean isAnyOver() {
            return running.stream().anyMatch(Future::isDone);
        }

        private boolean isAllCommitted() throws SQLException, IOException, InterruptedException {
            Map<Integer, Long> committed = watch.committed();
            for (int partition = 0; partition < PARTITIONS; partition++) {
                long end = gateways.getFirst().get("/topics/" + TOPIC + "/partitions/" + partition + "/offsets").expect(
                        200)
                        .body().get("end_offset").asLong();
                if (committed.getOrDefault(partition, 0L) != end) {
                    return false;
                }
            }
            return reading.distinct() > 0;
        }

        /** What is not acknowledged may be there or not. */
        private void produce() {
            int number = produced.getAndIncrement();
            String id = "r" + number;
            try {
                var answer = gateways.get(number % gateways.size()).post("/topics/" + TOPIC, Gateway.JSON_RECORDS,
                        Gateway
                                .body(List.of("{\"partition\":" + number % PARTITIONS + ",\"value\":{\"id\":\"" + id
                                        + "\"}}")));
                if (answer.status() == 200 && !answer.body().get("offsets").get(0).has("error_code")) {
                    acknowledged.add(id);
                }
            } catch (IOException e) {
                // the gateway has died
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static ConditionFactory awaitUntil() {
        return await().atMost(PATIENCE).pollInterval(Duration.ofMillis(10)).pollDelay(Duration.ZERO);
    }

    private static long millisSince(long nanos) {
        return (System.nanoTime() - nanos) / 1_000_000;
    }

    private static void say(String format, Object... arguments) {
        System.out.println("two of everything: " + format.formatted(arguments));
    }
}
