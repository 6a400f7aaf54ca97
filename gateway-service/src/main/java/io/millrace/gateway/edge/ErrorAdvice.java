package io.millrace.gateway.edge;

import io.millrace.common.error.ErrorBody;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.json.MalformedJsonException;
import jakarta.servlet.http.HttpServletResponse;
import java.net.SocketTimeoutException;
import java.util.List;
import org.apache.coyote.CloseNowException;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.ServletWebRequest;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;

/** The errors that all services have, and those of the gateway's own. Before springdoc's advice, which takes more than is its own. */
@RestControllerAdvice
@Order(Ordered.HIGHEST_PRECEDENCE)
class ErrorAdvice extends io.millrace.common.web.ErrorAdvice {
    /** The one sentence there is of a body that is refused is in the list of them, too, which programs for the bridge show. */
    @Override
    @ExceptionHandler
    public ResponseEntity<Object> handleRefusal(RefusedException refusal) {
        ResponseEntity<Object> answer = super.handleRefusal(refusal);
        return refusal.code() == ErrorCode.MALFORMED_BODY ? validated(answer) : answer;
    }

    private static ResponseEntity<Object> validated(ResponseEntity<Object> answer) {
        return answer.getBody() instanceof ErrorBody error && error.validationErrors() == null
                ? ResponseEntity.status(answer.getStatusCode()).headers(answer.getHeaders()).body(new ErrorBody(error
                        .errorCode(), error.message(), error.code(), List.of(error.message())))
                : answer;
    }

    @ExceptionHandler
    ResponseEntity<Object> malformed(MalformedJsonException malformed) {
        return handleRefusal(new RefusedException(ErrorCode.MALFORMED_BODY, malformed.getMessage() + " at byte "
                + malformed.position()));
    }

    @ExceptionHandler
    ResponseEntity<Object> wrongType(MethodArgumentTypeMismatchException mismatch) {
        Class<?> type = mismatch.getRequiredType();
        boolean number = type != null && (type.isPrimitive() || Number.class.isAssignableFrom(type));
        return handleRefusal(new RefusedException(ErrorCode.INVALID_REQUEST, mismatch.getName() + ": '" + mismatch
                .getValue() + "' is not "
                + (number ? "a whole number within its range" : "of the right type")));
    }

    @ExceptionHandler
    ResponseEntity<Object> interrupted(InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return handleRefusal(new RefusedException(ErrorCode.UNAVAILABLE, "the gateway is shutting down; try again"));
    }

    /** Its answer is under way: only the end of the connection tells the client that it is not whole. */
    @ExceptionHandler
    void cutOff(CloseNowException unfinished) throws CloseNowException {
        throw unfinished;
    }

    /** Behind a part of an answer there is no other: the fault goes on to the container, which cuts the connection. */
    @Override
    public @Nullable ResponseEntity<Object> handleAnythingElse(Exception failure, WebRequest request) {
        if (failure instanceof RuntimeException unexpected && request instanceof ServletWebRequest servlet && servlet
                .getResponse() instanceof HttpServletResponse response && response.isCommitted()) {
            throw unexpected;
        }
        return super.handleAnythingElse(failure, request);
    }

    /** Every answer of the gateway has a code, also to what Spring refuses. */
    @Override
    protected @Nullable ResponseEntity<Object> handleExceptionInternal(Exception failure, @Nullable Object body,
            HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        ResponseEntity<Object> answer = super.handleExceptionInternal(failure, body, headers, status, request);
        return answer != null && answer.getBody() instanceof ErrorBody error && error.code() == null
                ? ResponseEntity.status(answer.getStatusCode()).headers(answer.getHeaders()).body(new ErrorBody(error
                        .errorCode(), error.message(), ErrorAnswer.codeOf(error.errorCode()), error.validationErrors()))
                : answer;
    }

    /** A refusal that the body's own stream threw, at its limit, comes wrapped in what reads the stream. */
    @Override
    protected @Nullable ResponseEntity<Object> handleHttpMessageNotReadable(HttpMessageNotReadableException unreadable,
            HttpHeaders headers,
            HttpStatusCode status, WebRequest request) {
        for (Throwable cause = unreadable.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof RefusedException refusal) {
                return handleRefusal(refusal);
            }
            if (cause instanceof SocketTimeoutException) {
                return handleRefusal(new RefusedException(ErrorCode.BODY_TOO_SLOW, "the body did not come in time"));
            }
        }
        ResponseEntity<Object> answer = super.handleHttpMessageNotReadable(unreadable, headers, status, request);
        return answer == null ? null : validated(answer);
    }
}
