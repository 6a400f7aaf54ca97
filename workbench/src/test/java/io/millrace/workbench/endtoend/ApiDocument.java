package io.millrace.workbench.endtoend;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The OpenAPI document of a running gateway: its operations, and whether an answer is what it says. */
final class ApiDocument {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch", "head", "options",
            "trace");
    private static final String EVENT_STREAM = "text/event-stream";
    private static final String LINES = "application/x-ndjson";
    private static final Pattern EVENT_STREAM_LINE = Pattern.compile("(event|data|id|retry): (.*)");
    /** Of the lines of a block of an event stream, those whose value the document describes as JSON. */
    private static final Set<String> JSON_LINES = Set.of("data", "retry");

    private final SortedMap<String, ApiOperation> operations = new TreeMap<>();
    private final Schema schemas;

    ApiDocument(String text) {
        JsonNode root = JSON.readTree(text);
        root.get("paths").properties().forEach(path -> path.getValue().properties().stream()
                .filter(method -> METHODS.contains(method.getKey()))
                .forEach(method -> {
                    String name = method.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey();
                    operations.put(name, new ApiOperation(name, method.getKey().toUpperCase(Locale.ROOT), path
                            .getKey(), method.getValue()));
                }));
        close(root);
        schemas = SchemaRegistry.withDefaultDialect(Dialects.getOpenApi31()).getSchema(root);
    }

    /** A field that a schema does not tell of is a misfit, unless it says that there may be others. */
    private static void close(JsonNode node) {
        if (node instanceof ObjectNode object && object.path("properties").isObject() && !object.has(
                "additionalProperties")) {
            object.put("additionalProperties", false);
        }
        node.values().forEach(ApiDocument::close);
    }

    /** By their names. */
    SortedMap<String, ApiOperation> operations() {
        return operations;
    }

    /** @throws AssertionError when there is none of the name */
    ApiOperation operation(String name) {
        ApiOperation operation = operations.get(name);
        if (operation == null) {
            throw new AssertionError("the document has no operation " + name);
        }
        return operation;
    }

    /** What of an answer is not as documented; nothing when it is a success as the document describes it. */
    List<String> misfits(ApiOperation operation, int status, String mediaType, String body) {
        return status / 100 == 2 ? misfitsOfAny(operation, status, mediaType, body)
                : List.of("status " + status + " is none of its successes");
    }

    /** The same of an answer that may be a refusal. */
    List<String> misfitsOfAny(ApiOperation operation, int status, String mediaType, String body) {
        JsonNode response = operation.node().path("responses").path(Integer.toString(status));
        if (response.isMissingNode()) {
            return List.of("status " + status + " is not documented");
        }
        JsonNode content = response.path("content");
        if (content.isEmpty()) {
            return body.isEmpty() ? List.of() : List.of("a body where none is documented");
        }
        if (!content.has(mediaType)) {
            return List.of("media type '" + mediaType + "' is none of " + content.propertyNames());
        }
        Schema schema = schemas.getSubSchema(SchemaLocation.of("#/paths/" + escaped(operation.path()) + "/" + operation
                .method().toLowerCase(Locale.ROOT) + "/responses/" + status + "/content/" + escaped(mediaType)
                + "/schema").getFragment());
        return misfits(schema, mediaType, body);
    }

    private static List<String> misfits(Schema schema, String mediaType, String body) {
        var misfits = new ArrayList<String>();
        var values = new ArrayList<JsonNode>();
        try {
            if (mediaType.equals(EVENT_STREAM)) {
                values.addAll(blocks(body, misfits));
                if (values.stream().noneMatch(block -> block.path("event").asString("").equals("record"))) {
                    misfits.add("no record");
                }
            } else if (mediaType.equals(LINES)) {
                body.lines().forEach(line -> values.add(JSON.readTree(line)));
            } else {
                // A stream of reports is values one after the other.
                try (JsonParser found = JSON.createParser(body)) {
                    while (found.nextToken() != null) {
                        values.add(found.readValueAsTree());
                    }
                }
            }
        } catch (JacksonException e) {
            misfits.add("no JSON: " + e.getOriginalMessage());
        }
        if (values.isEmpty()) {
            misfits.add("no value at all");
        }
        values.forEach(value -> schema.validate(value).forEach(error -> misfits.add(error.toString())));
        return misfits;
    }

    /** Each block of an event stream as an object of its lines, which is how the document describes it; comments count for nothing. */
    private static List<JsonNode> blocks(String body, List<String> misfits) {
        var blocks = new ArrayList<JsonNode>();
        for (String block : body.split("\n\n")) {
            ObjectNode lines = JSON.createObjectNode();
            for (String line : block.lines().filter(each -> !each.startsWith(":")).toList()) {
                Matcher parts = EVENT_STREAM_LINE.matcher(line);
                if (parts.matches()) {
                    lines.set(parts.group(1), JSON_LINES.contains(parts.group(1)) ? JSON.readTree(parts.group(2))
                            : JSON.getNodeFactory().stringNode(parts.group(2)));
                } else {
                    misfits.add("no line of an event stream: " + line);
                }
            }
            if (!lines.isEmpty()) {
                blocks.add(lines);
            }
        }
        return blocks;
    }

    private static String escaped(String key) {
        return key.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D").replace("+", "%2B");
    }
}
