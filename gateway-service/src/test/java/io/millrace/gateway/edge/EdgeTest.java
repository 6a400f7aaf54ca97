package io.millrace.gateway.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class EdgeTest {
    private static GatewayUnderTest gateway;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.startOverWire("millrace.gateway.max-body-size=100KB",
                "server.tomcat.connection-timeout=500ms",
                "millrace.gateway.cors.allowed-origins=https://shop.example",
                "millrace.brokers.unknown-topic-grace=5ms");
        gateway.createTopic("edge", 2);
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @ParameterizedTest
    @CsvSource({"GET,/nowhere,404", "PATCH,/topics,405", "PUT,/topics/edge,405", "GET,/topics/edge/partitions/x,400",
            "GET,/topics/edge/partitions/0/records?timeout=soon,400", "POST,/nowhere/at/all,404"})
    void what_no_handler_takes_is_answered_in_json(String method, String path, int status) {
        Answer answer = gateway.send(method, path, "");

        assertError(answer, status);
        assertThat(answer.body()).doesNotContain("Exception", "springframework", "<html");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"GET /a{b HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n|400",
            "GET /topics HTTP/1.1\\r\\n\\r\\n|400", "GET /topics HTTP/9.9\\r\\nHost: x\\r\\n\\r\\n|505",
            "POST /topics/edge HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: x\\r\\n\\r\\n|400",
            "POST /topics/edge HTTP/1.1\\r\\nHost: x\\r\\nExpect: magic\\r\\nContent-Length: 0\\r\\n\\r\\n|417",
            "POST /topics/edge HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: what\\r\\n\\r\\n|501"})
    void what_tomcat_refuses_by_itself_is_answered_in_json_too(String request, int status) throws IOException {
        String answer = gateway.raw(request.replace("\\r\\n", "\r\n"));

        assertThat(answer).startsWith("HTTP/1.1 " + status).doesNotContain("<html").doesNotContain("Apache");
        assertThat(answer).contains("{\"error_code\":" + status, "\"code\":\"INVALID_REQUEST\"");
    }

    @Test
    void headers_over_the_limit_are_refused_in_json() throws IOException {
        String answer = gateway.raw("GET /topics HTTP/1.1\r\nHost: x\r\nX: " + "x".repeat(64 * 1024) + "\r\n\r\n");

        assertThat(answer).startsWith("HTTP/1.1 431").contains("\"error_code\":431", "\"code\":\"HEADERS_TOO_LARGE\"");
    }

    @ParameterizedTest
    @CsvSource({"/topics/edge", "/admin/topics", "/topics/edge/partitions/0"})
    void a_body_that_does_not_come_is_not_waited_for(String path) throws IOException {
        try (var socket = new Socket("127.0.0.1", gateway.port())) {
            socket.getOutputStream().write(("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
                    .getBytes(StandardCharsets.UTF_8));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

            assertThat(answer).startsWith("HTTP/1.1 408").contains("\"error_code\":408", "\"code\":\"BODY_TOO_SLOW\"");
        }
    }

    @Test
    void a_stream_of_records_in_which_nothing_comes_any_more_ends_with_a_report() throws IOException {
        try (var socket = new Socket("127.0.0.1", gateway.port())) {
            socket.getOutputStream().write(("POST /v3/clusters/fake/topics/edge/records HTTP/1.1\r\nHost: x\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n4\r\n{} {\r\n").getBytes(StandardCharsets.UTF_8));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

            assertThat(answer).startsWith("HTTP/1.1 200").containsSubsequence("{\"error_code\":200",
                    "{\"error_code\":408");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"application/vnd.kafka.json.v2+json", "application/vnd.kafka.v2+json",
            "text/html", "*/*", "nonsense",
            "image/png"})
    void no_accept_header_is_refused(String accept) {
        assertThat(gateway.get("/topics", "Accept", accept).status()).isEqualTo(200);
        assertThat(gateway.get("/topics/edge", "Accept", accept).json().get("name").asString()).isEqualTo("edge");
        assertThat(gateway.get("/topics/edge/partitions/0/records?timeout=0", "Accept", accept).status()).isEqualTo(
                200);
        assertError(gateway.get("/topics/none", "Accept", accept), 404);
        assertError(gateway.send("DELETE", "/admin/topics/none", "{}", "Accept", accept), 404);
    }

    @Test
    void a_json_body_may_be_too_large_malformed_or_missing() {
        String large = "{\"topic_name\":\"" + "x".repeat(150 * 1024) + "\"}";

        assertError(gateway.send("POST", "/admin/topics", large), 413);
        assertError(gateway.sendFrom("POST", "/admin/topics", HttpRequest.BodyPublishers.ofInputStream(
                () -> new ByteArrayInputStream(large.getBytes(StandardCharsets.UTF_8)))), 413);
        assertError(gateway.send("POST", "/admin/topics", "{\"topic_name\":"), 400);
        assertError(gateway.send("POST", "/admin/topics", ""), 400);
        assertThat(assertError(gateway.send("POST", "/admin/topics", "{\"topic_nam\":\"x\"}"), 400)).contains(
                "topic_nam");
        assertThat(assertError(gateway.send("POST", "/admin/topics",
                "{\"topic_name\":\"x\",\"partitions_count\":\"many\"}"), 400))
                .contains("partitions_count");
    }

    @ParameterizedTest
    @CsvSource({"application/x-www-form-urlencoded", "text/plain", "application/vnd.kafka.v2+json",
            "application/octet-stream"})
    void a_json_body_may_have_any_content_type(String contentType) {
        String name = "typed-" + contentType.length();

        assertThat(gateway.send("POST", "/admin/topics", "{\"topic_name\":\"" + name + "\"}", "Content-Type",
                contentType).status())
                .isEqualTo(201);
    }

    @Test
    void pages_of_the_origins_allowed_may_call() {
        Answer preflight = gateway.send("OPTIONS", "/topics/edge", "", "Origin", "https://shop.example",
                "Access-Control-Request-Method",
                "POST", "Access-Control-Request-Headers", "content-type");
        Answer stranger = gateway.send("OPTIONS", "/topics/edge", "", "Origin", "https://other.example",
                "Access-Control-Request-Method",
                "POST");

        assertThat(preflight.header("Access-Control-Allow-Origin")).isEqualTo("https://shop.example");
        assertThat(preflight.header("Access-Control-Allow-Methods")).contains("POST");
        assertThat(stranger.header("Access-Control-Allow-Origin")).isEmpty();
        assertThat(stranger.status()).isEqualTo(403);
    }

    @Test
    void health_and_metrics_are_where_load_balancers_and_prometheus_look() {
        for (String path : List.of("/healthy", "/ready", "/actuator/health/liveness", "/actuator/health/readiness")) {
            Answer answer = gateway.send(HttpRequest.newBuilder(management(path)).build());
            assertThat(answer.status()).as(path).isEqualTo(200);
            assertThat(answer.json().get("status").asString()).isEqualTo("UP");
        }
        assertThat(gateway.get("/healthy").status()).isEqualTo(200);
        assertThat(gateway.get("/ready").status()).isEqualTo(200);
        for (String path : List.of("/metrics", "/actuator/prometheus")) {
            Answer answer = gateway.send(HttpRequest.newBuilder(management(path)).build());
            assertThat(answer.body()).as(path).contains("millrace_producer_records_total",
                    "millrace_producer_refused_total{error=\"QUEUE_FULL\"",
                    "millrace_producer_requests_seconds_count{status=\"5xx\"", "jvm_memory_used_bytes");
        }
    }

    @Test
    void the_openapi_document_names_every_operation_with_an_example() {
        JsonNode document = gateway.get("/v3/api-docs").json();

        assertThat(document.get("info").get("title").asString()).isEqualTo("Millrace");
        assertThat(gateway.get("/openapi").status()).isEqualTo(302);
        Map<String, JsonNode> operations = new TreeMap<>();
        document.get("paths").properties().forEach(path -> path.getValue().properties().forEach(
                operation -> operations.put(operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(), operation
                        .getValue())));
        assertThat(operations.keySet()).filteredOn(name -> !name.contains(" /v3/")).containsExactlyInAnyOrder(
                "GET /topics", "POST /admin/topics",
                "GET /topics/{topic}", "DELETE /admin/topics/{topic}",
                "GET /topics/{topic}/partitions", "GET /topics/{topic}/partitions/{partition}",
                "GET /topics/{topic}/partitions/{partition}/offsets", "POST /topics/{topic}",
                "POST /topics/{topic}/partitions/{partition}", "GET /topics/{topic}/partitions/{partition}/records",
                "GET /topics/{topic}/events", "GET /events", "GET /consumers/{group}/events",
                "POST /consumers/{group}", "DELETE /consumers/{group}/instances/{instance}",
                "POST /consumers/{group}/instances/{instance}/subscription",
                "GET /consumers/{group}/instances/{instance}/subscription",
                "DELETE /consumers/{group}/instances/{instance}/subscription",
                "POST /consumers/{group}/instances/{instance}/assignments",
                "GET /consumers/{group}/instances/{instance}/records",
                "POST /consumers/{group}/instances/{instance}/offsets",
                "GET /consumers/{group}/instances/{instance}/offsets",
                "POST /confluent/consumers/{group}/instances/{instance}/offsets",
                "POST /consumers/{group}/instances/{instance}/positions",
                "POST /consumers/{group}/instances/{instance}/positions/beginning",
                "POST /consumers/{group}/instances/{instance}/positions/end",
                "GET /groups", "GET /groups/{group}", "DELETE /groups/{group}", "GET /groups/{group}/lag",
                "PUT /groups/{group}/offsets",
                "GET /admin/brokers", "POST /admin/brokers/{broker}/drain", "DELETE /admin/brokers/{broker}/drain",
                "DELETE /admin/brokers/{broker}", "POST /admin/rebalance", "GET /admin/rebalance",
                "DELETE /admin/rebalance", "POST /admin/reassignments", "POST /admin/topics/{topic}/partitions",
                "PUT /admin/topics/{topic}/replication-factor");
        String v3 = " /v3/clusters/{cluster_id}";
        String topic = v3 + "/topics/{topic_name}";
        String partition = topic + "/partitions/{partition_id}";
        String group = v3 + "/consumer-groups/{consumer_group_id}";
        String consumer = group + "/consumers/{consumer_id}";
        assertThat(operations.keySet()).filteredOn(name -> name.contains(" /v3/")).containsExactlyInAnyOrder(
                "GET /v3/clusters", "GET" + v3, "GET" + v3 + "/brokers", "GET" + v3 + "/brokers/{broker_id}",
                "GET" + v3 + "/brokers/{broker_id}/partition-replicas", "GET" + v3 + "/topics",
                "POST" + v3 + "/topics", "GET" + topic, "PATCH" + topic, "DELETE" + topic, "GET" + topic + "/configs",
                "POST" + topic + "/records", "POST" + topic + "/records:batch",
                "GET" + topic + "/configs/{name}", "PUT" + topic + "/configs/{name}",
                "DELETE" + topic + "/configs/{name}", "POST" + topic + "/configs:alter", "GET" + topic + "/partitions",
                "GET" + partition, "GET" + partition + "/replicas", "GET" + partition + "/replicas/{broker_id}",
                "GET" + partition + "/reassignment", "GET" + topic + "/partitions/-/reassignment",
                "GET" + v3 + "/topics/-/partitions/-/reassignment", "GET" + v3 + "/consumer-groups", "GET" + group,
                "GET" + group + "/consumers", "GET" + consumer, "GET" + consumer + "/assignments",
                "GET" + consumer + "/assignments/{topic_name}/partitions/{partition_id}", "GET" + group + "/lags",
                "GET" + group + "/lags/{topic_name}/partitions/{partition_id}", "GET" + group + "/lag-summary");
        operations.forEach(EdgeTest::assertCanBeTried);
    }

    private static void assertCanBeTried(String name, JsonNode operation) {
        assertThat(operation.path("summary").asString("")).as(name).isNotEmpty();
        assertThat(operation.path("tags")).as(name).hasSize(1);
        boolean takesBody = name.startsWith("POST ") || name.startsWith("PUT ") || name.startsWith("PATCH ");
        assertThat(operation.has("requestBody")).as(name).isEqualTo(takesBody);
        operation.path("requestBody").path("content").properties().forEach(type -> assertThat(type.getValue().path(
                "examples")).as(name + " " + type.getKey()).isNotEmpty());
        operation.path("parameters").forEach(parameter -> {
            assertThat(parameter.get("name").asString()).as(name).isNotIn("request", "response", "body");
            if (parameter.path("required").asBoolean(false)) {
                assertThat(parameter.has("example")).as(name + " " + parameter).isTrue();
            }
        });
        operation.get("responses").properties().forEach(response -> {
            boolean isEmpty = response.getKey().equals("204");
            JsonNode content = response.getValue().path("content");
            assertThat(content.isEmpty()).as(name + " " + response).isEqualTo(isEmpty);
            assertThat(content.has("*/*")).as(name + " " + response).isFalse();
            if (response.getKey().equals("413") || response.getKey().equals("422")) {
                content.properties().forEach(type -> assertThat(type.getValue().path("example").path("error_code")
                        .asInt())
                        .as(name).isEqualTo(Integer.parseInt(response.getKey())));
            }
        });
    }

    @Test
    void swagger_ui_is_served() {
        assertThat(gateway.get("/swagger-ui.html").header("Location")).contains("/swagger-ui/index.html");
        assertThat(gateway.get("/swagger-ui/index.html").body()).contains("swagger-ui");
    }

    private static URI management(String path) {
        return URI.create("http://127.0.0.1:" + gateway.managementPort() + path);
    }

    private static String assertError(Answer answer, int status) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.header("Content-Type")).startsWith("application/json");
        assertThat(answer.json().get("error_code").asInt()).isEqualTo(status);
        assertThat(answer.json().get("code").asString()).isNotEmpty();
        return answer.json().get("message").asString();
    }
}
