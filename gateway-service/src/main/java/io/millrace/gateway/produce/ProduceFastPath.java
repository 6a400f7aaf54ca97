package io.millrace.gateway.produce;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.gateway.edge.ErrorAnswer;
import io.millrace.gateway.producer.ProducerMeters;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.SocketTimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

/**
 * POST of records to a plainly written {@code /topics/{topic}}, before any other filter and past Spring's dispatch: the latter costs more
 * than all of the gateway's own work on a record. Requests of web pages of other origins, and paths with escapes or parameters, go the
 * common way to {@link ProduceController}, which does the same.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
class ProduceFastPath extends HttpFilter {
    private static final long serialVersionUID = 1L;
    private static final Logger LOG = LoggerFactory.getLogger(ProduceFastPath.class);
    private static final String PREFIX = "/topics/";

    private final transient ProduceHandler handler;
    private final transient ProducerMeters meters;

    ProduceFastPath(ProduceHandler handler, ProducerMeters meters) {
        this.handler = handler;
        this.meters = meters;
    }

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        String path = request.getRequestURI();
        if (!path.startsWith(PREFIX) || !request.getMethod().equals("POST") || !isPlainName(path, PREFIX.length())
                || request.getHeader("Origin") != null) {
            chain.doFilter(request, response);
            return;
        }
        meters.direct();
        try {
            handler.produce(path.substring(PREFIX.length()), request, response);
        } catch (RefusedException refusal) {
            ErrorAnswer.of(refusal.code(), String.valueOf(refusal.getMessage())).writeTo(response);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            ErrorAnswer.of(ErrorCode.UNAVAILABLE, "the gateway is shutting down; try again").writeTo(response);
        } catch (IOException e) {
            if (!(e instanceof SocketTimeoutException || e.getCause() instanceof SocketTimeoutException)) {
                throw e;
            }
            ErrorAnswer.of(ErrorCode.BODY_TOO_SLOW, "the body did not come in time").writeTo(response);
        } catch (RuntimeException e) {
            LOG.error("Producing to {} failed", path, e);
            ErrorAnswer.of(ErrorCode.INTERNAL, "the gateway failed to answer; its log says why").writeTo(response);
        }
    }

    /** Of the characters that names of topics are made of, and at least one. */
    private static boolean isPlainName(String path, int start) {
        for (int i = start; i < path.length(); i++) {
            char c = path.charAt(i);
            boolean plain = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
                    || c == '.';
            if (!plain) {
                return false;
            }
        }
        return path.length() > start;
    }
}
