package io.millrace.gateway.edge;

import java.io.IOException;
import java.util.Objects;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.apache.coyote.http11.Http11InputBuffer;
import org.apache.tomcat.util.res.StringManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers as JSON what Tomcat refuses before a request gets to Spring: malformed request lines, headers that are too large. */
public final class JsonErrorReportValve extends ErrorReportValve {
    private static final Logger LOG = LoggerFactory.getLogger(JsonErrorReportValve.class);

    /** Made by Tomcat, by this class' name. */
    public JsonErrorReportValve() {
        setShowReport(false);
        setShowServerInfo(false);
    }

    @Override
    protected void report(Request request, Response response, @Nullable Throwable throwable) {
        if (isOfLargeHeaders(throwable)) {
            response.setStatus(431);
        }
        int status = response.getStatus();
        if (status < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
            return;
        }
        byte[] body = ErrorAnswer.of(status, messageOf(status)).body();
        try {
            response.setContentType("application/json");
            response.setContentLength(body.length);
            response.getOutputStream().write(body);
            response.finishResponse();
        } catch (IOException | IllegalStateException e) {
            LOG.debug("The client did not take the answer {}", status, e);
        }
    }

    /** Which Tomcat tells from other malformed requests by its message alone. */
    private static boolean isOfLargeHeaders(@Nullable Throwable throwable) {
        return throwable instanceof IllegalArgumentException && Objects.equals(throwable.getMessage(), StringManager
                .getManager(Http11InputBuffer.class).getString("iib.requestheadertoolarge.error"));
    }

    private static String messageOf(int status) {
        return switch (status) {
            case 400 -> "malformed HTTP request";
            case 404 -> "nothing is here; see /swagger-ui.html";
            case 405 -> "the method is not allowed here";
            case 408 -> "the body did not come in time";
            case 413 -> "the body is too large";
            case 414 -> "the request's path is too long";
            case 417 -> "Expect may be 100-continue and nothing else";
            case 431 -> "the request's headers are too large";
            case 501 -> "unknown HTTP method";
            case 503 -> "the gateway is shutting down; try again";
            case 505 -> "unknown version of HTTP";
            default -> status < 500 ? "the request was refused" : "the gateway failed to answer";
        };
    }
}
