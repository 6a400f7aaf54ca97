package io.millrace.gateway.edge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.millrace.gateway.testing.GatewayUnderTest;
import io.millrace.gateway.testing.GatewayUnderTest.Answer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
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
                "millrace.gateway.cors.allowed-methods=GET,POST",
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

    @Test
    void a_body_announced_as_too_large_is_refused_in_the_words_of_the_dialect() {
        Answer v3 = gateway.send("POST", "/v3/clusters/" + gateway.get("/v3/clusters").json().at("/data/0/cluster_id")
                .asString() + "/topics/edge/records:batch", "x".repeat(150 * 1024));

        assertThat(v3.status()).isEqualTo(413);
        assertThat(v3.json().propertyNames()).containsExactlyInAnyOrder("error_code", "message");
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

        Answer otherMethod = gateway.send("OPTIONS", "/topics/edge", "", "Origin", "https://shop.example",
                "Access-Control-Request-Method", "DELETE");
        Answer call = gateway.send("POST", "/topics/edge", "{\"records\":[{\"value\":1}]}", "Origin",
                "https://shop.example");
        Answer strangersCall = gateway.get("/topics", "Origin", "https://other.example");

        assertThat(otherMethod.status()).isEqualTo(403);
        assertThat(call.status()).isEqualTo(200);
        assertThat(call.header("Access-Control-Allow-Origin")).isEqualTo("https://shop.example");
        assertThat(call.header("Access-Control-Expose-Headers")).contains("Retry-After");
        assertThat(strangersCall.header("Access-Control-Allow-Origin")).isEmpty();
        assertThat(preflight.header("Access-Control-Allow-Origin")).isEqualTo("https://shop.example");
        assertThat(preflight.header("Access-Control-Allow-Methods")).contains("POST");
        assertThat(stranger.header("Access-Control-Allow-Origin")).isEmpty();
        assertThat(stranger.status()).isEqualTo(403);
        assertError(stranger, 403);
        assertError(otherMethod, 403);
        assertError(strangersCall, 403);
        assertThat(call.header("Access-Control-Expose-Headers")).contains("Location");
    }

    @Test
    void a_stream_for_a_page_of_another_origin_is_told_apart_by_caches_from_those_for_others() throws Exception {
        var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.port()
                + "/topics/edge/events?timeout=1")).header("Origin", "https://shop.example").build();
        try (var client = HttpClient.newHttpClient()) {
            var answer = client.send(request, HttpResponse.BodyHandlers.ofString());

            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(String.join(", ", answer.headers().allValues("Vary"))).contains("Origin", "Accept-Encoding");
        }
    }

    @Test
    void all_origins_and_credentials_together_are_refused_at_the_start() {
        assertThatIllegalArgumentException().isThrownBy(() -> new GatewayProperties.Cors(List.of("https://a.example",
                "*"), List.of("GET"), List.of("*"), List.of(), true, Duration.ofMinutes(1))).withMessageContaining(
                        "allow-credentials");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /topics/edge              | {"records":[{"valeu":1}]} | records[0].valeu
            /topics/edge/partitions/0 | {"records":[{"valeu":1}]} | records[0].valeu
            /consumers/edge           | {"formt":1}               | formt
            /admin/topics             | {"topic_name":[1]}        | topic_name
            """)
    void what_is_wrong_with_a_body_is_told_among_the_validation_errors(String path, String body, String field) {
        Answer answer = gateway.send("POST", path, body);

        assertError(answer, 400);
        assertThat(answer.json().get("validation_errors")).hasSize(1);
        assertThat(answer.json().get("validation_errors").get(0).asString()).isEqualTo(answer.json().get("message")
                .asString()).contains(field);
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
            for (String kind : List.of("bodies", "catch-up", "event-rings", "group-streams", "lines", "producer",
                    "tails")) {
                assertThat(answer.body()).as(path).contains("millrace_memory_used_bytes{kind=\"" + kind + "\"",
                        "millrace_memory_limit_bytes{kind=\"" + kind + "\"");
            }
        }
    }

    @Test
    void a_browser_is_sent_to_the_page_and_a_program_is_told_the_version() {
        Answer browser = gateway.get("/", "Accept", "text/html,application/xhtml+xml,*/*;q=0.8");

        assertThat(browser.status()).isEqualTo(302);
        assertThat(browser.header("Location")).endsWith("/swagger-ui.html");
        for (Answer program : List.of(gateway.get("/"), gateway.get("/", "Accept", "*/*"))) {
            assertThat(program.status()).isEqualTo(200);
            assertThat(program.json().get("bridge_version").asString()).isNotEmpty();
        }
    }

    @Test
    void the_document_is_where_programs_for_the_bridge_look() {
        JsonNode document = gateway.get("/v3/api-docs").json();

        assertThat(document.get("info").get("title").asString()).isEqualTo("Millrace");
        assertThat(gateway.get("/openapi").json()).isEqualTo(document);
        assertThat(gateway.get("/openapi/v3").json()).isEqualTo(document);
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
        assertThat(answer.header("Content-Type")).matches("application/(vnd\\.kafka\\.v2\\+)?json");
        assertThat(answer.json().get("error_code").asInt()).isEqualTo(status);
        assertThat(answer.json().get("code").asString()).isNotEmpty();
        return answer.json().get("message").asString();
    }
}
