package io.millrace.gateway.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.testing.GatewayUnderTest;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Clicks through the OpenAPI document as a newcomer does: each operation with its examples as they stand, in the order of the story. */
class ExamplesTest {
    private interface Sender {
        int send(String method, String path, String body, String contentType);
    }

    private record Document(JsonNode root, Sender sender) {
        /** Tries each example of each media type. */
        void tryOut(String method, String path, int status) {
            JsonNode operation = root.get("paths").get(path).get(method.toLowerCase(Locale.ROOT));
            String address = addressOf(path, operation);
            if (!operation.has("requestBody")) {
                assertThat(sender.send(method, address, null, "application/json")).as(method + " " + address).isEqualTo(
                        status);
                return;
            }
            operation.get("requestBody").get("content").properties().forEach(type -> type.getValue().get("examples")
                    .properties().forEach(example -> {
                        JsonNode value = example.getValue().get("value");
                        String body = value.isString() ? value.asString() : value.toString();
                        assertThat(sender.send(method, address, body, type.getKey())).as(method + " " + address + " "
                                + body).isEqualTo(status);
                    }));
        }

        /** As {@link #tryOut}, with the first example alone: the others would meet what it has made. */
        void tryFirst(String method, String path, int status) {
            JsonNode operation = root.get("paths").get(path).get(method.toLowerCase(Locale.ROOT));
            Map.Entry<String, JsonNode> type = operation.get("requestBody").get("content").properties().iterator()
                    .next();
            JsonNode value = type.getValue().get("examples").properties().iterator().next().getValue().get("value");
            String body = value.isString() ? value.asString() : value.toString();
            String address = addressOf(path, operation);
            assertThat(sender.send(method, address, body, type.getKey())).as(method + " " + address + " " + body)
                    .isEqualTo(status);
        }

        private static String addressOf(String path, JsonNode operation) {
            String address = path;
            String separator = "?";
            for (JsonNode parameter : operation.path("parameters")) {
                String name = parameter.get("name").asString();
                String example = parameter.path("example").asString("");
                if (parameter.get("in").asString().equals("path")) {
                    address = address.replace("{" + name + "}", example);
                } else if (!example.isEmpty()) {
                    address += separator + name + "=" + example;
                    separator = "&";
                }
            }
            return address;
        }
    }

    @Test
    void topics_and_records_can_be_tried_in_order() {
        try (var gateway = GatewayUnderTest.startOverWire("millrace.brokers.unknown-topic-grace=5ms")) {
            var document = new Document(gateway.get("/v3/api-docs").json(), (method, path, body, type) -> gateway.send(
                    method, path, body, "Content-Type", type).status());

            document.tryFirst("POST", "/admin/topics", 201);
            document.tryOut("GET", "/topics", 200);
            document.tryOut("GET", "/topics/{topic}", 200);
            document.tryOut("GET", "/topics/{topic}/partitions", 200);
            document.tryOut("GET", "/topics/{topic}/partitions/{partition}", 200);
            document.tryOut("POST", "/topics/{topic}", 200);
            document.tryOut("POST", "/topics/{topic}/partitions/{partition}", 200);
            document.tryOut("GET", "/topics/{topic}/partitions/{partition}/offsets", 200);
            document.tryOut("GET", "/topics/{topic}/partitions/{partition}/records", 200);
            document.tryOut("POST", "/admin/topics/{topic}/partitions", 204);
            document.tryOut("PUT", "/admin/topics/{topic}/replication-factor", 202);
            document.tryOut("DELETE", "/admin/topics/{topic}", 204);
        }
    }

    @Test
    void brokers_and_moves_can_be_tried_in_order() {
        try (var gateway = GatewayUnderTest.start()) {
            var document = new Document(gateway.get("/v3/api-docs").json(), (method, path, body, type) -> gateway.send(
                    method, path, body, "Content-Type", type).status());

            document.tryOut("GET", "/admin/brokers", 200);
            document.tryOut("POST", "/admin/rebalance", 202);
            document.tryOut("GET", "/admin/rebalance", 200);
            document.tryOut("DELETE", "/admin/rebalance", 200);
            document.tryOut("POST", "/admin/reassignments", 202);
            document.tryOut("POST", "/admin/brokers/{broker}/drain", 202);
            document.tryOut("DELETE", "/admin/brokers/{broker}/drain", 200);
            document.tryOut("DELETE", "/admin/brokers/{broker}", 204);
        }
    }

