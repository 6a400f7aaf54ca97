package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.FreePorts;
import io.millrace.workbench.suite.Ports;
import io.millrace.workbench.suite.Readiness;
import io.millrace.workbench.suite.RunState;
import io.millrace.workbench.suite.SuiteDirectories;
import io.millrace.workbench.suite.SuiteSize;
import io.millrace.workbench.suite.TestSuites;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./millrace} as a person uses it. */
@ResourceLock(TestSuites.OWN)
@Order(3)
class LauncherIT {
    private static final Duration UP_TIMEOUT = Duration.ofSeconds(150);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private Path data;
    private Path front;
    private Ports ports;

    /** What a command answered. */
    record Ran(int status, String output) {}

    @BeforeEach
    void a_front_behind_a_symbolic_link_and_a_path_with_spaces() throws IOException, InterruptedException {
        TestSuites.prepareQuickerStarts();
        data = directory.resolve("my data");
        Files.createDirectories(directory.resolve("some bin"));
        front = Files.createSymbolicLink(directory.resolve("some bin").resolve("mill race"),
                TestSuites.home().resolve("millrace"));
        ports = FreePorts.find(SuiteSize.ofBrokers(2), RandomGenerator.getDefault());
    }

    @AfterEach
    void nothing_is_left_running() throws Exception {
        millrace("down");
        assertThat(new SuiteDirectories(data).stateFile()).doesNotExist();
    }

    @Test
    void up_status_logs_and_down_do_what_they_say() throws Exception {
        Ran up = millrace("up", "--detach", "--coordinators", "2", "--gateways", "2", "--offsets", "2");
        assertThat(up.output()).contains("Millrace is ready").contains("swagger-ui")
                .contains("http://127.0.0.1:" + ports.gateway(1) + "/topics");
        assertThat(up.status()).isZero();

        JsonNode status = JsonMapper.builder().build().readTree(millrace("status", "--json").output());
        Map<String, JsonNode> byName = new HashMap<>();
        status.forEach(process -> byName.put(process.get("name").asString(), process));
        assertThat(byName).containsOnlyKeys("postgres", "offset", "offset-1", "coordinator", "coordinator-1", "gateway",
                "gateway-1", "broker-0");
        assertThat(byName.values()).allMatch(process -> process.get("ready").asBoolean())
                .allMatch(process -> ProcessHandle.of(process.get("pid").asLong()).isPresent());
        assertThat(byName.get("gateway").get("http").asString()).isEqualTo("http://127.0.0.1:" + ports.gateway());
        assertThat(byName.get("broker-0").get("kafka").asString()).isEqualTo("127.0.0.1:" + ports.brokerKafka());
        assertThat(byName.get("coordinator").get("kafka").asString()).isEqualTo("127.0.0.1:" + ports
                .coordinatorKafka());
        assertThat(byName.get("postgres").get("http").isNull()).isTrue();

        for (List<String> more : List.of(List.of("up"), List.of("up", "--detach"))) {
            Ran again = millrace(more.toArray(String[]::new));
            assertThat(again.status()).isNotZero();
            assertThat(again.output()).contains("already running").doesNotContain("Millrace is ready");
        }
        assertThat(millrace("logs", "launcher").output()).contains("Millrace is ready");

        assertThat(millrace("logs", "broker-0").output()).contains("INFO");

        assertThat(byName.get("gateway-1").get("http").asString()).isEqualTo("http://127.0.0.1:" + ports.gateway(1));

        topics_come_to_be_by_being_written_to();
        new Gateway("http://127.0.0.1:" + ports.gateway()).createTopic("kept", 1);
        the_second_gateway_commits_while_the_first_offset_service_is_down(byName.get("offset").get("pid").asLong());
        a_killed_service_is_started_again(byName.get("offset").get("pid").asLong());
        a_broker_comes_and_the_first_one_goes();
        a_killed_launcher_is_survived();

        assertOnlyBroker1HasWhatIsKept();
        assertThat(millrace("down").output()).contains("Millrace is down");
        assertThat(millrace("status").output()).contains("no suite is running");
    }

