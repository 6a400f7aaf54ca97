package io.millrace.gateway.consumers;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;

/** Consumers of a gateway of the test class's own, each in a group of its own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ConsumerCalls {
    static final String JSON = "application/vnd.kafka.json.v2+json";
    GatewayUnderTest gateway;
    private int made;

    @BeforeAll
    void start() {
        gateway = GatewayUnderTest.start("millrace.consumers.heartbeat=200ms");
    }

    @AfterAll
    void stop() {
        gateway.close();
    }

    @AfterEach
    void heal() {
        gateway.services.refuseDelivered(null);
        gateway.services.refuseCommits(null);
        gateway.services.loseReplies(0);
        gateway.brokers.away(0, false);
        gateway.brokers.away(1, false);
    }

    Consumer consumer(String settings, String topic) {
        return new Consumer(settings.replaceFirst("\\{", "{\"format\":\"json\"" + (settings.equals("{}") ? "" : ",")),
                topic);
    }

    String topic(int partitions) {
        var name = "t" + made++;
        gateway.images.topic(name, partitions);
        return name;
    }

    void append(String topic, int partition, String... values) {
        gateway.brokers.append(topic, partition, values);
    }

    List<String> values(Answer response) {
        assertThat(response.status()).as(response.body()).isEqualTo(200);
        var values = new ArrayList<String>();
        for (JsonNode record : response.json()) {
            values.add(record.get("value").toString());
        }
        return values;
    }

    /** One instance in a group of its own. */
    final class Consumer {
        final String group = "g" + made++;
        final String topic;
        final String path;

        Consumer(String settings, String topic) {
            this.topic = topic;
            var created = gateway.send("POST", "/consumers/" + group, settings);
            assertThat(created.status()).as(created.body()).isEqualTo(200);
            path = "/consumers/" + group + "/instances/" + created.json().get("instance_id").asString();
            if (topic != null) {
                assertThat(send("POST", "/subscription", "{\"topics\":[\"" + topic + "\"]}").status()).isEqualTo(
                        204);
            }
        }

        Answer send(String method, String below, String body) {
            return gateway.send(method, path + below, body);
        }

        Answer poll(String query) {
            return gateway.send("GET", path + "/records?" + query, null);
        }
    }
}
