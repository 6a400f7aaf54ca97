package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.FreePorts;
import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.suite.SuiteSettings;
import io.millrace.workbench.suite.SuiteSize;
import io.millrace.workbench.suite.TestSuites;
import io.millrace.workbench.torture.check.Checker;
import io.millrace.workbench.torture.check.Verdict;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import tools.jackson.databind.JsonNode;

/** A suite grows by a broker, a topic by replicas and partitions, and then the first broker goes, while clients write and read. */
@ResourceLock(TestSuites.OWN)
@Order(4)
class GrowingIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final SuiteSize AT_FIRST = SuiteSize.ofBrokers(2);
    private static final SuiteSize AT_MOST = SuiteSize.ofBrokers(3);
    private static final String TOPIC = "growing";
    private static final int PARTITIONS = 4;
    private static final int MORE_PARTITIONS = 6;
    /** Acknowledged in each partition by each door before something is done, and after it. */
    private static final int FLOWING = 20;
    /** Slow enough that a move can be seen on its way. */
    private static final int THROTTLE_BYTES_PER_SECOND = 1_000_000;
    private static final Map<String, String> QUICK_PREFERRED_LEADERS = Map.of(
            "MILLRACE_CONTROLLER_PREFERRED_LEADER_DELAY", "500ms",
            "MILLRACE_CONTROLLER_PREFERRED_LEADER_INTERVAL", "200ms");

    @Test
    void a_suite_grows_and_shrinks_and_clients_notice_nothing() throws Exception {
        Path directory = TestSuites.directory("growing");
        try (Suite suite = Suite.prepare(new SuiteSettings(TestSuites.home(), new SuiteDirectories(directory),
                AT_FIRST, FreePorts.find(AT_MOST, RandomGenerator.getDefault()), environment(),
                SuiteSettings.DEFAULT_READY_TIMEOUT), System.out::println)) {
            suite.start();
            Gateway gateway = new Gateway(suite.gatewayUrl());
            gateway.post("/admin/topics", Gateway.METADATA, "{\"topic_name\":\"" + TOPIC + "\",\"partitions_count\":"
                    + PARTITIONS + ",\"replication_factor\":2,\"configs\":{\"min.insync.replicas\":\"2\"}}").expect(
                            201);
            try (GrowingTraffic traffic = GrowingTraffic.start(suite.bootstrapServers(), gateway, TOPIC, PARTITIONS)) {
                new Growing(suite, gateway, traffic).run();
            }
        }
        SuiteDirectories.deleteRecursively(directory);
    }

    private static Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>(TestSuites.QUICK_COMPILER);
        environment.putAll(QUICK_PREFERRED_LEADERS);
        return environment;
    }

    private record Growing(Suite suite, Gateway gateway, GrowingTraffic traffic) {
        void run() throws Exception {
            awaitFlowing();
            addBroker();
            rebalance();
            moreReplicasAndPartitions();
            fewerReplicas();
            drainAndRemove();

            traffic.endWriting();
            await().atMost(PATIENCE).until(() -> traffic.readByGroup() >= traffic.acknowledged()
                    || !traffic.failures().isEmpty());
            Verdict verdict = Checker.judge(traffic.finish(suite.bootstrapServers()));
            System.out.println(traffic.acknowledged() + " records acknowledged, " + verdict.counts());
            assertThat(traffic.failures()).as("what clients were told").isEmpty();
            assertThat(verdict.anomalies()).isEmpty();
            assertThat(verdict.isClean()).isTrue();
        }

        private void addBroker() throws Exception {
            String added = suite.addBroker();
            assertThat(added).isEqualTo("broker-2");
            suite.awaitReady(PATIENCE, added);
            awaitThat(() -> broker(2) != null && broker(2).get("running").asBoolean());
            assertThat(broker(2).get("replicas").asInt()).isZero();
        }

        private void rebalance() throws Exception {
            String throttle = "{\"throttle_bytes_per_second\":" + THROTTLE_BYTES_PER_SECOND + "}";
            int copies = gateway.post("/admin/rebalance", "application/json", throttle).expect(202).body()
                    .get("replicas_to_copy").asInt();
            assertThat(copies).as("an equal share of %d replicas", 2 * PARTITIONS).isBetween(2, 3);
            awaitThat(() -> {
                JsonNode progress = progress();
                return progress.get("moving").asInt() > 0 && progress.get("bytes_left").asLong(0) > 0;
            });
            assertThat(progress().get("throttle_bytes_per_second").asInt()).isEqualTo(THROTTLE_BYTES_PER_SECOND);
            awaitDone("rebalance");
            awaitThat(() -> broker(2).get("leaders").asInt() > 0);
            assertThat(broker(2).get("in_sync").asInt()).isEqualTo(copies);
            awaitFlowing();
        }

        private void moreReplicasAndPartitions() throws Exception {
            gateway.put("/admin/topics/" + TOPIC + "/replication-factor", "{\"replication_factor\":3}").expect(202);
            gateway.post("/admin/topics/" + TOPIC + "/partitions", "application/json", "{\"partitions_count\":"
                    + MORE_PARTITIONS + "}").expect(204);
            traffic.partitions(MORE_PARTITIONS);
            awaitDone("more replicas");
            awaitFlowing();
            gateway.put("/admin/topics/" + TOPIC + "/replication-factor", "{\"replication_factor\":3}").expect(202);
            awaitDone("more replicas of the new partitions");
            awaitThat(() -> broker(0).get("in_sync").asInt() == MORE_PARTITIONS
                    && broker(1).get("in_sync").asInt() == MORE_PARTITIONS
                    && broker(2).get("in_sync").asInt() == MORE_PARTITIONS);
            assertThat(gateway.post("/admin/brokers/0/drain", "application/json", "{}").expect(409).body().get("code")
                    .asString()).isEqualTo("TOO_FEW_BROKERS");
        }

        private void fewerReplicas() throws Exception {
            gateway.put("/admin/topics/" + TOPIC + "/replication-factor", "{\"replication_factor\":2}").expect(202);
            awaitDone("fewer replicas");
            awaitFlowing();
        }

        private void drainAndRemove() throws Exception {
            var document = new ExampleReplay(gateway);
            document.tryOut("POST /admin/brokers/{broker}/drain", "DELETE /admin/brokers/{broker}/drain",
                    "POST /admin/brokers/{broker}/drain");
            awaitDone("draining");
            assertThat(broker(0).get("draining").asBoolean()).isTrue();
            awaitThat(() -> broker(0).get("replicas").asInt() == 0 && broker(0).get("leaders").asInt() == 0);
            gateway.delete("/admin/brokers/0").expect(409);
            suite.endBroker(0).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            suite.dismissBroker(0);
            awaitThat(() -> !broker(0).get("running").asBoolean());
            document.tryOut("DELETE /admin/brokers/{broker}");
            awaitThat(() -> broker(0) == null);
            assertThat(document.misfits()).isEmpty();
            assertThat(document.tried()).isEqualTo(ExamplesIT.ON_A_SUITE_THAT_SHRINKS);
            suite.putAsideBroker(0);
            awaitFlowing();
        }

        /** Until each partition has had records by each door since now. */
        private void awaitFlowing() {
            int before = traffic.leastAcknowledged();
            awaitThat(() -> traffic.leastAcknowledged() >= before + FLOWING);
        }

        private void awaitDone(String what) {
            long startedNanos = System.nanoTime();
            awaitThat(() -> progress().get("moving").asInt() == 0 && progress().get("waiting").asInt() == 0);
            System.out.println(what + " took " + Duration.ofNanos(System.nanoTime() - startedNanos));
        }

        /** Gives up at the first thing that a client complains of. */
        private void awaitThat(Callable<Boolean> condition) {
            await().atMost(PATIENCE).failFast("a client was told of an error", () -> assertThat(traffic.failures())
                    .isEmpty()).until(condition);
        }

        private JsonNode progress() throws Exception {
            return gateway.get("/admin/rebalance").expect(200).body();
        }

        private JsonNode broker(int id) throws Exception {
            return StreamSupport.stream(gateway.get("/admin/brokers").expect(200).body().spliterator(), false)
                    .filter(broker -> broker.get("id").asInt() == id).findFirst().orElse(null);
        }
    }
}
