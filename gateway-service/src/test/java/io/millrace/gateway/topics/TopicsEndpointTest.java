package io.millrace.gateway.topics;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.TopicConfigKey;
import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TopicsEndpointTest {
    private static GatewayUnderTest gateway;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.startOverWire("millrace.brokers.unknown-topic-grace=5ms");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @Test
    void a_topic_is_created_listed_described_and_deleted() {
        Answer created = gateway.send("POST", "/admin/topics",
                "{\"topic_name\":\"orders\",\"partitions_count\":2,\"replication_factor\":1,\"configs\":{\"retention.ms\":1000}}");

        assertThat(created.status()).isEqualTo(201);
        assertThat(created.json().get("name").asString()).isEqualTo("orders");
        assertThat(created.json().get("partitions").toString()).isEqualTo("""
                [{"partition":0,"leader":0,"replicas":[{"broker":0,"leader":true,"in_sync":true}]},\
                {"partition":1,"leader":0,"replicas":[{"broker":0,"leader":true,"in_sync":true}]}]""");
        var configs = created.json().get("configs");
        assertThat(configs.propertyNames()).containsExactlyElementsOf(Arrays.stream(TopicConfigKey.values()).map(
                TopicConfigKey::configName).toList());
        assertThat(configs.get("retention.ms").asString()).isEqualTo("1000");
        assertThat(configs.get("segment.bytes").asString()).isEqualTo("1073741824");
        assertThat(gateway.get("/topics").json().toString()).contains("\"orders\"");
        assertThat(gateway.get("/topics/orders").body()).isEqualTo(created.body());
        assertThat(gateway.get("/topics/orders/partitions").json()).hasSize(2);
        assertThat(gateway.get("/topics/orders/partitions/1").json().get("partition").asInt()).isEqualTo(1);
        assertThat(gateway.send("DELETE", "/admin/topics/orders", "").status()).isEqualTo(204);
        assertThat(gateway.get("/topics/orders").status()).isEqualTo(404);
        assertThat(gateway.send("DELETE", "/admin/topics/orders", "").status()).isEqualTo(404);
    }

    @Test
    void offsets_tell_where_a_partition_begins_and_ends() {
        gateway.createTopic("ends", 1);
        gateway.send("POST", "/topics/ends", "{\"records\":[{\"value\":1},{\"value\":2},{\"value\":3}]}");

        assertThat(gateway.get("/topics/ends/partitions/0/offsets").body()).isEqualTo(
                "{\"beginning_offset\":0,\"end_offset\":3}");
        assertThat(gateway.get("/topics/ends/partitions/1/offsets").status()).isEqualTo(404);
        assertThat(gateway.get("/topics/none/partitions/0/offsets").status()).isEqualTo(404);
    }

    @Test
    void refusals_of_the_controller_reach_the_client() {
        gateway.createTopic("taken", 1);

        assertThat(gateway.send("POST", "/admin/topics", "{\"topic_name\":\"taken\"}").status()).isEqualTo(409);
        assertThat(gateway.send("POST", "/admin/topics", "{\"topic_name\":\"not allowed\"}").status()).isEqualTo(422);
        assertThat(gateway.send("POST", "/admin/topics", "{\"topic_name\":\"x\",\"partitions_count\":0}").status())
                .isEqualTo(422);
        assertThat(gateway.send("POST", "/admin/topics", "{\"partitions_count\":1}").json().get("message").asString())
                .contains("topic_name");
        assertThat(gateway.send("POST", "/admin/topics", "{\"topic_name\":\"x\",\"configs\":{\"a\":[]}}").json().get(
                "message").asString())
                .contains("configs.a");
    }

    @Test
    void without_a_controller_changes_are_503_and_reads_go_on() {
        gateway.createTopic("stays", 1);
        gateway.services.controller.away(true);

        Answer answer = gateway.send("POST", "/admin/topics", "{\"topic_name\":\"later\"}");

        gateway.services.controller.away(false);
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.header("Retry-After")).isEqualTo("1");
        assertThat(gateway.get("/topics/stays").status()).isEqualTo(200);
    }
}
