package io.millrace.gateway.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.testing.GatewayUnderTest;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.RequestMappingInfoHandlerMapping;
import tools.jackson.databind.JsonNode;

/** The OpenAPI document against the handlers that there are. That each operation is as documented, its examples tell on a running suite. */
class OpenApiDocumentTest {
    private static final String ANY_METHOD = "ANY";

    /** Handlers that the document leaves out, and why. */
    private static final Map<String, String> UNDOCUMENTED = Map.of(
            "ANY /confluent/consumers/**", "passes on to /consumers, whose operations the document has",
            "ANY /error", "the container's way to the gateway's errors; no client's",
            "GET /swagger-ui.html", "the page that shows the document",
            "GET /v3/api-docs/swagger-config", "what that page asks for",
            "GET /v3/api-docs", "what /openapi answers",
            "GET /v3/api-docs.yaml", "what /openapi answers, as YAML",
            "GET /healthy", "for load balancers, as on the management port",
            "GET /ready", "for load balancers, as on the management port");

    private static GatewayUnderTest gateway;
    private static JsonNode document;

    @BeforeAll
    static void start() {
        gateway = GatewayUnderTest.start();
        document = gateway.get("/openapi").json();
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @Test
    void every_handler_is_in_the_document_and_every_operation_has_one() {
        Set<String> documented = new TreeSet<>();
        document.get("paths").properties().forEach(path -> path.getValue().propertyNames().forEach(
                method -> documented.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
        Set<String> handled = new TreeSet<>();
        gateway.beans(RequestMappingInfoHandlerMapping.class).forEach(mapping -> mapping.getHandlerMethods().keySet()
                .stream().flatMap(OpenApiDocumentTest::names).forEach(handled::add));

        documented.addAll(UNDOCUMENTED.keySet());
        assertThat(handled).isEqualTo(documented);
    }

    @Test
    void every_operation_can_be_tried() {
        document.get("paths").properties().forEach(path -> path.getValue().properties().forEach(
                operation -> assertCanBeTried(operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(),
                        operation.getValue())));
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
            boolean isEmpty = response.getKey().equals("204") || response.getKey().equals("302");
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

    private static Stream<String> names(RequestMappingInfo mapping) {
        var methods = mapping.getMethodsCondition().getMethods();
        return mapping.getPatternValues().stream().flatMap(path -> methods.isEmpty() ? Stream.of(ANY_METHOD + " "
                + path)
                : methods.stream().map(method -> method + " " + path));
    }
}
