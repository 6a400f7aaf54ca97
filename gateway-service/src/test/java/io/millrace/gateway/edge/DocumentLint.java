package io.millrace.gateway.edge;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import io.swagger.v3.parser.OpenAPIV3Parser;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Finds the faults of an OpenAPI document: those of its structure as Swagger's parser sees it, schemas that are none, examples that do not
 * fit theirs, and what a reader or a generator of clients would miss.
 */
final class DocumentLint {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final String META_SCHEMA = "https://json-schema.org/draft/2020-12/schema";
    private static final String COMPONENTS = "/components/schemas/";
    private static final String EVENT_STREAM = "text/event-stream";
    private static final Pattern OPERATION_ID = Pattern.compile("[a-z][A-Za-z0-9]*");
    private static final Pattern PATH_PARAMETER = Pattern.compile("\\{([^}]+)}");

    private final JsonNode root;
    private final Schema document;
    private final List<String> faults = new ArrayList<>();

    private DocumentLint(String text) {
        root = JSON.readTree(text);
        document = SchemaRegistry.withDefaultDialect(Dialects.getOpenApi31()).getSchema(root);
    }

    /** One sentence for each fault. */
    static List<String> faults(String document) {
        var lint = new DocumentLint(document);
        lint.faults.addAll(new OpenAPIV3Parser().readContents(document).getMessages());
        boolean isWhole = lint.references();
        lint.paths();
        lint.tags();
        if (isWhole) {
            lint.root.at("/components/schemas").properties().forEach(schema -> lint.component(schema.getKey(), schema
                    .getValue()));
            lint.operations((name, pointer, operation) -> lint.examples(name, pointer, operation));
        }
        return lint.faults;
    }

    private interface OperationRule {
        void check(String name, String pointer, JsonNode operation);
    }

    private void operations(OperationRule rule) {
        root.path("paths").properties().forEach(path -> path.getValue().properties().forEach(operation -> rule.check(
                operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(),
                "/paths/" + escaped(path.getKey()) + "/" + operation.getKey(), operation.getValue())));
    }

    private void require(boolean isSo, String otherwise) {
        if (!isSo) {
            faults.add(otherwise);
        }
    }

    private void paths() {
        root.path("paths").propertyNames().forEach(path -> require(path.equals("/") || !path.endsWith("/"), path
                + ": ends with a slash"));
        Set<String> ids = new HashSet<>();
        operations((name, _, operation) -> {
            String id = operation.path("operationId").asString("");
            require(OPERATION_ID.matcher(id).matches(), name + ": '" + id + "' is no operationId");
            require(ids.add(id), name + ": another operation is called " + id + ", too");
            require(!operation.path("summary").asString("").isBlank(), name + ": no summary");
            require(!operation.path("description").asString("").isBlank(), name + ": no description");
            parameters(name, operation);
            body(name, operation);
            answers(name, operation.path("responses"));
        });
    }

    private void parameters(String name, JsonNode operation) {
        Set<String> declared = new HashSet<>();
        for (JsonNode parameter : operation.path("parameters")) {
            String parameterName = parameter.path("name").asString("");
            require(!parameter.path("description").asString("").isBlank(), name + ": parameter " + parameterName
                    + " is not described");
            require(parameter.has("example") || !parameter.path("required").asBoolean(false), name
                    + ": no example of parameter " + parameterName);
            if (parameter.path("in").asString("").equals("path")) {
                declared.add(parameterName);
            }
        }
        Matcher inPath = PATH_PARAMETER.matcher(name);
        while (inPath.find()) {
            require(declared.remove(inPath.group(1)), name + ": {" + inPath.group(1) + "} is not declared");
        }
        declared.forEach(parameter -> faults.add(name + ": " + parameter + " is not in the path"));
    }

    private void body(String name, JsonNode operation) {
        boolean takesBody = name.startsWith("POST ") || name.startsWith("PUT ") || name.startsWith("PATCH ");
        require(operation.has("requestBody") == takesBody, name + (takesBody ? ": no body" : ": has a body"));
        operation.path("requestBody").path("content").properties().forEach(type -> require(!type.getValue().path(
                "examples").isEmpty(), name + ": no example of a body of type " + type.getKey()));
    }

    private void answers(String name, JsonNode responses) {
        require(responses.propertyNames().stream().anyMatch(status -> status.startsWith("2")), name
                + ": no answer that is a success");
        require(responses.propertyNames().stream().anyMatch(DocumentLint::isError), name
                + ": no answer that is an error");
        responses.properties().forEach(response -> {
            String status = response.getKey();
            JsonNode content = response.getValue().path("content");
            require(!response.getValue().path("description").asString("").isBlank(), name + ": " + status
                    + " is not described");
            require(content.isEmpty() == (status.equals("204") || status.startsWith("3")), name + ": " + status
                    + " has a body or none");
            require(!content.has("*/*"), name + ": " + status + " is of any media type");
            if (isError(status)) {
                error(name, status, content);
            }
        });
    }

    private void error(String name, String status, JsonNode content) {
        boolean isV3 = name.contains(" /v3/");
        String schema = isV3 ? "V3Error" : "Error";
        content.forEach(type -> {
            require(type.path("schema").path("$ref").asString("").endsWith(COMPONENTS + schema), name + ": " + status
                    + " is not described by " + schema);
            List<JsonNode> examples = new ArrayList<>(type.path("examples").findValues("value"));
            examples.add(type.path("example"));
            require(examples.stream().anyMatch(JsonNode::isObject), name + ": no example of " + status);
            examples.stream().filter(JsonNode::isObject).forEach(example -> require(example.path("error_code")
                    .asString("").startsWith(status), name + ": the example of " + status
                            + " tells of another status"));
        });
    }

