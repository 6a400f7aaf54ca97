package io.millrace.offset.api;

import io.millrace.common.error.ErrorBody;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import tools.jackson.databind.json.JsonMapper;

/** Refuses bodies over the limit: by their announced length at once, without one as soon as they exceed it. */
@Component
final class BodyLimit extends OncePerRequestFilter {
    private final long maxBytes;
    private final JsonMapper json;

    BodyLimit(EdgeSettings settings, JsonMapper json) {
        this.maxBytes = settings.maxBodySize().toBytes();
        this.json = json;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        if (request.getContentLengthLong() > maxBytes) {
            response.setStatus(ErrorCode.BODY_TOO_LARGE.httpStatus());
            response.setContentType(MediaType.APPLICATION_JSON_VALUE);
            json.writeValue(response.getOutputStream(), ErrorBody.of(ErrorCode.BODY_TOO_LARGE, message()));
            return;
        }
        chain.doFilter(request.getContentLengthLong() >= 0 ? request : new CountedRequest(request), response);
    }

    private String message() {
        return "The body is larger than " + maxBytes + " bytes";
    }

    private final class CountedRequest extends HttpServletRequestWrapper {
        CountedRequest(HttpServletRequest request) {
            super(request);
        }

        @Override
        public ServletInputStream getInputStream() throws IOException {
            return new CountedStream(super.getInputStream());
        }
    }

    private final class CountedStream extends ServletInputStream {
        private final ServletInputStream body;
        private long readBytes;

        CountedStream(ServletInputStream body) {
            this.body = body;
        }

        @Override
        public int read() throws IOException {
            int value = body.read();
            count(value < 0 ? 0 : 1);
            return value;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int read = body.read(buffer, offset, length);
            count(Math.max(0, read));
            return read;
        }

        private void count(int bytes) {
            readBytes += bytes;
            if (readBytes > maxBytes) {
                throw new RefusedException(ErrorCode.BODY_TOO_LARGE, message());
            }
        }

        @Override
        public boolean isFinished() {
            return body.isFinished();
        }

        @Override
        public boolean isReady() {
            return body.isReady();
        }

        @Override
        public void setReadListener(ReadListener listener) {
            body.setReadListener(listener);
        }
    }
}
