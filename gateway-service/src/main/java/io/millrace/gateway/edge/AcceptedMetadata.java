package io.millrace.gateway.edge;

import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.converter.HttpMessageConverter;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.servlet.mvc.method.annotation.ResponseBodyAdvice;

/** JSON by the name that programs for Kafka REST v2 give it, for those that ask for it by that name; plain JSON for all others. */
@RestControllerAdvice
class AcceptedMetadata implements ResponseBodyAdvice<Object> {
    private static final MediaType METADATA = MediaType.parseMediaType(ApiText.METADATA);

    @Override
    public boolean supports(MethodParameter handler, Class<? extends HttpMessageConverter<?>> converter) {
        return true;
    }

    @Override
    public @Nullable Object beforeBodyWrite(@Nullable Object body, MethodParameter handler, MediaType selected,
            Class<? extends HttpMessageConverter<?>> converter, ServerHttpRequest request,
            ServerHttpResponse response) {
        String accept = request.getHeaders().getFirst(HttpHeaders.ACCEPT);
        if (accept != null && accept.contains(ApiText.METADATA) && MediaType.APPLICATION_JSON.equals(selected)) {
            response.getHeaders().setContentType(METADATA);
        }
        return body;
    }
}