    private void topics_come_to_be_by_being_written_to() throws Exception {
        Gateway gateway = new Gateway("http://127.0.0.1:" + ports.gateway());
        assertThat(gateway.produce("asked-for", List.of("{\"value\":1}")).getFirst().offset()).isZero();
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", "127.0.0.1:" + ports.brokerKafka()),
                new StringSerializer(), new StringSerializer())) {
            assertThat(producer.send(new ProducerRecord<>("asked-by-kafka", "v")).get(PATIENCE.toSeconds(),
                    TimeUnit.SECONDS).offset()).isZero();
        }
        for (String topic : List.of("asked-for", "asked-by-kafka")) {
            gateway.delete("/admin/topics/" + topic).expect(204);
        }
    }

    private void the_second_gateway_commits_while_the_first_offset_service_is_down(long offsetPid) throws Exception {
        Gateway gateway = new Gateway("http://127.0.0.1:" + ports.gateway(1));
        gateway.produce("kept", List.of("{\"value\":1}"));
        String instance = gateway.join("shipping", "one", "kept", Duration.ofSeconds(30));
        await().atMost(PATIENCE).until(() -> !gateway.poll(instance, 500, 100_000).isEmpty());
        ProcessHandle first = ProcessHandle.of(offsetPid).orElseThrow();
        first.destroyForcibly();
        first.onExit().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        // A connection that broke under the commit is answered by 503, which asks to come again.
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> gateway.post(instance + "/offsets",
                Gateway.METADATA, "").status() == 204);
        assertThat(ready("offset", offsetPid)).as("the first one is back").isFalse();
        gateway.delete(instance).expect(204);
    }

    private void a_killed_service_is_started_again(long offsetPid) {
        await().atMost(PATIENCE).until(() -> ready("offset", offsetPid));
    }

    private void a_killed_launcher_is_survived() throws Exception {
        RunState state = RunState.read(new SuiteDirectories(data)).orElseThrow();
        ProcessHandle launcher = state.supervisor().find().orElseThrow();
        launcher.destroyForcibly();
        launcher.onExit().get(10, TimeUnit.SECONDS);
        state.processes().forEach(process -> assertThat(process.process().isAlive()).as(process.name()).isTrue());
        Ran up = millrace("up", "--detach");
        assertThat(up.output()).contains("ending what it left running").contains("Millrace is ready");
        state.processes().forEach(process -> assertThat(process.process().isAlive()).as(process.name()).isFalse());
    }

    private void a_broker_comes_and_the_first_one_goes() throws Exception {
        assertThat(millrace("drain", "0").output()).contains("millrace: ").contains("0 brokers could have them");
        assertThat(millrace("add-broker").output()).contains("broker-1 is ready");
        assertThat(millrace("drain", "0", "--dry-run").output()).contains("kept-0: [0] -> [1]");
        Ran drained = millrace("drain", "0", "--remove");
        assertThat(drained.output()).contains("1 replicas are to be copied").contains("broker 0 is removed");
        assertThat(drained.status()).isZero();
        assertThat(millrace("rebalance").output()).contains("nothing is to move").contains("done");
        assertOnlyBroker1HasWhatIsKept();

        Files.createDirectories(data.resolve("broker-0")); // as if it had been interrupted before its last step
        assertThat(millrace("drain", "0", "--remove").output()).contains("broker 0 is removed");
        assertThat(data.resolve("broker-0")).doesNotExist();
        assertThat(millrace("drain", "0", "--remove").output()).containsIgnoringCase("there is no broker 0");
    }

    private void assertOnlyBroker1HasWhatIsKept() throws Exception {
        assertThat(millrace("status", "--json").output()).contains("broker-1").doesNotContain("broker-0");
        assertThat(Gateway.delivered(new Gateway("http://127.0.0.1:" + ports.gateway()).get(
                "/topics/kept/partitions/0/records?offset=0").expect(200).body())).hasSize(1);
    }

    @Test
    void a_taken_port_is_named_with_its_owner_before_anything_starts() throws Exception {
        try (ServerSocket taken = new ServerSocket(ports.gateway(), 1, InetAddress.getLoopbackAddress())) {
            Ran up = millrace("up");
            assertThat(up.status()).isNotZero();
            assertThat(up.output()).contains("port " + taken.getLocalPort() + " (gateway) is taken by java (pid "
                    + ProcessHandle.current().pid() + ")");
            assertThat(data.resolve("postgres")).doesNotExist();
        }
    }

    @Test
    void nothing_running_is_no_error_to_down_and_an_empty_status() throws Exception {
        assertThat(millrace("down").status()).isZero();
        assertThat(millrace("status", "--json").output().strip()).isIn("[]", "[ ]");
    }

    private boolean ready(String name, long notPid) {
        return RunState.read(new SuiteDirectories(data)).orElseThrow().processes().stream()
                .filter(process -> process.name().equals(name) && process.process().pid() != notPid)
                .anyMatch(process -> Readiness.of(new SuiteDirectories(data), process));
    }

    private Ran millrace(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(front.toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--data", data.toString()));
        Path output = Files.createTempFile(directory, "output", ".txt");
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(Map.of(
                "MILLRACE_BUILD", "never",
                "MILLRACE_JAVA_HOME", System.getProperty("java.home"),
                "MILLRACE_POSTGRES_PORT", Integer.toString(ports.postgres()),
                "MILLRACE_OFFSET_HTTP_PORT", Integer.toString(ports.offset()),
                "MILLRACE_COORDINATOR_HTTP_PORT", Integer.toString(ports.coordinator()),
                "MILLRACE_GATEWAY_PORT", Integer.toString(ports.gateway()),
                "MILLRACE_GATEWAY_MANAGEMENT_PORT", Integer.toString(ports.gatewayManagement()),
                "MILLRACE_BROKER_HTTP_PORT", Integer.toString(ports.brokerHttp()),
                "MILLRACE_BROKER_KAFKA_PORT", Integer.toString(ports.brokerKafka()),
                "MILLRACE_COORDINATOR_KAFKA_PORT", Integer.toString(ports.coordinatorKafka())));
        builder.environment().put("MILLRACE_AUTO_CREATE_TOPICS", "true");
        builder.environment().putAll(TestSuites.QUICK_COMPILER);
        Process process = builder.start();
        assertThat(process.waitFor(UP_TIMEOUT.toSeconds(), TimeUnit.SECONDS)).as("%s ends", command).isTrue();
        return new Ran(process.exitValue(), Files.readString(output));
    }
}
