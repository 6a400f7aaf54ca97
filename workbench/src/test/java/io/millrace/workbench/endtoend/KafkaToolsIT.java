package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.workbench.suite.Suite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command-line tools that come with Apache Kafka do on Millrace what they do there. */
@WithSteadySuite
@Order(3)
class KafkaToolsIT {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final String TOPICS = "TopicCommand";
    private static final String GROUPS = "consumer.group.ConsumerGroupCommand";
    private static final String CONFIGS = "kafka.admin.ConfigCommand";
    private static final String CONSOLE_CONSUMER = "consumer.ConsoleConsumer";
    private static final String REASSIGNMENT = "reassign.ReassignPartitionsCommand";
    /** Columns of a described group. */
    private static final int PARTITION = 2;
    private static final int CURRENT = 3;
    private static final int END = 4;
    private static final int LAG = 5;
    private static @Nullable KafkaTools running;

    private final Suite suite;
    private final Gateway gateway;
    private final KafkaTools tools;
    @TempDir
    private Path folder;

    KafkaToolsIT(Suite suite, Gateway gateway) throws IOException {
        this.suite = suite;
        this.gateway = gateway;
        tools = running != null ? running : KafkaTools.start(suite.bootstrapServers());
        running = tools;
    }

    @AfterAll
    static void end_the_tools() {
        if (running != null) {
            running.close();
            running = null;
        }
    }

    @Test
    void topics_are_created_listed_described_grown_and_deleted() {
        assertThat(tools.run(TOPICS, "--create", "--topic", "tool-topics", "--partitions", "2",
                "--replication-factor", "3", "--config", "retention.ms=3600000"))
                .contains("Created topic tool-topics.");
        assertThat(tools.refused(TOPICS, "--create", "--topic", "tool-topics")).contains("TopicExistsException");
        assertThat(tools.run(TOPICS, "--create", "--topic", "tool-topics", "--if-not-exists")).noneMatch(line -> line
                .contains("rror"));
        assertThat(tools.run(TOPICS, "--list")).contains("tool-topics");
        assertThat(tools.run(TOPICS, "--describe", "--topic", "tool-topics")).anySatisfy(line -> assertThat(line)
                .contains("PartitionCount: 2", "ReplicationFactor: 3", "retention.ms=3600000"))
                .filteredOn(line -> line.contains("Leader:")).hasSize(2);

        tools.run(TOPICS, "--alter", "--topic", "tool-topics", "--partitions", "4");

        assertThat(tools.run(TOPICS, "--describe", "--topic", "tool-topics")).filteredOn(line -> line.contains(
                "Leader:")).hasSize(4);
        assertThat(tools.refused(TOPICS, "--alter", "--topic", "tool-topics", "--partitions", "3"))
                .containsIgnoringCase("partition");
        tools.run(TOPICS, "--delete", "--topic", "tool-topics");
        assertThat(tools.run(TOPICS, "--list")).doesNotContain("tool-topics");
        assertThat(tools.refused(TOPICS, "--delete", "--topic", "tool-topics")).contains("does not exist");
    }

    @Test
    void settings_of_topics_are_changed_described_given_back_and_refused_by_name() throws Exception {
        gateway.createTopic("tool-configs", 1);
        String[] topic = {"--entity-type", "topics", "--entity-name", "tool-configs"};

        config(topic, "--alter", "--add-config", "retention.ms=7200000,segment.bytes=1048576");

        await().atMost(TIMEOUT).untilAsserted(() -> assertThat(config(topic, "--describe")).anyMatch(line -> line
                .contains("retention.ms=7200000")).anyMatch(line -> line.contains("segment.bytes=1048576")));
        config(topic, "--alter", "--delete-config", "segment.bytes");
        await().atMost(TIMEOUT).untilAsserted(() -> assertThat(config(topic, "--describe")).anyMatch(line -> line
                .contains("retention.ms=7200000")).noneMatch(line -> line.contains("segment.bytes")));
        assertThat(config(topic, "--describe", "--all")).anyMatch(line -> line.contains("segment.bytes="));
        assertThat(tools.refused(CONFIGS, concat(topic, "--alter", "--add-config", "retention.sm=1"))).contains(
                "retention.sm");
    }

    private List<String> config(String[] entity, String... options) {
        return tools.run(CONFIGS, concat(entity, options));
    }

    private static String[] concat(String[] first, String... second) {
        return Stream.concat(Stream.of(first), Stream.of(second)).toArray(String[]::new);
    }

