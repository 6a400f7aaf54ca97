package io.millrace.common.web;

import io.millrace.common.database.PostgresFailures;
import io.millrace.common.error.ErrorBody;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.ServletWebRequest;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.method.annotation.HandlerMethodValidationException;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;
import org.springframework.web.util.DisconnectedClientHelper;

/**
 * Answers every failure of a service with an {@link ErrorBody}: the one place where refusals become HTTP. An answer that may be otherwise
 * later carries {@code Retry-After}.
 */
@RestControllerAdvice
public class ErrorAdvice extends ResponseEntityExceptionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ErrorAdvice.class);
    private static final String RETRY_AFTER_SECONDS = "1";

    @ExceptionHandler
    public ResponseEntity<Object> handleRefusal(RefusedException refusal) {
        return answer(ErrorBody.of(refusal.code(), Objects.requireNonNullElse(refusal.getMessage(), refusal.code()
                .name())),
                new HttpHeaders());
    }

    @ExceptionHandler
    public @Nullable ResponseEntity<Object> handleAnythingElse(Exception failure, WebRequest request) {
        var passing = PostgresFailures.refusal(failure);
        if (passing != null) {
            LOG.debug("PostgreSQL is away", failure);
            return handleRefusal(passing);
        }
        if (DisconnectedClientHelper.isClientDisconnectedException(failure)) {
            return null;
        }
        LOG.error("Failed: {}", request.getDescription(false), failure);
        return answer(ErrorBody.of(ErrorCode.INTERNAL, "The service failed; its log says why"), new HttpHeaders());
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleHttpMessageNotReadable(
            HttpMessageNotReadableException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        return handleRefusal(UnreadableBody.refusal(e.getCause()));
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleMethodArgumentNotValid(
            MethodArgumentNotValidException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        var fields = e.getBindingResult().getFieldErrors().stream().map(field -> field.getField() + " " + field
                .getDefaultMessage());
        var objects = e.getBindingResult().getGlobalErrors().stream().map(error -> String.valueOf(error
                .getDefaultMessage()));
        return invalid(Stream.concat(fields, objects).sorted().toList());
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleHandlerMethodValidationException(
            HandlerMethodValidationException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        return invalid(e.getParameterValidationResults().stream()
                .flatMap(parameter -> parameter.getResolvableErrors().stream()
                        .map(error -> parameter.getMethodParameter().getParameterName() + " " + error
                                .getDefaultMessage()))
                .sorted()
                .toList());
    }

    /** Everything that Spring MVC itself refuses: no such path or method, media types, parameters. */
    @Override
    protected @Nullable ResponseEntity<Object> handleExceptionInternal(
            Exception e, @Nullable Object body, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        if (request instanceof ServletWebRequest servlet && servlet.getResponse() != null && servlet.getResponse()
                .isCommitted()) {
            return null;
        }
        if (status.is5xxServerError()) {
            return handleAnythingElse(e, request);
        }
        return answer(new ErrorBody(status.value(), message(e, body, status, request), null, null), headers);
    }

    private static String message(Exception e, @Nullable Object body, HttpStatusCode status, WebRequest request) {
        if (status.value() == HttpStatus.NOT_FOUND.value() && request instanceof ServletWebRequest servlet) {
            return "There is nothing at " + servlet.getRequest().getRequestURI();
        }
        if (body instanceof ProblemDetail problem && problem.getDetail() != null) {
            return problem.getDetail();
        }
        return e instanceof org.springframework.web.ErrorResponse refused && refused.getBody().getDetail() != null
                ? refused.getBody().getDetail()
                : Objects.requireNonNullElse(HttpStatus.resolve(status.value()), HttpStatus.BAD_REQUEST)
                        .getReasonPhrase();
    }

    private ResponseEntity<Object> invalid(List<String> errors) {
        return answer(
                new ErrorBody(ErrorCode.INVALID_REQUEST.httpStatus(), String.join("; ", errors),
                        ErrorCode.INVALID_REQUEST, errors),
                new HttpHeaders());
    }

    private ResponseEntity<Object> answer(ErrorBody body, HttpHeaders headers) {
        var answer = ResponseEntity.status(body.errorCode()).headers(headers).contentType(MediaType.APPLICATION_JSON);
        if (body.code() != null && body.code().isRetriable()) {
            answer.header(HttpHeaders.RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        return answer.body(body);
    }
}
