package io.millrace.gateway.v3;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.common.error.ErrorBody;
import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.servlet.mvc.method.annotation.ResponseBodyAdvice;

/** Gives errors below {@code /v3/} their other form, whatever refused the request: {@code {"error_code","message"}} and nothing else. */
@RestControllerAdvice
class V3ErrorBodies implements ResponseBodyAdvice<Object> {
    /** Every path of the dialect begins so. */
    static final String PREFIX = "/v3/clusters";

    record Body(@JsonProperty("error_code") int errorCode, String message) {}

    @Override
    public boolean supports(MethodParameter returnType, Class<? extends HttpMessageConverter<?>> converterType) {
        return true;
    }

    @Override
    public @Nullable Object beforeBodyWrite(@Nullable Object body, MethodParameter returnType, MediaType contentType,
            Class<? extends HttpMessageConverter<?>> converterType, ServerHttpRequest request,
            ServerHttpResponse response) {
        if (!(body instanceof ErrorBody error) || error.code() == null || !request.getURI().getRawPath().startsWith(
                PREFIX)) {
            return body;
        }
        var told = V3Error.of(error.code());
        // What Spring refuses has a status that the code does not always have, such as 415.
        boolean known = error.code().httpStatus() == error.errorCode();
        if (known) {
            response.setStatusCode(HttpStatus.valueOf(told.status()));
        }
        return new Body(known ? told.errorCode() : error.errorCode(), V3Error.message(error.code(), error.message()));
    }
}
