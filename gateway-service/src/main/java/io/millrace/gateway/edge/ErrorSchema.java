package io.millrace.gateway.edge;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The error answer as the OpenAPI document describes it. */
@Schema(name = "Error", description = "Every error has this shape, whatever refused the request.")
public record ErrorSchema(
        @JsonProperty("error_code") @Schema(description = "The HTTP status", example = "404") int errorCode,
        @Schema(description = "What was wrong and, where there is one, the remedy") String message,
        @Schema(description = "The reason's name, for programs", example = "UNKNOWN_TOPIC") String code,
        @JsonProperty("validation_errors") @Schema(description = "One sentence for each field that failed validation") @Nullable List<String> validationErrors) {}
