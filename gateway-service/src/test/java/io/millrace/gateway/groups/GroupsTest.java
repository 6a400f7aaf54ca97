package io.millrace.gateway.groups;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.OffsetsApi.Reset;
import io.millrace.common.api.TopicPartition;
import io.millrace.gateway.testing.GatewayUnderTest;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class GroupsTest {
    private static GatewayUnderTest gateway;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.start();
        gateway.images.topic("orders", 2);
        gateway.brokers.append("orders", 0, "1", "2", "3", "4", "5");
        gateway.brokers.append("orders", 1, "1");
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @Test
    void groups_are_listed_and_described() {
        join("listed", "a");

        var listed = gateway.json(gateway.send("GET", "/groups", null));
        var described = gateway.json(gateway.send("GET", "/groups/listed", null));

        assertThat(listed.toString()).contains("{\"group_id\":\"listed\",\"state\":\"STABLE\",\"members\":1}");
        assertThat(described.toString()).isEqualTo(
                "{\"group_id\":\"listed\",\"state\":\"STABLE\",\"epoch\":1,\"assignor\":\"sticky\","
                        + "\"members\":[{\"member_id\":\"a\",\"epoch\":1,\"topics\":[\"orders\"],\"partitions\":["
                        + "{\"topic\":\"orders\",\"partition\":0},{\"topic\":\"orders\",\"partition\":1}]}]}");
    }

    @Test
    void a_group_is_deleted_when_it_is_empty_only() {
        join("leaving", "a");
        assertThat(gateway.send("DELETE", "/groups/leaving", null).status()).isEqualTo(409);
        gateway.send("DELETE", "/consumers/leaving/instances/a", null);

        assertThat(gateway.send("DELETE", "/groups/leaving", null).status()).isEqualTo(204);
        assertThat(gateway.send("GET", "/groups/leaving", null).status()).isEqualTo(404);
    }

    @Test
    void lag_is_told_for_what_is_committed_and_what_is_read() {
        join("behind", "a");
        gateway.services.committed("behind", "orders", 0, 2);
        gateway.services.committed("behind", "deleted", 0, 2);

        var lag = gateway.json(gateway.send("GET", "/groups/behind/lag", null));

        assertThat(lag.toString()).isEqualTo("{\"group_id\":\"behind\",\"total_lag\":3,\"partitions\":["
                + "{\"topic\":\"orders\",\"partition\":0,\"committed_offset\":2,\"end_offset\":5,\"lag\":3,\"member_id\":\"a\"},"
                + "{\"topic\":\"orders\",\"partition\":1,\"committed_offset\":null,\"end_offset\":1,\"lag\":null,\"member_id\":\"a\"}]}");
    }

    @Test
    void a_group_that_has_left_only_offsets_has_a_lag_and_one_that_never_was_has_none() {
        gateway.services.committed("gone", "orders", 1, 0);

        assertThat(gateway.json(gateway.send("GET", "/groups/gone/lag", null)).get("total_lag").asLong()).isEqualTo(1);
        assertThat(gateway.send("GET", "/groups/never/lag", null).status()).isEqualTo(404);
    }

    @Test
    void offsets_are_reset_by_the_offset_service() {
        gateway.services.committed("resetting", "orders", 0, 5);

        var response = gateway.send("PUT", "/groups/resetting/offsets",
                "{\"to\":\"shift\",\"value\":-2,\"partitions\":[{\"topic\":\"orders\",\"partition\":0}]}",
                "Content-Type", "application/json");

        assertThat(response.status()).isEqualTo(200);
        assertThat(response.json().toString()).isEqualTo(
                "{\"offsets\":[{\"topic\":\"orders\",\"partition\":0,\"offset\":5}]}");
        assertThat(gateway.services.resets()).contains(new Reset("shift", -2L, List.of(new TopicPartition("orders",
                0))));
        assertThat(gateway.send("PUT", "/groups/resetting/offsets", "{}", "Content-Type", "application/json")
                .status()).isEqualTo(400);
        assertThat(gateway.send("PUT", "/groups/resetting/offsets", "{\"too\":\"earliest\"}", "Content-Type",
                "application/json").status())
                .isEqualTo(400);
    }

    private static void join(String group, String name) {
        gateway.send("POST", "/consumers/" + group, "{\"name\":\"" + name + "\"}", "Content-Type", "application/json");
        gateway.send("POST", "/consumers/" + group + "/instances/" + name + "/subscription",
                "{\"topics\":[\"orders\"]}", "Content-Type",
                "application/json");
    }
}
