package io.millrace.workbench.endtoend;

import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.Suite;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/** Kills one process after the other and starts each again. The next one's turn comes when some time has passed and the last one is back. */
final class Killer {
    private static final Duration PATIENCE = Duration.ofSeconds(180);

    private final Suite suite;
    private final List<String> victims;
    private final Duration interval;
    private final Callable<Boolean> healed;
    private final AtomicInteger kills = new AtomicInteger();
    private final AtomicBoolean ending = new AtomicBoolean();
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final Future<?> running;

    private Killer(Suite suite, List<String> victims, Duration interval, Callable<Boolean> healed) {
        this.suite = suite;
        this.victims = victims;
        this.interval = interval;
        this.healed = healed;
        this.running = thread.submit(this::run);
    }

    /**
     * Of brokers, of which one is back when all replicas of the topic are in sync again: two dead of three would be more than the topic promises
     * to survive.
     */
    static Killer ofBrokers(Suite suite, Gateway gateway, String topic, Duration interval) {
        return new Killer(suite, IntStream.range(0, suite.settings().size().brokers()).mapToObj(id -> "broker-" + id)
                .toList(), interval, () -> areAllInSync(gateway, topic));
    }

    static Killer ofGateways(Suite suite, Duration interval) {
        return new Killer(suite, List.of("gateway", "gateway-1"), interval, () -> true);
    }

    /** How many have been killed so far. */
    int kills() {
        if (running.state() == Future.State.FAILED) {
            throw new IllegalStateException(victims + " are not killed any more", running.exceptionNow());
        }
        return kills.get();
    }

    /** Waits for the next. */
    void awaitKill() {
        int before = kills();
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(1)).until(() -> kills() > before);
    }

    private Void run() throws Exception {
        while (!ending.get()) {
            String victim = victims.get(kills.get() % victims.size());
            long killedNanos = System.nanoTime();
            suite.kill(victim);
            kills.incrementAndGet();
            suite.start(victim);
            suite.awaitReady(PATIENCE, victim);
            await().atMost(PATIENCE).ignoreExceptions().until(healed);
            await().atMost(interval.plus(PATIENCE))
                    .until(() -> ending.get() || System.nanoTime() - killedNanos >= interval.toNanos());
        }
        return null;
    }

    private static boolean areAllInSync(Gateway gateway, String topic) throws Exception {
        for (JsonNode partition : gateway.get("/topics/" + topic).expect(200).body().get("partitions")) {
            for (JsonNode replica : partition.get("replicas")) {
                if (!replica.get("in_sync").asBoolean()) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Lets it end when all run and are back; once it has ended there is nothing more to do. */
    void end() throws InterruptedException, ExecutionException {
        ending.set(true);
        thread.shutdown();
        running.get();
    }
}