    @Test
    void consumers_and_groups_can_be_tried_in_order() {
        try (var gateway = GatewayUnderTest.start()) {
            gateway.images.topic("orders", 3);
            gateway.brokers.append("orders", 0, "1", "2");
            gateway.brokers.append("orders", 2, "3");
            var document = new Document(gateway.get("/v3/api-docs").json(), (method, path, body,
                    type) -> gateway.send(method, path, body, "Content-Type", type).status());
            String instance = "/consumers/{group}/instances/{instance}";

            document.tryOut("GET", "/topics/{topic}/events", 200);
            document.tryOut("GET", "/events", 200);
            document.tryOut("GET", "/consumers/{group}/events", 200);
            document.tryFirst("POST", "/consumers/{group}", 200);
            document.tryOut("POST", instance + "/subscription", 204);
            document.tryFirst("POST", instance + "/subscription", 204);
            document.tryOut("GET", instance + "/records", 200);
            document.tryOut("GET", instance + "/subscription", 200);
            document.tryOut("POST", instance + "/offsets", 204);
            document.tryOut("GET", instance + "/offsets", 200);
            document.tryOut("POST", "/confluent" + instance + "/offsets", 204);
            document.tryOut("POST", instance + "/positions", 204);
            document.tryOut("POST", instance + "/positions/end", 204);
            document.tryOut("POST", instance + "/positions/beginning", 204);
            document.tryOut("GET", "/groups", 200);
            document.tryOut("GET", "/groups/{group}", 200);
            document.tryOut("GET", "/groups/{group}/lag", 200);
            document.tryOut("DELETE", instance + "/subscription", 204);
            document.tryOut("POST", instance + "/assignments", 204);
            document.tryOut("DELETE", instance, 204);
            document.tryOut("PUT", "/groups/{group}/offsets", 200);
            document.tryOut("DELETE", "/groups/{group}", 204);
        }
    }

    @Test
    void the_v3_dialect_can_be_tried_in_order() {
        try (var gateway = GatewayUnderTest.start()) {
            var document = new Document(gateway.get("/v3/api-docs").json(), (method, path, body, type) -> gateway.send(
                    method, path, body, "Content-Type", type).status());
            String cluster = "/v3/clusters/{cluster_id}";
            String topic = cluster + "/topics/{topic_name}";
            String partition = topic + "/partitions/{partition_id}";
            String group = cluster + "/consumer-groups/{consumer_group_id}";
            String consumer = group + "/consumers/{consumer_id}";

            document.tryOut("GET", "/v3/clusters", 200);
            document.tryOut("GET", cluster, 200);
            document.tryOut("GET", cluster + "/brokers", 200);
            document.tryOut("GET", cluster + "/brokers/{broker_id}", 200);
            document.tryFirst("POST", cluster + "/topics", 201);
            document.tryOut("GET", cluster + "/brokers/{broker_id}/partition-replicas", 200);
            document.tryOut("GET", cluster + "/topics", 200);
            document.tryOut("GET", topic, 200);
            document.tryOut("PATCH", topic, 200);
            document.tryOut("GET", topic + "/configs", 200);
            document.tryOut("PUT", topic + "/configs/{name}", 204);
            document.tryOut("GET", topic + "/configs/{name}", 200);
            document.tryOut("POST", topic + "/configs:alter", 204);
            document.tryOut("DELETE", topic + "/configs/{name}", 204);
            document.tryOut("POST", topic + "/records", 200);
            document.tryOut("POST", topic + "/records:batch", 207);
            document.tryOut("GET", topic + "/partitions", 200);
            document.tryOut("GET", partition, 200);
            document.tryOut("GET", partition + "/replicas", 200);
            document.tryOut("GET", partition + "/replicas/{broker_id}", 200);
            document.tryOut("GET", partition + "/reassignment", 200);
            document.tryOut("GET", topic + "/partitions/-/reassignment", 200);
            document.tryOut("GET", cluster + "/topics/-/partitions/-/reassignment", 200);
            document.tryFirst("POST", "/consumers/{group}", 200);
            document.tryFirst("POST", "/consumers/{group}/instances/{instance}/subscription", 204);
            gateway.services.committed("shipping", "orders", 0, 0);
            document.tryOut("GET", cluster + "/consumer-groups", 200);
            document.tryOut("GET", group, 200);
            document.tryOut("GET", group + "/consumers", 200);
            document.tryOut("GET", consumer, 200);
            document.tryOut("GET", consumer + "/assignments", 200);
            document.tryOut("GET", consumer + "/assignments/{topic_name}/partitions/{partition_id}", 200);
            document.tryOut("GET", group + "/lags", 200);
            document.tryOut("GET", group + "/lags/{topic_name}/partitions/{partition_id}", 200);
            document.tryOut("GET", group + "/lag-summary", 200);
            document.tryOut("DELETE", topic, 204);
        }
    }
}