    @Test
    void the_console_sends_and_shows_records_with_and_without_a_group() throws Exception {
        gateway.createTopic("tool-console", 1);
        tools.runWithInput("ada:1\nbob:2\nada:3\n", "ConsoleProducer", "--topic", "tool-console",
                "--compression-codec", "zstd", "--reader-property", "parse.key=true", "--reader-property",
                "key.separator=:");

        assertThat(tools.run(CONSOLE_CONSUMER, "--topic", "tool-console", "--partition", "0", "--offset", "1",
                "--max-messages", "2", "--formatter-property", "print.key=true", "--formatter-property",
                "key.separator=:")).containsSubsequence("bob:2", "ada:3");
        assertThat(tools.run(CONSOLE_CONSUMER, "--topic", "tool-console", "--group", "tool-console",
                "--from-beginning", "--max-messages", "2")).containsSubsequence("1", "2");
        assertThat(tools.run(CONSOLE_CONSUMER, "--topic", "tool-console", "--group", "tool-console",
                "--command-property", "group.protocol=consumer", "--max-messages", "1")).contains("3");
    }

    @Test
    void a_group_is_listed_and_described_with_the_lag_that_http_shows_then_reset_and_deleted() throws Exception {
        twenty("tool-groups", 2);
        tools.run(CONSOLE_CONSUMER, "--topic", "tool-groups", "--group", "tool-groups", "--from-beginning",
                "--max-messages", "30");

        assertThat(tools.run(GROUPS, "--list")).contains("tool-groups");
        List<List<String>> described = describe();
        assertThat(described).hasSize(2).allSatisfy(row -> assertThat(row.get(END)).isEqualTo("20"));
        assertThat(described.stream().mapToLong(row -> Long.parseLong(row.get(LAG))).sum()).isEqualTo(10);
        JsonNode lag = gateway.get("/groups/tool-groups/lag").expect(200).body();
        assertThat(lag.get("total_lag").asLong()).isEqualTo(10);
        for (JsonNode partition : lag.get("partitions")) {
            assertThat(described).filteredOn(row -> row.get(PARTITION).equals(partition.get("partition").asString()))
                    .singleElement().satisfies(row -> assertThat(row.get(CURRENT)).isEqualTo(partition.get(
                            "committed_offset").asString()));
        }
        assertThat(tools.run(GROUPS, "--describe", "--group", "tool-groups", "--state")).anyMatch(line -> line
                .contains("Empty"));

        reset("--to-earliest", "--dry-run");
        assertThat(describe().stream().mapToLong(row -> Long.parseLong(row.get(LAG))).sum()).isEqualTo(10);
        assertThat(resetTo("--to-earliest")).isEqualTo(Map.of(0, 0L, 1, 0L));
        assertThat(resetTo("--to-latest")).isEqualTo(Map.of(0, 20L, 1, 20L));
        assertThat(resetTo("--shift-by", "-5")).isEqualTo(Map.of(0, 15L, 1, 15L));
        assertThat(resetTo("--to-offset", "7")).isEqualTo(Map.of(0, 7L, 1, 7L));
        assertThat(resetTo("--to-current")).isEqualTo(Map.of(0, 7L, 1, 7L));
        assertThat(resetTo("--to-datetime", "2020-01-01T00:00:00.000")).isEqualTo(Map.of(0, 0L, 1, 0L));
        assertThat(resetTo("--by-duration", "PT0S")).isEqualTo(Map.of(0, 20L, 1, 20L));
        Path file = Files.writeString(folder.resolve("offsets.csv"), "tool-groups,0,3\ntool-groups,1,4\n");
        assertThat(resetTo("--from-file", file.toString())).isEqualTo(Map.of(0, 3L, 1, 4L));
        assertThat(gateway.get("/groups/tool-groups/lag").expect(200).body().get("total_lag").asLong()).isEqualTo(33);

        tools.run(GROUPS, "--delete-offsets", "--group", "tool-groups", "--topic", "tool-groups:1");
        assertThat(describe()).filteredOn(row -> !row.get(CURRENT).equals("-")).singleElement()
                .satisfies(row -> assertThat(row.get(PARTITION)).isEqualTo("0"));
        tools.run(GROUPS, "--delete", "--group", "tool-groups");
        assertThat(tools.run(GROUPS, "--list")).doesNotContain("tool-groups");
    }

