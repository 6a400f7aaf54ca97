package io.millrace.common.error;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The body of every HTTP error.
 *
 * @param errorCode        the HTTP status
 * @param message          what was wrong and, where there is one, the remedy
 * @param code             the name of the {@link ErrorCode}; services read it, clients may
 * @param validationErrors one sentence per field that failed validation, absent otherwise
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ErrorBody(
        @JsonProperty("error_code") int errorCode,
        String message,
        @Nullable ErrorCode code,
        @JsonProperty("validation_errors") @Nullable List<String> validationErrors) {

    public static ErrorBody of(ErrorCode code, String message) {
        return new ErrorBody(code.httpStatus(), message, code, null);
    }
}
