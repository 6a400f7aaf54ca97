package io.millrace.workbench.endtoend;

import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.Suite;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;

/**
 * Kills one broker after the other and starts each again. The next one's turn comes when some time has passed since the last kill and all replicas of the
 * topic are in sync again: two dead of three would be more than the topic promises to survive.
 */
final class BrokerKiller {
    private static final Duration PATIENCE = Duration.ofSeconds(180);

    private final Suite suite;
    private final Gateway gateway;
    private final String topic;
    private final Duration interval;
    private final AtomicInteger kills = new AtomicInteger();
    private final AtomicBoolean ending = new AtomicBoolean();
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final Future<?> running;

    private BrokerKiller(Suite suite, Gateway gateway, String topic, Duration interval) {
        this.suite = suite;
        this.gateway = gateway;
        this.topic = topic;
        this.interval = interval;
        this.running = thread.submit(this::run);
    }

    static BrokerKiller start(Suite suite, Gateway gateway, String topic, Duration interval) {
        return new BrokerKiller(suite, gateway, topic, interval);
    }

    /** How many brokers have been killed so far. */
    int kills() {
        if (running.state() == Future.State.FAILED) {
            throw new IllegalStateException("brokers are not killed any more", running.exceptionNow());
        }
        return kills.get();
    }

    private Void run() throws Exception {
        while (!ending.get()) {
            String victim = "broker-" + kills.get() % suite.settings().size().brokers();
            long killedNanos = System.nanoTime();
            suite.kill(victim);
            kills.incrementAndGet();
            suite.start(victim);
            suite.awaitReady(PATIENCE, victim);
            await().atMost(PATIENCE).ignoreExceptions().until(this::areAllInSync);
            await().atMost(interval.plus(PATIENCE))
                    .until(() -> ending.get() || System.nanoTime() - killedNanos >= interval.toNanos());
        }
        return null;
    }

    private boolean areAllInSync() throws Exception {
        for (JsonNode partition : gateway.get("/topics/" + topic).expect(200).body().get("partitions")) {
            for (JsonNode replica : partition.get("replicas")) {
                if (!replica.get("in_sync").asBoolean()) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Lets it end when all brokers run and all replicas are in sync; once it has ended there is nothing more to do. */
    void end() throws InterruptedException, ExecutionException {
        ending.set(true);
        thread.shutdown();
        running.get();
    }
}