    private List<List<String>> describe() {
        return KafkaTools.rows(tools.run(GROUPS, "--describe", "--group", "tool-groups"), "GROUP");
    }

    private List<String> reset(String... how) {
        return tools.run(GROUPS, concat(new String[]{"--reset-offsets", "--group", "tool-groups", "--topic",
                "tool-groups"}, how));
    }

    /** Where the group stands after a reset, which must be what the tool said. */
    private Map<Integer, Long> resetTo(String... how) {
        Map<Integer, Long> said = KafkaTools.rows(reset(concat(how, "--execute")), "GROUP").stream().collect(Collectors
                .toMap(row -> Integer.valueOf(row.get(PARTITION)), row -> Long.valueOf(row.get(CURRENT))));
        assertThat(describe().stream().collect(Collectors.toMap(row -> Integer.valueOf(row.get(PARTITION)),
                row -> Long.valueOf(row.get(CURRENT))))).isEqualTo(said);
        return said;
    }

    private void twenty(String topic, int partitions) throws IOException, InterruptedException {
        gateway.createTopic(topic, partitions);
        for (int partition = 0; partition < partitions; partition++) {
            String record = "{\"partition\":" + partition + ",\"value\":1}";
            gateway.produce(topic, Collections.nCopies(20, record));
        }
    }

    @Test
    void the_members_of_a_group_are_described_and_their_offsets_are_not_reset() throws Exception {
        gateway.createTopic("tool-members", 2);
        String member = gateway.join("tool-members", "desk", "tool-members", Duration.ofSeconds(30));
        gateway.poll(member, 100, 1 << 20);

        assertThat(KafkaTools.rows(tools.run(GROUPS, "--describe", "--group", "tool-members", "--members",
                "--verbose"), "GROUP")).singleElement().satisfies(row -> assertThat(String.join(" ", row)).contains(
                        "tool-members:0,1"));
        assertThat(String.join("\n", tools.run(GROUPS, "--describe", "--group", "tool-members", "--state")))
                .contains("Stable");
        assertThat(String.join("\n", tools.run(GROUPS, "--reset-offsets", "--group", "tool-members", "--topic",
                "tool-members", "--to-earliest", "--execute"))).contains("inactive");
        gateway.delete(member).expect(204);
    }

    @Test
    void offsets_are_got_and_records_before_one_deleted() throws Exception {
        twenty("tool-offsets", 2);
        assertThat(tools.run("GetOffsetShell", "--topic", "tool-offsets")).containsExactly("tool-offsets:0:20",
                "tool-offsets:1:20");
        assertThat(tools.run("GetOffsetShell", "--topic-partitions", "tool-offsets:1", "--time", "max-timestamp"))
                .singleElement().asString().startsWith("tool-offsets:1:");

        Path file = Files.writeString(folder.resolve("delete.json"),
                "{\"partitions\":[{\"topic\":\"tool-offsets\",\"partition\":0,\"offset\":5}],\"version\":1}");
        assertThat(tools.run("DeleteRecordsCommand", "--offset-json-file", file.toString())).anyMatch(line -> line
                .contains("tool-offsets-0") && line.contains("low_watermark: 5"));

        assertThat(tools.run("GetOffsetShell", "--topic", "tool-offsets", "--time", "earliest")).containsExactly(
                "tool-offsets:0:5", "tool-offsets:1:0");
    }

