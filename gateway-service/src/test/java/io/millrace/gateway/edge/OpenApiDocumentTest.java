package io.millrace.gateway.edge;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.testing.GatewayUnderTest;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.context.ApplicationContext;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.RequestMappingInfoHandlerMapping;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The OpenAPI document against the handlers that there are. That each operation is as documented, its examples tell on a running suite. */
class OpenApiDocumentTest {
    private static final String ANY_METHOD = "ANY";

    /** Handlers that the document leaves out, and why. */
    private static final Map<String, String> UNDOCUMENTED = Map.of(
            "ANY /confluent/consumers/**", "passes on to /consumers, whose operations the document has",
            "ANY /confluent/topics/**", "passes on to /topics, whose operations the document has",
            "ANY /error", "the container's way to the gateway's errors; no client's",
            "GET /swagger-ui.html", "the page that shows the document",
            "GET /v3/api-docs/swagger-config", "what that page asks for",
            "GET /openapi/v3", "the same as /openapi",
            "GET /v3/api-docs", "what /openapi answers",
            "GET /v3/api-docs.yaml", "what /openapi answers, as YAML",
            "GET /healthy", "for load balancers, as on the management port",
            "GET /ready", "for load balancers, as on the management port");

    private static final String LIST_TOPICS = "/paths/~1topics/get";
    private static final String GET_TOPIC = "/paths/~1topics~1{topic}/get";
    private static final String CREATE_TOPIC = "/paths/~1admin~1topics/post";

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
        documented.addAll(UNDOCUMENTED.keySet());
        // A list: two handlers of one method and path, told apart by a header, would be one operation with one example.
        assertThat(handled(gateway.context())).containsExactlyInAnyOrderElementsOf(documented);
    }

    @Test
    void the_document_has_no_faults() {
        assertThat(DocumentLint.faults(document.toString())).isEmpty();
    }

    @ParameterizedTest
    @MethodSource
    void a_fault_is_found(String expected, Consumer<ObjectNode> breaking) {
        ObjectNode broken = (ObjectNode) document.deepCopy();
        at(broken, "/paths").retain("/topics", "/topics/{topic}", "/topics/{topic}/events", "/admin/topics");
        breaking.accept(broken);

        assertThat(DocumentLint.faults(broken.toString())).anyMatch(fault -> fault.contains(expected));
    }

    static Stream<Arguments> a_fault_is_found() {
        return Stream.of(
                fault("is missing", root -> root.remove("info")),
                fault("another operation is called getTopic, too", root -> at(root, LIST_TOPICS).put(
                        "operationId", "getTopic")),
                fault("GET /topics: 'list_1' is no operationId", root -> at(root, LIST_TOPICS).put("operationId",
                        "list_1")),
                fault("GET /topics: no summary", root -> at(root, LIST_TOPICS).remove("summary")),
                fault("GET /topics: no description", root -> at(root, LIST_TOPICS).remove("description")),
                fault("GET /topics: tag 'Nonsense' is not declared", root -> at(root, LIST_TOPICS).putArray("tags").add(
                        "Nonsense")),
                fault("tag 'Unused' is no operation's", root -> ((ArrayNode) root.get("tags")).addObject().put("name",
                        "Unused").put("description", "x")),
                fault("GET /topics: no answer that is a success", root -> at(root, LIST_TOPICS + "/responses").remove(
                        "200")),
                fault("GET /topics: no answer that is an error", root -> at(root, LIST_TOPICS + "/responses").remove(
                        "503")),
                fault("GET /topics: 503 is not described by Error", root -> at(root, LIST_TOPICS
                        + "/responses/503/content/application~1json/schema").put("$ref",
                                "#/components/schemas/Topic")),
                fault("GET /topics/{topic}: parameter topic is not described", root -> at(root, GET_TOPIC
                        + "/parameters/0").remove("description")),
                fault("GET /topics/{topic}: no example of parameter topic", root -> at(root, GET_TOPIC
                        + "/parameters/0").remove("example")),
                fault("GET /topics/{topic}: {topic} is not declared", root -> at(root, GET_TOPIC).remove(
                        "parameters")),
                fault("POST /admin/topics: no example of a body of type application/json", root -> at(root,
                        CREATE_TOPIC + "/requestBody/content/application~1json").remove("examples")),
                fault("/things/: ends with a slash", root -> at(root, "/paths").set("/things/", root.at(
                        "/paths/~1topics").deepCopy())),
                fault("component Lonely is not used", root -> at(root, "/components/schemas").putObject("Lonely").put(
                        "type", "object")),
                fault("#/components/schemas/Nowhere leads nowhere", root -> at(root, LIST_TOPICS
                        + "/responses/200/content/application~1json/schema/items").put("$ref",
                                "#/components/schemas/Nowhere")),
                fault("component Topic: is no schema", root -> at(root, "/components/schemas/Topic").put("type",
                        "thing")),
                fault("example of component Broker/properties/id does not fit", root -> at(root,
                        "/components/schemas/Broker/properties/id").put("example", "zero")),
                fault("POST /admin/topics: example of application/json does not fit", root -> at(root, CREATE_TOPIC
                        + "/requestBody/content/application~1json/examples/three partitions/value").put("topic_name",
                                7)),
                fault("POST /topics/{topic}: example of application/x-ndjson does not fit", root -> at(root,
                        "/paths/~1topics~1{topic}/post/requestBody/content/application~1x-ndjson/examples/lines").put(
                                "value", "{\"value\":1}\n{\"partition\":\"x\"}\n")),
                fault("GET /topics/{topic}: no example of 404", root -> at(root, GET_TOPIC
                        + "/responses/404/content/application~1json").remove(List.of("example", "examples"))),
                fault("GET /topics/{topic}/events: example of text/event-stream does not fit", root -> at(root,
                        "/paths/~1topics~1{topic}~1events/get/responses/200/content/text~1event-stream").put("example",
                                "event: record\nid: x\ndata: {\"topic\":\"orders\"}\n\n")),
                fault("GET /topics/{topic}: the example of 404 tells of another status", root -> at(root, GET_TOPIC
                        + "/responses/404/content/application~1json").putObject("example").put("error_code", 409).put(
                                "message", "x").put("code", "X")));
    }

    private static Arguments fault(String expected, Consumer<ObjectNode> breaking) {
        return Arguments.of(expected, breaking);
    }

    private static ObjectNode at(JsonNode root, String pointer) {
        return (ObjectNode) root.at(pointer);
    }

    /** Method and path of each handler of a port. */
    static List<String> handled(ApplicationContext context) {
        return context.getBeansOfType(RequestMappingInfoHandlerMapping.class).values().stream().flatMap(
                mapping -> handled(mapping).stream()).sorted().toList();
    }

    static List<String> handled(RequestMappingInfoHandlerMapping mapping) {
        return mapping.getHandlerMethods().keySet().stream().flatMap(OpenApiDocumentTest::names).toList();
    }

    private static Stream<String> names(RequestMappingInfo mapping) {
        var methods = mapping.getMethodsCondition().getMethods();
        return mapping.getPatternValues().stream().flatMap(path -> methods.isEmpty() ? Stream.of(ANY_METHOD + " "
                + path)
                : methods.stream().map(method -> method + " " + path));
    }
}
