package io.millrace.workbench.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.workbench.suite.Suite;
import io.millrace.workbench.suite.TestSuites;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What programs for Node.js use: kafkajs, which speaks the protocol by itself, and Confluent's client, which is librdkafka. */
@WithSteadySuite
@Order(5)
class NodeClientsIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(120);

    private final Suite suite;
    private final Gateway gateway;

    NodeClientsIT(Suite suite, Gateway gateway) {
        this.suite = suite;
        this.gateway = gateway;
    }

    @Test
    void consumers_of_kafkajs_share_a_topic_and_hand_it_over() throws Exception {
        shareAndHandOver("kafkajs", "classic", "by-kafkajs");
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void consumers_of_librdkafka_for_node_share_a_topic_and_hand_it_over(String protocol) throws Exception {
        NodeModules.requireLibrdkafka();
        shareAndHandOver(NodeModules.CONFLUENT, protocol, "by-librdkafka-for-node-" + protocol);
    }

    private void shareAndHandOver(String library, String protocol, String topic) throws Exception {
        Path modules = NodeModules.get();
        Path output = modules.resolve(topic + ".txt");
        Path script = TestSuites.home().resolve("workbench/src/test/node/group.mjs");
        Process node = new ProcessBuilder("node", script.toString(), library, protocol, suite.bootstrapServers(),
                topic).directory(modules.toFile()).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        boolean isEnded = node.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        node.destroyForcibly().waitFor();
        List<String> lines = Files.readAllLines(output);
        assertThat(isEnded && node.exitValue() == 0).as("%s: %s", library, lines).isTrue();

        JsonNode seen = JsonMapper.builder().build().readTree(lines.getLast());
        assertThat(seen.get("read").asInt()).isEqualTo(seen.get("sent").asInt());
        assertThat(seen.get("isListed").asBoolean()).isTrue();
        assertThat(gateway.get("/groups/" + topic + "/lag").expect(200).body().get("total_lag").asLong()).isZero();
    }
}
