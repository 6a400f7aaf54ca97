package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.endtoend.Gateway.Delivered;
import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import tools.jackson.databind.JsonNode;

/**
 * 60,000 real events go in over HTTP once, and come out through a group, a subscription that is cut off, and again after a restart; and every five
 * seconds a broker is killed and started again.
 */
@WithSuite
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Order(2)
class RealDataIT {
    private static final String TOPIC = "repository-changes";
    private static final int PARTITIONS = 6;
    private static final Duration BETWEEN_KILLS = Duration.ofSeconds(5);
    private static final int BROKERS = 3;
    /** The events go in during several kills: so many batches, and then one more right after the next kill. */
    private static final int BATCHES_BETWEEN_KILLS = 30;
    private static final int POLL_MS = 500;
    /** A few hundred events: members come and go in the middle of the topic, not at its end. */
    private static final int POLL_BYTES = 50_000;
    private static final int LARGE_POLL_BYTES = 1_000_000;
    /** Short, since the test waits for one to run out. */
    private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(6);
    private static final Duration PATIENCE = Duration.ofSeconds(180);

    private final Suite suite;
    private final Gateway gateway;
    private final StoredChanges changes = new StoredChanges();
    private @Nullable Killer killer;

    RealDataIT(Suite suite, Gateway gateway) throws IOException {
        this.suite = suite;
        this.gateway = gateway;
    }

    @BeforeAll
    void events_go_in_over_http_in_batches() throws Exception {
        gateway.createReplicatedTopic(TOPIC, PARTITIONS);
        killer = Killer.ofBrokers(suite, gateway, TOPIC, BETWEEN_KILLS);
        for (int batch = 0; batch < changes.batches(); batch++) {
            if (batch % BATCHES_BETWEEN_KILLS == 0) {
                killer.awaitKill();
            }
            changes.stored(gateway.produce(TOPIC, changes.batch(batch)));
        }
        changes.assertStoredOnceInOrder(PARTITIONS);
    }

    @Test
    @Order(1)
    void a_group_reads_every_event_while_members_come_and_die() throws Exception {
        killer.awaitKill();
        GroupReading reading = new GroupReading(SESSION_TIMEOUT);
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService members = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> running = new ArrayList<>();
            running.add(members.submit(() -> read(group(), "steady", POLL_BYTES, reading, done::get)));
            running.add(members.submit(() -> read(group(), "mortal", POLL_BYTES, reading, () -> reading
                    .distinct() > 25_000)));
            await().atMost(PATIENCE).until(() -> reading.distinct() > 10_000 || anyFailed(running));
            running.add(members.submit(() -> read(group(), "late", POLL_BYTES, reading, done::get)));
            await().atMost(PATIENCE).until(() -> reading.distinct() == changes.count() || anyFailed(running));
            await().atMost(PATIENCE).until(() -> ownsPartitions(group(), "late") || anyFailed(running));
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(500))
                    .until(() -> gateway.lag(group()) == 0 || anyFailed(running));
            done.set(true);
            for (Future<?> member : running) {
                member.get();
            }
        }
        changes.assertAllRead(reading);
        reading.assertNoPartitionHadTwoReaders();
        assertThat(gateway.lag(group())).isZero();
    }

    @Test
    @Order(2)
    void a_subscription_cut_off_ten_times_sees_each_event_exactly_once() throws Exception {
        long seed = Long.getLong("millrace.seed", 20_260_101L);
        SplittableRandom random = new SplittableRandom(seed);
        killer.awaitKill();
        EventSubscription subscription = new EventSubscription(gateway.uri("/topics/" + TOPIC
                + "/events?from=earliest"));
        List<Delivered> seen = new ArrayList<>();
        for (int cut = 0; cut < 10; cut++) {
            subscription.readBytes(random.nextLong(20_000, 2_000_000), seen);
        }
        subscription.readRecords(changes.count(), seen, PATIENCE);
        changes.assertSeenOnceInOrder(seen, "seed " + seed);
    }

    @Test
    @Order(3)
    void everything_is_there_again_after_the_suite_was_down() throws Exception {
        ceaseFire();
        assertThat(kills()).as("brokers killed").isGreaterThan(BROKERS);
        suite.stop();
        suite.start();
        assertThat(gateway.lag(group())).as("the committed offsets are there again").isZero();
        GroupReading reading = new GroupReading(SESSION_TIMEOUT);
        String groupAfterRestart = TOPIC + "-after-restart";
        read(groupAfterRestart, "reader", LARGE_POLL_BYTES, reading, () -> reading.distinct() == changes.count());
        changes.assertAllRead(reading);
    }

    @AfterAll
    void ceaseFire() throws Exception {
        if (killer != null) {
            killer.end();
        }
    }

    private int kills() {
        return killer == null ? 0 : killer.kills();
    }

    private static String group() {
        return TOPIC + "-readers";
    }

    private Void read(String group, String member, int pollBytes, GroupReading reading, BooleanSupplier enough)
            throws IOException, InterruptedException {
        String instance = gateway.join(group, member, TOPIC, SESSION_TIMEOUT);
        while (!enough.getAsBoolean()) {
            long startedNanos = System.nanoTime();
            List<Delivered> records = gateway.poll(instance, POLL_MS, pollBytes);
            reading.add(new GroupReading.Poll(member, startedNanos, System.nanoTime(), records));
        }
        return null; // without a goodbye
    }

    private boolean ownsPartitions(String group, String member) throws IOException, InterruptedException {
        JsonNode subscription = gateway.get("/consumers/" + group + "/instances/" + member + "/subscription").expect(
                200).body();
        return !subscription.get("partitions").isEmpty();
    }

    private static boolean anyFailed(List<Future<?>> members) {
        return members.stream().anyMatch(member -> member.state() == Future.State.FAILED);
    }
}
