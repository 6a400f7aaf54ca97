package io.millrace.gateway.edge;

import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.Paths;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.responses.ApiResponses;
import java.util.TreeMap;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springframework.stereotype.Component;

/**
 * Says once for all operations what holds of each: errors have one shape, a body may be malformed, a service may be away. Paths come in
 * alphabetical order, since that of the handlers' beans is anyone's guess.
 */
@Component
class DocumentCompletion implements OpenApiCustomizer {
    @Override
    public void customise(OpenAPI document) {
        var paths = new Paths();
        new TreeMap<>(document.getPaths()).forEach(paths::addPathItem);
        document.setPaths(paths);
        paths.values().forEach(path -> path.readOperations().forEach(DocumentCompletion::complete));
    }

    private static void complete(Operation operation) {
        ApiResponses responses = operation.getResponses();
        if (operation.getRequestBody() != null) {
            responses.putIfAbsent("400", new ApiResponse().description(
                    "Malformed JSON, an unknown field, or a field that is missing or wrong"));
        }
        responses.putIfAbsent("503", new ApiResponse().description(
                "A service that is needed is away; try again after `Retry-After`"));
        responses.forEach((status, response) -> {
            boolean isError = status.startsWith("4") || status.startsWith("5");
            if (isError && (response.getContent() == null || response.getContent().isEmpty())) {
                response.setContent(new Content().addMediaType(ApiText.JSON, new MediaType().schema(
                        new Schema<>().$ref(Components.COMPONENTS_SCHEMAS_REF + "Error"))));
            }
        });
    }
}