    @Test
    void partitions_are_moved_their_preferred_leaders_elected_and_their_sizes_told() throws Exception {
        tools.run(TOPICS, "--create", "--topic", "tool-moves", "--partitions", "2", "--replication-factor", "2");
        Path topics = Files.writeString(folder.resolve("topics.json"),
                "{\"topics\":[{\"topic\":\"tool-moves\"}],\"version\":1}");
        List<Integer> brokers = new ArrayList<>();
        IntStream.range(0, suite.settings().size().brokers()).forEach(brokers::add);
        List<String> proposal = tools.run(REASSIGNMENT, "--generate", "--topics-to-move-json-file", topics.toString(),
                "--broker-list", brokers.stream().map(String::valueOf).collect(Collectors.joining(",")));
        assertThat(replicas(proposal.getLast())).hasSize(2).allSatisfy((partition, replicas) -> assertThat(replicas)
                .hasSize(2));
        Map<Integer, List<Integer>> before = replicas(proposal.get(1 + proposal.indexOf(
                "Current partition replica assignment")));

        Map<Integer, List<Integer>> after = new TreeMap<>();
        before.forEach((partition, replicas) -> after.put(partition, List.of(replicas.getLast(), brokers.stream()
                .filter(broker -> !replicas.contains(broker)).findFirst().orElseThrow())));
        Path moves = Files.writeString(folder.resolve("moves.json"), reassignment(after));
        assertThat(tools.run(REASSIGNMENT, "--execute", "--reassignment-json-file", moves.toString())).anyMatch(
                line -> line.startsWith("Successfully started partition reassignment"));
        await().atMost(TIMEOUT).untilAsserted(() -> assertThat(tools.run(REASSIGNMENT, "--verify",
                "--reassignment-json-file", moves.toString())).filteredOn(line -> line.endsWith("is completed."))
                .hasSize(2));
        assertThat(String.join("", tools.run(REASSIGNMENT, "--list"))).doesNotContain("tool-moves");

        for (int partition = 0; partition < 2; partition++) {
            assertThat(tools.run("LeaderElectionCommand", "--election-type", "preferred", "--topic", "tool-moves",
                    "--partition", Integer.toString(partition))).anyMatch(line -> line.matches(
                            "(Successfully completed leader election|Valid replica already elected).*tool-moves.*"));
        }
        List<String> described = tools.run(TOPICS, "--describe", "--topic", "tool-moves");
        after.forEach((partition, replicas) -> assertThat(described).anySatisfy(line -> assertThat(line.replaceAll(
                "\\s+", " ")).contains("Partition: " + partition + " Leader: " + replicas.getFirst() + " Replicas: "
                        + replicas.getFirst() + "," + replicas.getLast())));

        JsonNode directories = JSON.readTree(tools.run("LogDirsCommand", "--describe", "--topic-list", "tool-moves")
                .getLast());
        Map<Integer, Integer> copies = new TreeMap<>();
        directories.get("brokers").forEach(broker -> broker.get("logDirs").forEach(directory -> directory.get(
                "partitions").forEach(partition -> copies.merge(broker.get("broker").asInt(), 1, Integer::sum))));
        assertThat(copies.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(4);
    }

    private static Map<Integer, List<Integer>> replicas(String assignment) {
        Map<Integer, List<Integer>> replicas = new TreeMap<>();
        JSON.readTree(assignment).get("partitions").forEach(partition -> {
            List<Integer> brokers = new ArrayList<>();
            partition.get("replicas").forEach(broker -> brokers.add(broker.asInt()));
            replicas.put(partition.get("partition").asInt(), brokers);
        });
        return replicas;
    }

    private static String reassignment(Map<Integer, List<Integer>> replicas) {
        return replicas.entrySet().stream().map(partition -> "{\"topic\":\"tool-moves\",\"partition\":" + partition
                .getKey() + ",\"replicas\":" + partition.getValue() + "}").collect(Collectors.joining(",",
                        "{\"version\":1,\"partitions\":[", "]}"));
    }

    @Test
    void the_verifiable_clients_see_each_record_acknowledged_read_and_committed() throws Exception {
        String topic = "tool-verifiable";
        gateway.createTopic(topic, 3);
        assertThat(tools.runAlone("VerifiableProducer", "--topic", topic, "--max-messages", "500", "--repeating-keys",
                "10")).filteredOn(line -> line.contains("producer_send_success")).hasSize(500);
        for (String protocol : List.of("classic", "consumer")) {
            String group = topic + "-" + protocol;

            List<JsonNode> events = tools.runAlone("VerifiableConsumer", "--topic", topic, "--group-id", group,
                    "--group-protocol", protocol, "--max-messages", "500").stream().filter(line -> line.startsWith("{"))
                    .map(JSON::readTree).toList();

            assertThat(events).extracting(event -> event.get("name").asString()).contains("startup_complete",
                    "partitions_assigned", "records_consumed", "offsets_committed", "shutdown_complete");
            assertThat(events.stream().filter(event -> event.get("name").asString().equals("records_consumed"))
                    .mapToInt(event -> event.get("count").asInt()).sum()).isEqualTo(500);
            assertThat(events).filteredOn(event -> event.get("name").asString().equals("offsets_committed"))
                    .allMatch(event -> event.get("success").asBoolean());
            assertThat(gateway.get("/groups/" + group + "/lag").expect(200).body().get("total_lag").asLong()).isZero();
        }
    }
}