    private static boolean isError(String status) {
        return status.startsWith("4") || status.startsWith("5");
    }

    private void tags() {
        Set<String> unused = new HashSet<>();
        root.path("tags").forEach(tag -> {
            unused.add(tag.path("name").asString(""));
            require(!tag.path("description").asString("").isBlank(), "tag '" + tag.path("name").asString("")
                    + "' is not described");
        });
        Set<String> declared = Set.copyOf(unused);
        operations((name, _, operation) -> {
            require(operation.path("tags").size() == 1, name + ": has not exactly one tag");
            operation.path("tags").forEach(tag -> {
                require(declared.contains(tag.asString()), name + ": tag '" + tag.asString() + "' is not declared");
                unused.remove(tag.asString());
            });
        });
        unused.forEach(tag -> faults.add("tag '" + tag + "' is no operation's"));
    }

    /** Whether all of them lead somewhere. */
    private boolean references() {
        Map<String, JsonNode> unused = new HashMap<>();
        root.at("/components/schemas").properties().forEach(schema -> unused.put(schema.getKey(), schema.getValue()));
        List<JsonNode> toFollow = new ArrayList<>(List.of(root.path("paths")));
        boolean isWhole = true;
        while (!toFollow.isEmpty()) {
            for (JsonNode reference : toFollow.removeLast().findValues("$ref")) {
                String pointer = reference.asString().substring(1);
                if (root.at(pointer).isMissingNode()) {
                    isWhole = false;
                    faults.add(reference.asString() + " leads nowhere");
                } else {
                    JsonNode found = unused.remove(pointer.substring(COMPONENTS.length()));
                    if (found != null) {
                        toFollow.add(found);
                    }
                }
            }
        }
        unused.keySet().forEach(name -> faults.add("component " + name + " is not used"));
        return isWhole;
    }

    private void component(String name, JsonNode schema) {
        var misfits = SchemaRegistry.withDefaultDialect(Dialects.getDraft202012()).getSchema(SchemaLocation.of(
                META_SCHEMA)).validate(schema);
        if (misfits.isEmpty()) {
            schemaExamples(name, schema);
        } else {
            faults.add("component " + name + ": is no schema: " + misfits);
        }
    }

    private void schemaExamples(String place, JsonNode schema) {
        if (schema.has("example")) {
            fits("example of component " + place, COMPONENTS + place, "", schema.get("example"));
        }
        schema.path("properties").properties().forEach(property -> schemaExamples(place + "/properties/" + escaped(
                property.getKey()), property.getValue()));
        if (schema.path("items").isObject()) {
            schemaExamples(place + "/items", schema.get("items"));
        }
    }

    private void examples(String name, String pointer, JsonNode operation) {
        JsonNode parameters = operation.path("parameters");
        for (int i = 0; i < parameters.size(); i++) {
            if (parameters.get(i).has("example")) {
                fits(name + ": example of parameter " + parameters.get(i).get("name").asString(), pointer
                        + "/parameters/" + i + "/schema", "", parameters.get(i).get("example"));
            }
        }
        content(name, pointer + "/requestBody", operation.path("requestBody"));
        operation.path("responses").properties().forEach(response -> content(name, pointer + "/responses/" + response
                .getKey(), response.getValue()));
    }

    private void content(String name, String pointer, JsonNode body) {
        body.path("content").properties().forEach(type -> {
            String what = name + ": example of " + type.getKey();
            String schema = pointer + "/content/" + escaped(type.getKey()) + "/schema";
            if (type.getValue().has("example")) {
                fits(what, schema, type.getKey(), type.getValue().get("example"));
            }
            type.getValue().path("examples").forEach(example -> fits(what, schema, type.getKey(), example.get(
                    "value")));
        });
    }

    /** An example that is text of a JSON type is one value after the other, such as lines, and one of an event stream its blocks: each must fit. */
    private void fits(String what, String pointer, String mediaType, JsonNode example) {
        Schema schema = document.getSubSchema(SchemaLocation.of("#" + pointer.replace("{", "%7B").replace("}", "%7D")
                .replace("+", "%2B")).getFragment());
        try {
            List<JsonNode> values = !example.isString() ? List.of(example)
                    : mediaType.endsWith("json") ? values(example.asString())
                            : mediaType.equals(EVENT_STREAM) ? blocks(example.asString()) : List.of(example);
            for (JsonNode value : values) {
                var misfits = schema.validate(value);
                require(misfits.isEmpty(), what + " does not fit: " + misfits);
            }
        } catch (JacksonException e) {
            faults.add(what + " does not fit: " + e.getOriginalMessage());
        }
    }

    /** Each block of an event stream as an object of its lines. */
    private static List<JsonNode> blocks(String text) {
        List<JsonNode> blocks = new ArrayList<>();
        for (String block : text.strip().split("\n\n")) {
            ObjectNode lines = JSON.createObjectNode();
            block.lines().map(line -> line.split(": ", 2)).forEach(line -> {
                boolean isJson = line[0].equals("data") || line[0].equals("retry");
                lines.set(line[0], isJson ? JSON.readTree(line[1]) : JSON.getNodeFactory().stringNode(line[1]));
            });
            blocks.add(lines);
        }
        return blocks;
    }

    private static List<JsonNode> values(String text) {
        List<JsonNode> values = new ArrayList<>();
        try (JsonParser found = JSON.createParser(text)) {
            while (found.nextToken() != null) {
                values.add(found.readValueAsTree());
            }
        }
        return values;
    }

    private static String escaped(String key) {
        return key.replace("~", "~0").replace("/", "~1");
    }
}
