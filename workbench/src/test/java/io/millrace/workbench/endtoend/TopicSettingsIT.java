package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.workbench.suite.Suite;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.ConfigResource.Type;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Settings and partitions of topics, the whole way: Kafka's admin client and tools, the controller, running brokers. */
@WithSteadySuite
class TopicSettingsIT {
    private static final Duration TOOL_TIMEOUT = Duration.ofSeconds(60);

    private final Suite suite;
    private final Gateway gateway;

    TopicSettingsIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    private Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", suite.bootstrapServers()));
    }

    private static ConfigResource topic(String name) {
        return new ConfigResource(Type.TOPIC, name);
    }

    private static AlterConfigOp change(OpType operation, String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), operation);
    }

    @Test
    void what_the_admin_client_changes_running_brokers_go_by_and_the_gateway_tells() throws Exception {
        gateway.createTopic("set-by-admin", 1);
        try (Admin admin = admin();
                var producer = new KafkaProducer<>(Map.of("bootstrap.servers", suite.bootstrapServers(), "linger.ms",
                        0), new StringSerializer(), new StringSerializer())) {
            admin.incrementalAlterConfigs(Map.of(topic("set-by-admin"), List.of(
                    change(OpType.SET, "message.timestamp.type", "LogAppendTime"),
                    change(OpType.SET, "compression.type", "zstd"),
                    change(OpType.APPEND, "cleanup.policy", "compact")))).all().get(20, TimeUnit.SECONDS);

            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> producer.send(new ProducerRecord<>(
                    "set-by-admin", 0, 1_000L, "k", "v")).get().timestamp() > 1_000);
            var configs = gateway.get("/topics/set-by-admin").expect(200).body().get("configs");
            assertThat(configs.get("cleanup.policy").asString()).isEqualTo("delete,compact");
            assertThat(configs.get("retention.ms").asString()).isEqualTo("604800000");
            var described = admin.describeConfigs(List.of(topic("set-by-admin"))).all().get(20, TimeUnit.SECONDS).get(
                    topic("set-by-admin"));
            assertThat(described.get("compression.type").source()).isEqualTo(
                    ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
            assertThatThrownBy(admin.incrementalAlterConfigs(Map.of(topic("set-by-admin"), List.of(change(OpType.SET,
                    "min.insync.replicas", "9")))).all()::get).cause().isInstanceOf(InvalidConfigurationException.class)
                    .hasMessageContaining("min.insync.replicas");
        }
    }

    @Test
    void topics_that_cannot_be_are_refused_by_kafkas_own_names() throws Exception {
        try (Admin admin = admin()) {
            assertCreationFails(admin, new NewTopic("few", 0, (short) 1), InvalidPartitionsException.class);
            assertCreationFails(admin, new NewTopic("many", 1, (short) 30),
                    InvalidReplicationFactorException.class);
            assertCreationFails(admin, new NewTopic("bad name", 1, (short) 1), InvalidTopicException.class);
            assertCreationFails(admin, new NewTopic("bad-setting", 1, (short) 1).configs(Map.of("no.such", "1")),
                    InvalidConfigurationException.class);
            assertCreationFails(admin, new NewTopic("bad-place", Map.of(0, List.of(77))),
                    InvalidReplicaAssignmentException.class);
            var created = admin.createTopics(List.of(new NewTopic("placed", Map.of(0, List.of(0)))));
            assertThat(created.numPartitions("placed").get()).isEqualTo(1);
            assertThat(created.replicationFactor("placed").get()).isEqualTo(1);
            Uuid id = created.topicId("placed").get();
            admin.createPartitions(Map.of("placed", NewPartitions.increaseTo(2, List.of(List.of(0))))).all().get(20,
                    TimeUnit.SECONDS);
            assertThat(admin.describeTopics(List.of("placed")).allTopicNames().get(20, TimeUnit.SECONDS).get("placed")
                    .partitions()).hasSize(2);
            admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all().get(20, TimeUnit.SECONDS);
            assertThatThrownBy(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all()::get).cause()
                    .isInstanceOf(UnknownTopicIdException.class);
        }
    }

    private static void assertCreationFails(Admin admin, NewTopic topic, Class<? extends Exception> with) {
        assertThatThrownBy(admin.createTopics(List.of(topic)).all()::get).cause().isInstanceOf(with);
    }

    @Test
    void a_broker_tells_its_settings_and_refuses_to_change_them() throws Exception {
        var broker = new ConfigResource(Type.BROKER, "0");
        try (Admin admin = admin()) {
            assertThat(admin.describeConfigs(List.of(broker)).all().get(20, TimeUnit.SECONDS).get(broker).get(
                    "broker.id").value()).isEqualTo("0");
            assertThatThrownBy(admin.incrementalAlterConfigs(Map.of(broker, List.of(change(OpType.SET,
                    "max.connections", "1")))).all()::get).cause().isInstanceOf(InvalidRequestException.class)
                    .hasMessageContaining("MILLRACE_BROKER_MAX_CONNECTIONS");
        }
    }

    @Test
    void kafkas_tool_for_settings_works_unchanged() throws Exception {
        gateway.createTopic("set-by-tool", 1);

        run("--alter", "--add-config", "retention.ms=86400000,cleanup.policy=[compact,delete]");
        assertThat(run("--describe")).anyMatch(line -> line.contains("retention.ms=86400000")).anyMatch(line -> line
                .contains("cleanup.policy=compact,delete"));
        run("--alter", "--delete-config", "retention.ms");
        assertThat(run("--describe", "--all")).anyMatch(line -> line.contains("retention.ms=604800000"))
                .anyMatch(line -> line.contains("segment.bytes=1073741824"));
    }

    private List<String> run(String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java")
                .toString(), "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"),
                "kafka.admin.ConfigCommand", "--bootstrap-server", suite.bootstrapServers(), "--entity-type", "topics",
                "--entity-name", "set-by-tool"));
        command.addAll(List.of(options));
        Path output = Files.createTempFile("tool", ".txt");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        assertThat(process.waitFor(TOOL_TIMEOUT.toSeconds(), TimeUnit.SECONDS)).as("%s ends", command).isTrue();
        List<String> lines = Files.readString(output, StandardCharsets.UTF_8).lines().toList();
        Files.delete(output);
        assertThat(process.exitValue()).as("%s", lines).isZero();
        return lines;
    }
}
