package io.millrace.gateway.edge;

import io.millrace.common.error.ErrorCode;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.Paths;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.responses.ApiResponses;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springframework.stereotype.Component;

/**
 * Says once for all operations what holds of each: errors have one shape, a body may be malformed, a service may be away. Paths come in
 * alphabetical order, since that of the handlers' beans is anyone's guess.
 */
@Component
class DocumentCompletion implements OpenApiCustomizer {
    /** What is the same wherever it is in a path. */
    private static final Map<String, String> PARAMETERS = Map.ofEntries(
            Map.entry("topic", "Name of the topic"), Map.entry("topic_name", "Name of the topic"),
            Map.entry("partition", "Number of the partition, from 0 on"),
            Map.entry("partition_id", "Number of the partition, from 0 on"),
            Map.entry("group", "Name of the group"), Map.entry("consumer_group_id", "Name of the group"),
            Map.entry("instance", "Name of the consumer instance"), Map.entry("consumer_id",
                    "Member id of the consumer; of an HTTP consumer the name of its instance"),
            Map.entry("broker", "Id of the broker"), Map.entry("broker_id", "Id of the broker"),
            Map.entry("cluster_id", "Id of the cluster, as `/v3/clusters` tells it"),
            Map.entry("name", "Name of the setting, as Kafka calls it"));

    /** By operation and status, where another reason than that of the operation's kind comes first. */
    private static final Map<String, ErrorCode> CODES = Map.ofEntries(
            Map.entry("addPartitions 409", ErrorCode.TOO_FEW_BROKERS),
            Map.entry("addPartitions 422", ErrorCode.INVALID_PARTITIONS),
            Map.entry("commit 409", ErrorCode.FENCED_MEMBER_EPOCH),
            Map.entry("commitLastConsumed 409", ErrorCode.FENCED_MEMBER_EPOCH),
            Map.entry("createConsumer 409", ErrorCode.INSTANCE_EXISTS),
            Map.entry("reassign 404", ErrorCode.UNKNOWN_PARTITION),
            Map.entry("records 409", ErrorCode.POLL_SUPERSEDED),
            Map.entry("setReplicationFactor 422", ErrorCode.INVALID_REPLICATION_FACTOR));

    @Override
    public void customise(OpenAPI document) {
        var paths = new Paths();
        new TreeMap<>(document.getPaths()).forEach(paths::addPathItem);
        document.setPaths(paths);
        paths.values().forEach(path -> path.readOperations().forEach(DocumentCompletion::complete));
    }

    private static void complete(Operation operation) {
        if (operation.getParameters() != null) {
            operation.getParameters().stream().filter(parameter -> parameter.getDescription() == null)
                    .forEach(parameter -> parameter.setDescription(PARAMETERS.get(parameter.getName())));
        }
        ApiResponses responses = operation.getResponses();
        if (operation.getRequestBody() != null) {
            responses.putIfAbsent("400", new ApiResponse().description(
                    "Malformed JSON, an unknown field, or a field that is missing or wrong"));
        }
        if (operation.getRequestBody() != null) {
            responses.putIfAbsent("415", new ApiResponse().description(
                    "Another `Content-Encoding` than the operation takes: `Accept-Encoding` names it"));
        }
        responses.putIfAbsent("503", new ApiResponse().description(
                "A service that is needed is away; try again after `Retry-After`"));
        responses.forEach((status, response) -> {
            boolean isError = status.startsWith("4") || status.startsWith("5");
            if (isError && (response.getContent() == null || response.getContent().isEmpty())) {
                response.setContent(new Content().addMediaType(ApiText.JSON, new MediaType().schema(
                        new Schema<>().$ref(Components.COMPONENTS_SCHEMAS_REF + "Error"))));
            }
            ErrorCode code = isError ? code(operation, status) : null;
            if (code != null) {
                response.getContent().values().forEach(type -> addExample(type, response.getDescription(), code));
            }
        });
    }

    /** Without one of its own, Swagger UI would show the schema's, which is of another error. */
    private static void addExample(MediaType type, String message, ErrorCode code) {
        if (type.getExample() == null && type.getExamples() == null) {
            var example = new LinkedHashMap<String, Object>();
            example.put("error_code", code.httpStatus());
            example.put("message", message);
            example.put("code", code.name());
            type.setExample(example);
        }
    }

    /** What the status means in the operation, or what it means there first; null where nothing is known of it. */
    private static @Nullable ErrorCode code(Operation operation, String status) {
        ErrorCode own = CODES.get(operation.getOperationId() + " " + status);
        String tag = operation.getTags().getFirst();
        return own != null ? own : switch (status) {
            case "400" -> operation.getRequestBody() == null ? ErrorCode.INVALID_REQUEST : ErrorCode.MALFORMED_BODY;
            case "404" -> switch (tag) {
                case ApiText.CONSUMERS -> ErrorCode.UNKNOWN_INSTANCE;
                case ApiText.GROUPS -> ErrorCode.UNKNOWN_GROUP;
                case ApiText.CLUSTER -> ErrorCode.UNKNOWN_BROKER;
                default -> ErrorCode.UNKNOWN_TOPIC;
            };
            case "406" -> ErrorCode.FORMAT_MISMATCH;
            case "409" -> switch (tag) {
                case ApiText.TOPICS -> ErrorCode.TOPIC_EXISTS;
                case ApiText.GROUPS -> ErrorCode.GROUP_NOT_EMPTY;
                case ApiText.CLUSTER -> ErrorCode.TOO_FEW_BROKERS;
                case ApiText.CONSUMERS -> ErrorCode.SUBSCRIPTION_CONFLICT;
                default -> null;
            };
            case "413" -> ErrorCode.RECORD_TOO_LARGE;
            case "415" -> ErrorCode.UNSUPPORTED_MEDIA_TYPE;
            case "422" -> switch (tag) {
                case ApiText.TOPICS -> ErrorCode.INVALID_CONFIG;
                case ApiText.RECORDS -> ErrorCode.INVALID_RECORD;
                default -> ErrorCode.INVALID_SETTING;
            };
            case "429" -> ErrorCode.TOO_MANY;
            case "503" -> ErrorCode.UNAVAILABLE;
            default -> null;
        };
    }
}
