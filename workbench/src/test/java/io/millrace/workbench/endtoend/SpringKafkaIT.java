package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.LogTail;
import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.TestSuites;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The sample application for spring-kafka, run as a user runs it. */
@WithSteadySuite
@Order(3)
class SpringKafkaIT {
    private static final int ORDERS = 60;
    private static final int LISTENERS = 3;
    private static final int PARTITIONS = 6;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final Suite suite;
    private final Gateway gateway;

    SpringKafkaIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void orders_sent_through_a_template_are_worked_off_by_the_listeners_of_a_group(String protocol) throws Exception {
        String topic = "sample-" + protocol;
        int port = freePort();
        Process application = start(topic, protocol, port);
        try {
            Gateway orders = new Gateway("http://127.0.0.1:" + port);
            await().atMost(TIMEOUT).ignoreExceptionsInstanceOf(ConnectException.class).until(() -> {
                assertThat(application.isAlive()).as("%s", LogTail.lastLines(log(topic), 20)).isTrue();
                return orders.get("/orders").status() == 200;
            });
            await().atMost(TIMEOUT).untilAsserted(() -> assertThat(gateway.get("/groups/" + topic).expect(200).body()
                    .get("members")).hasSize(LISTENERS).allSatisfy(member -> assertThat(member.get("partitions"))
                            .hasSize(PARTITIONS / LISTENERS)));

            for (int order = 0; order < ORDERS; order++) {
                orders.post("/orders", "application/json", "{\"customer\":\"c" + order % 20 + "\",\"item\":\"" + order
                        + "\"}").expect(202);
            }

            await().atMost(TIMEOUT).untilAsserted(() -> assertThat(orders.get("/orders").body().size()).isEqualTo(
                    ORDERS));
            List<JsonNode> done = StreamSupport.stream(orders.get("/orders").body().spliterator(), false).toList();
            assertThat(done).extracting(each -> each.get("order").get("item").asInt()).containsExactlyInAnyOrder(
                    IntStream.range(0, ORDERS).boxed().toArray(Integer[]::new));
            assertThat(done.stream().map(each -> each.get("worker").asString()).distinct()).hasSize(LISTENERS);
            assertThat(workersByPartition(done)).allSatisfy((partition, workers) -> assertThat(workers).hasSize(1));
            await().atMost(TIMEOUT).untilAsserted(() -> assertThat(gateway.get("/groups/" + topic + "/lag").expect(200)
                    .body().get("total_lag").asLong()).isZero());
        } finally {
            application.destroy();
            application.waitFor();
        }
    }

    private static Map<Integer, Set<String>> workersByPartition(List<JsonNode> done) {
        return done.stream().collect(Collectors.groupingBy(each -> each.get("partition").asInt(), Collectors.mapping(
                each -> each.get("worker").asString(), Collectors.toSet())));
    }

    private Process start(String topic, String protocol, int port) throws IOException {
        ProcessBuilder application = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java")
                .toString(), "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-jar", jar().toString());
        application.environment().putAll(Map.of("BOOTSTRAP_SERVERS", suite.bootstrapServers(), "PORT", Integer.toString(
                port), "GROUP_PROTOCOL", protocol, "ORDERS_TOPIC", topic, "ORDERS_GROUP", topic, "ORDERS_CONCURRENCY",
                Integer.toString(LISTENERS)));
        return application.redirectErrorStream(true).redirectOutput(log(topic).toFile()).start();
    }

    private static Path log(String topic) throws IOException {
        return Files.createDirectories(TestSuites.home().resolve("workbench/target/end-to-end")).resolve(topic
                + ".log");
    }

    private static Path jar() throws IOException {
        try (Stream<Path> files = Files.list(TestSuites.home().resolve("workbench/sample-spring-kafka/target"))) {
            return files.filter(file -> file.getFileName().toString().matches("sample-spring-kafka-.*\\.jar"))
                    .findFirst().orElseThrow();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
