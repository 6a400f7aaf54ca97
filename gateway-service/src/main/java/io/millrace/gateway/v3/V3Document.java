package io.millrace.gateway.v3;

import io.millrace.common.error.ErrorCode;
import io.millrace.gateway.edge.ApiText;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.IntegerSchema;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.ObjectSchema;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.media.StringSchema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/** Says for all operations of the dialect what an error is, and gives them the cluster's own id, so that their examples work as they stand. */
@Component
@Order
class V3Document implements OpenApiCustomizer {
    private static final String ERROR = "V3Error";

    private final V3Clusters clusters;

    V3Document(V3Clusters clusters) {
        this.clusters = clusters;
    }

    @Override
    public void customise(OpenAPI document) {
        document.getComponents().addSchemas(ERROR, new ObjectSchema()
                .addProperty("error_code", new IntegerSchema().description(
                        "The HTTP status, or five digits for an error of Kafka's").example(
                                V3Error.UNKNOWN_TOPIC_OR_PARTITION))
                .addProperty("message", new StringSchema()));
        document.getPaths().forEach((path, item) -> {
            if (path.startsWith(V3ErrorBodies.PREFIX)) {
                item.readOperations().forEach(this::complete);
            }
        });
    }

    private void complete(Operation operation) {
        if (operation.getParameters() != null) {
            operation.getParameters().stream().filter(parameter -> parameter.getName().equals("cluster_id"))
                    .forEach(parameter -> parameter.setExample(clusters.image().clusterId()));
        }
        if (operation.getRequestBody() != null) {
            operation.getResponses().putIfAbsent("400", new ApiResponse().description(
                    "Malformed JSON, an unknown field, or a field that is missing or wrong"));
        }
        operation.getResponses().putIfAbsent("503", new ApiResponse().description(
                "A service that is needed is away; try again after `Retry-After`"));
        operation.getResponses().forEach((status, response) -> {
            if (status.startsWith("4") || status.startsWith("5")) {
                var type = new MediaType().schema(new Schema<>().$ref(Components.COMPONENTS_SCHEMAS_REF + ERROR));
                type.setExample(example(Integer.parseInt(status), String.valueOf(response.getDescription())));
                response.setContent(new Content().addMediaType(ApiText.JSON, type));
            }
        });
    }

    private Map<String, Object> example(int status, String description) {
        var example = new LinkedHashMap<String, Object>();
        boolean isKafka = description.contains("(" + status);
        switch (status) {
            case 404 -> {
                example.put("error_code", isKafka ? V3Error.UNKNOWN_TOPIC_OR_PARTITION : 404);
                example.put("message", isKafka ? V3Error.message(ErrorCode.UNKNOWN_TOPIC, "")
                        : "Cluster my-cluster cannot be found.");
            }
            case 503 -> {
                example.put("error_code", V3Error.NOT_AVAILABLE);
                example.put("message", "There is no controller at present");
            }
            default -> {
                example.put("error_code", isKafka ? V3Error.BAD_REQUEST_TO_KAFKA : status);
                example.put("message", description);
            }
        }
        return example;
    }
}
