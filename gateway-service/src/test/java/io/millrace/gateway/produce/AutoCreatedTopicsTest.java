package io.millrace.gateway.produce;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.testing.GatewayUnderTest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Producing over HTTP to topics that nobody has created. */
class AutoCreatedTopicsTest {
    private static final String RECORDS = "{\"records\":[{\"value\":1}]}";
    private static GatewayUnderTest gateway;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.startOverWire("millrace.auto-create.enabled=true",
                "millrace.brokers.unknown-topic-grace=5ms");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @Test
    void records_create_their_topic_in_every_dialect() {
        assertThat(gateway.send("POST", "/topics/made", RECORDS).status()).isEqualTo(200);
        assertThat(gateway.send("POST", "/topics/made-by-partition/partitions/0", RECORDS).status()).isEqualTo(200);
        assertThat(gateway.send("POST", "/v3/clusters/fake/topics/made-by-v3/records",
                "{\"value\":{\"type\":\"STRING\",\"data\":\"v\"}}").json().get("error_code").asInt()).isEqualTo(200);
        assertThat(gateway.get("/topics").json().toString()).contains("\"made\"", "\"made-by-partition\"",
                "\"made-by-v3\"");
    }

    @Test
    void a_name_that_cannot_be_is_refused_and_looking_creates_nothing() {
        assertThat(gateway.send("POST", "/topics/not%20allowed", RECORDS).json().get("code").asString()).isEqualTo(
                "INVALID_TOPIC_NAME");
        assertThat(gateway.get("/topics/looked-for").status()).isEqualTo(404);
        assertThat(gateway.get("/topics").json().toString()).doesNotContain("looked-for");
    }

    @Test
    void while_the_controller_is_away_the_answer_is_503_and_later_it_is_created() {
        gateway.services.controller.away(true);
        assertThat(gateway.send("POST", "/topics/later", RECORDS).status()).isEqualTo(503);
        gateway.services.controller.away(false);

        assertThat(gateway.send("POST", "/topics/later", RECORDS).status()).isEqualTo(200);
    }
}
