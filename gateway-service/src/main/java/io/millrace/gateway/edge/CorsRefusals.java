package io.millrace.gateway.edge;

import java.io.IOException;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.web.cors.DefaultCorsProcessor;

/** Refuses what a page of another origin may not do, in the form that all errors have. */
final class CorsRefusals extends DefaultCorsProcessor {
    @Override
    protected void rejectRequest(ServerHttpResponse response) throws IOException {
        response.setStatusCode(HttpStatus.FORBIDDEN);
        response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
        response.getBody().write(ErrorAnswer.of(HttpStatus.FORBIDDEN.value(),
                "pages of this origin may not send such a request (millrace.gateway.cors)").body());
        response.flush();
    }
}
