package io.millrace.gateway.edge;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.json.MalformedJsonException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.apache.catalina.connector.ClientAbortException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.jdbc.CannotGetJdbcConnectionException;
import org.springframework.web.ErrorResponse;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.MissingServletRequestParameterException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;
import org.springframework.web.servlet.NoHandlerFoundException;
import org.springframework.web.servlet.resource.NoResourceFoundException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/** Turns whatever a handler threw into the JSON error answer; only what is a fault of ours is logged, and none shows its inside. */
@RestControllerAdvice
@Order(Ordered.HIGHEST_PRECEDENCE)
class ErrorAdvice {
    private static final Logger LOG = LoggerFactory.getLogger(ErrorAdvice.class);

    @ExceptionHandler
    void refused(RefusedException refusal, HttpServletResponse response) throws IOException {
        ErrorAnswer.of(refusal.code(), messageOf(refusal)).writeTo(response);
    }

    @ExceptionHandler
    void malformed(MalformedJsonException malformed, HttpServletResponse response) throws IOException {
        ErrorAnswer.of(ErrorCode.MALFORMED_BODY, messageOf(malformed) + " at byte " + malformed.position()).writeTo(
                response);
    }

    @ExceptionHandler
    void unreadable(HttpMessageNotReadableException unreadable, HttpServletResponse response) throws IOException {
        ErrorAnswer answer = switch (unreadable.getCause()) {
            case RefusedException refusal -> ErrorAnswer.of(refusal.code(), messageOf(refusal));
            case UnrecognizedPropertyException unknown -> ErrorAnswer.of(ErrorCode.MALFORMED_BODY, JacksonMessages
                    .unknownField(unknown));
            case JacksonException malformed when malformed.getCause() instanceof RefusedException refusal ->
                ErrorAnswer.of(refusal.code(), messageOf(refusal));
            case JacksonException malformed -> ErrorAnswer.of(ErrorCode.MALFORMED_BODY, JacksonMessages.of(malformed));
            case null, default -> ErrorAnswer.of(ErrorCode.MALFORMED_BODY, "the request needs a JSON body");
        };
        answer.writeTo(response);
    }

    @ExceptionHandler
    void wrongType(MethodArgumentTypeMismatchException mismatch, HttpServletResponse response) throws IOException {
        Class<?> type = mismatch.getRequiredType();
        String expected = type == null ? "another type"
                : type.isPrimitive() || Number.class.isAssignableFrom(type) ? "a number"
                        : type.getSimpleName();
        ErrorAnswer.of(ErrorCode.INVALID_REQUEST, mismatch.getName() + ": '" + mismatch.getValue() + "' is not "
                + expected)
                .writeTo(response);
    }

    @ExceptionHandler
    void missing(MissingServletRequestParameterException missing, HttpServletResponse response) throws IOException {
        ErrorAnswer.of(ErrorCode.INVALID_REQUEST, missing.getParameterName() + ": the query parameter is required")
                .writeTo(response);
    }

    @ExceptionHandler({NoHandlerFoundException.class, NoResourceFoundException.class})
    void unknownPath(HttpServletRequest request, HttpServletResponse response) throws IOException {
        ErrorAnswer.of(404, "nothing is at " + request.getMethod() + " " + request.getRequestURI()
                + "; see /swagger-ui.html")
                .writeTo(response);
    }

    @ExceptionHandler
    void wrongMethod(HttpRequestMethodNotSupportedException wrong, HttpServletRequest request,
            HttpServletResponse response)
            throws IOException {
        String[] supported = wrong.getSupportedMethods();
        if (supported != null) {
            response.setHeader("Allow", String.join(", ", supported));
        }
        ErrorAnswer.of(405, request.getRequestURI() + " does not take " + wrong.getMethod()
                + (supported == null ? "" : "; it takes " + String.join(", ", supported))).writeTo(response);
    }

    @ExceptionHandler({CannotGetJdbcConnectionException.class, DataAccessResourceFailureException.class})
    void databaseAway(HttpServletResponse response) throws IOException {
        ErrorAnswer.of(ErrorCode.UNAVAILABLE, "PostgreSQL does not answer; try again").writeTo(response);
    }

    @ExceptionHandler
    void interrupted(InterruptedException interrupted, HttpServletResponse response) throws IOException {
        Thread.currentThread().interrupt();
        ErrorAnswer.of(ErrorCode.UNAVAILABLE, "the gateway is shutting down; try again").writeTo(response);
    }

    @ExceptionHandler(ClientAbortException.class)
    void clientGone() {
        // Nobody is left to answer.
    }

    @ExceptionHandler
    void anythingElse(Exception exception, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        if (exception instanceof ErrorResponse known && known.getStatusCode().value() < 500) {
            String detail = known.getBody().getDetail();
            ErrorAnswer.of(known.getStatusCode().value(), detail == null ? "the request was not understood" : detail)
                    .writeTo(response);
            return;
        }
        LOG.error("{} {} failed", request.getMethod(), request.getRequestURI(), exception);
        ErrorAnswer.of(ErrorCode.INTERNAL, "the gateway failed to answer; its log says why").writeTo(response);
    }

    private static String messageOf(RuntimeException refusal) {
        String message = refusal.getMessage();
        return message == null ? "refused" : message;
    }
}
