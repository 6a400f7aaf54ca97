package io.millrace.gateway.edge;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.common.error.ErrorCode;
import io.millrace.gateway.json.JsonOutput;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;

/**
 * An error as HTTP knows it: {@code {"error_code","message"}}, with {@code Retry-After} where the same request may succeed later.
 *
 * @param status           HTTP status
 * @param message          what was wrong
 * @param code             its name
 * @param validationErrors one sentence for each field; absent when empty
 */
public record ErrorAnswer(int status, String message, ErrorCode code, List<String> validationErrors) {
    private static final String RETRY_AFTER_SECONDS = "1";

    public static ErrorAnswer of(ErrorCode code, String message) {
        return new ErrorAnswer(code.httpStatus(), message, code, code == ErrorCode.MALFORMED_BODY ? List.of(message)
                : List.of());
    }

    static ErrorAnswer of(int status, String message) {
        return new ErrorAnswer(status, message, codeOf(status), List.of());
    }

    /** The code of what HTTP itself refuses, before anything of ours is asked for. */
    static ErrorCode codeOf(int status) {
        return switch (status) {
            case 404 -> ErrorCode.NOT_FOUND;
            case 405 -> ErrorCode.METHOD_NOT_ALLOWED;
            case 408 -> ErrorCode.BODY_TOO_SLOW;
            case 413 -> ErrorCode.BODY_TOO_LARGE;
            case 431 -> ErrorCode.HEADERS_TOO_LARGE;
            case 503 -> ErrorCode.UNAVAILABLE;
            case 500 -> ErrorCode.INTERNAL;
            default -> ErrorCode.INVALID_REQUEST;
        };
    }

    public byte[] body() {
        var out = new JsonOutput(256);
        out.write("{\"error_code\":".getBytes(UTF_8));
        out.writeLong(status);
        out.write(",\"message\":".getBytes(UTF_8));
        out.writeString(message);
        out.write(",\"code\":".getBytes(UTF_8));
        out.writeString(code.name());
        for (int i = 0; i < validationErrors.size(); i++) {
            out.write(i == 0 ? ",\"validation_errors\":[".getBytes(UTF_8) : ",".getBytes(UTF_8));
            out.writeString(validationErrors.get(i));
        }
        if (!validationErrors.isEmpty()) {
            out.write(']');
        }
        out.write('}');
        byte[] body = new byte[out.size()];
        System.arraycopy(out.array(), 0, body, 0, body.length);
        return body;
    }

    /** Writes it, unless an answer is under way already. */
    public void writeTo(HttpServletResponse response) throws IOException {
        if (response.isCommitted()) {
            return;
        }
        response.resetBuffer();
        response.setStatus(status);
        response.setContentType("application/json");
        if (code.isRetriable()) {
            response.setHeader("Retry-After", RETRY_AFTER_SECONDS);
        }
        byte[] body = body();
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
        response.flushBuffer();
    }
}
