package io.millrace.offset.api;

import io.millrace.common.error.ErrorBody;
import io.millrace.common.error.ErrorCode;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;
import tools.jackson.databind.json.JsonMapper;

/** Refuses bodies over the limit: by their announced length at once, without one after as much was read. */
@Component
final class BodyLimit extends OncePerRequestFilter {
    private final int maxBytes;
    private final JsonMapper json;

    BodyLimit(EdgeSettings settings, JsonMapper json) {
        this.maxBytes = Math.toIntExact(settings.maxBodySize().toBytes());
        this.json = json;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        long announcedBytes = request.getContentLengthLong();
        if (announcedBytes > maxBytes) {
            refuse(response);
        } else if (announcedBytes >= 0 || request.getHeader("Transfer-Encoding") == null) {
            chain.doFilter(request, response);
        } else {
            byte[] body = request.getInputStream().readNBytes(maxBytes + 1);
            if (body.length > maxBytes) {
                refuse(response);
            } else {
                chain.doFilter(new ReadRequest(request, body), response);
            }
        }
    }

    private void refuse(HttpServletResponse response) throws IOException {
        response.setStatus(ErrorCode.BODY_TOO_LARGE.httpStatus());
        response.setContentType(MediaType.APPLICATION_JSON_VALUE);
        json.writeValue(response.getOutputStream(),
                ErrorBody.of(ErrorCode.BODY_TOO_LARGE, "The body is larger than " + maxBytes + " bytes"));
    }

    /** A request whose body was read already. */
    private static final class ReadRequest extends HttpServletRequestWrapper {
        private final byte[] body;

        ReadRequest(HttpServletRequest request, byte[] body) {
            super(request);
            this.body = body;
        }

        @Override
        public ServletInputStream getInputStream() {
            return new ReadStream(new ByteArrayInputStream(body));
        }
    }

    private static final class ReadStream extends ServletInputStream {
        private final ByteArrayInputStream body;

        ReadStream(ByteArrayInputStream body) {
            this.body = body;
        }

        @Override
        public int read() {
            return body.read();
        }

        @Override
        public int read(byte[] buffer, int offset, int length) {
            return body.read(buffer, offset, length);
        }

        @Override
        public boolean isFinished() {
            return body.available() == 0;
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setReadListener(ReadListener listener) {
            throw new UnsupportedOperationException("The body is read already");
        }
    }
}
