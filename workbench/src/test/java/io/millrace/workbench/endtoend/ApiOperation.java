package io.millrace.workbench.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * An operation as the OpenAPI document tells of it.
 *
 * @param name method and path: {@code GET /topics/{topic}}
 */
record ApiOperation(String name, String method, String path, JsonNode node) {

    /** A request as the document gives it. */
    record Example(String method, String address, Map<String, String> headers, @Nullable String contentType,
            @Nullable String body) {
        @Override
        public String toString() {
            return method + " " + address + (body == null ? "" : " " + contentType + " " + body);
        }
    }

    /** The statuses with which it refuses, without those of services that are away. */
    List<String> refusals() {
        return node.get("responses").propertyNames().stream().filter(status -> status.startsWith("4")).toList();
    }

    /** The example of a refusal; missing if there is none. */
    JsonNode refusal(String status) {
        JsonNode content = node.path("responses").path(status).path("content").path("application/json");
        return content.has("example") ? content.get("example")
                : content.path("examples").values().stream().findFirst().map(named -> named.path("value")).orElse(
                        content.path("example"));
    }

    /**
     * Each of its examples as it stands.
     *
     * @throws AssertionError when there is none for the body, one of its media types, or a parameter that must be there
     */
    List<Example> examples() {
        var headers = new LinkedHashMap<String, String>();
        var query = new ArrayList<String>();
        String address = path;
        for (JsonNode parameter : node.path("parameters")) {
            String parameterName = parameter.get("name").asString();
            if (parameter.has("example")) {
                String example = parameter.get("example").asString();
                switch (parameter.get("in").asString()) {
                    case "path" -> address = address.replace("{" + parameterName + "}", encoded(example));
                    case "query" -> query.add(encoded(parameterName) + "=" + encoded(example));
                    case "header" -> headers.put(parameterName, example);
                    default -> throw new AssertionError(name + ": a parameter in an unknown place: " + parameter);
                }
            } else if (parameter.path("required").asBoolean(false)) {
                throw new AssertionError(name + ": no example of its parameter " + parameterName);
            }
        }
        String target = query.isEmpty() ? address : address + "?" + String.join("&", query);
        return node.has("requestBody") ? bodies(target, headers)
                : List.of(new Example(method, target, headers, null, null));
    }

    private List<Example> bodies(String target, Map<String, String> headers) {
        var examples = new ArrayList<Example>();
        node.get("requestBody").path("content").properties().forEach(type -> {
            JsonNode bodies = type.getValue().path("examples");
            if (bodies.isEmpty()) {
                throw new AssertionError(name + ": no example of a body of type " + type.getKey());
            }
            bodies.properties().forEach(body -> {
                JsonNode value = body.getValue().get("value");
                examples.add(new Example(method, target, headers, type.getKey(), value.isString() ? value.asString()
                        : value.toString()));
            });
        });
        if (examples.isEmpty()) {
            throw new AssertionError(name + ": no example of its body");
        }
        return examples;
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, UTF_8).replace("+", "%20");
    }
}
