package io.millrace.gateway.edge;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;

/**
 * Refuses bodies over the limit when they are read, those announced as larger before anything is read, others when they get there, but for
 * those that are streamed; and takes forms for JSON.
 */
final class BodyLimitFilter implements Filter {
    private static final String CONTENT_TYPE = "Content-Type";
    private static final String FORM = "application/x-www-form-urlencoded";
    private static final String JSON = "application/json";

    private final long limitBytes;
    private final List<StreamedBodies> streamed;

    BodyLimitFilter(long limitBytes, List<StreamedBodies> streamed) {
        this.limitBytes = limitBytes;
        this.streamed = streamed;
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain) throws IOException,
            ServletException {
        var http = (HttpServletRequest) request;
        long announced = request.getContentLengthLong();
        boolean isLimited = streamed.stream().noneMatch(bodies -> bodies.areOf((HttpServletRequest) request));
        String contentType = request.getContentType();
        if (contentType != null && contentType.regionMatches(true, 0, FORM, 0, FORM.length())) {
            http = new NotAForm(http);
        }
        // In HTTP/2 every body may come without its length.
        boolean isOfAnyLength = announced < 0 && (http.getHeader("Transfer-Encoding") != null || http.getProtocol()
                .startsWith("HTTP/2"));
        if (isLimited && (isOfAnyLength || announced > limitBytes)) {
            http = new LimitedRequest(http, Math.max(0, announced));
        }
        chain.doFilter(http, response);
    }

    private RefusedException tooLarge() {
        return new RefusedException(ErrorCode.BODY_TOO_LARGE, "the body is larger than " + limitBytes + " bytes");
    }

    /** What {@code curl -d} calls its body unless told otherwise. No form is ever posted here, so it is not to be read as one. */
    private static final class NotAForm extends HttpServletRequestWrapper {
        private NotAForm(HttpServletRequest request) {
            super(request);
        }

        @Override
        public String getContentType() {
            return JSON;
        }

        @Override
        public String getHeader(String name) {
            return CONTENT_TYPE.equalsIgnoreCase(name) ? JSON : super.getHeader(name);
        }

        @Override
        public Enumeration<String> getHeaders(String name) {
            return CONTENT_TYPE.equalsIgnoreCase(name) ? Collections.enumeration(List.of(JSON))
                    : super.getHeaders(name);
        }
    }

    private final class LimitedRequest extends HttpServletRequestWrapper {
        private final long announcedBytes;

        private LimitedRequest(HttpServletRequest request, long announcedBytes) {
            super(request);
            this.announcedBytes = announcedBytes;
        }

        @Override
        public ServletInputStream getInputStream() throws IOException {
            return new LimitedStream(super.getInputStream(), announcedBytes);
        }
    }

    private final class LimitedStream extends ServletInputStream {
        private final ServletInputStream in;
        private final InputStream counted;
        /** That of a body announced as too large is so before anything is read: it is refused by the handler, in the words of its dialect. */
        private long readBytes;

        private LimitedStream(ServletInputStream in, long announcedBytes) {
            this.in = in;
            this.counted = new CountedInput(in, this::count);
            this.readBytes = announcedBytes;
        }

        @Override
        public int read() throws IOException {
            return counted.read();
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return counted.read(target, offset, length);
        }

        private void count(int more) {
            readBytes += more;
            if (readBytes > limitBytes) {
                throw tooLarge();
            }
        }

        @Override
        public boolean isFinished() {
            return in.isFinished();
        }

        @Override
        public boolean isReady() {
            return in.isReady();
        }

        @Override
        public void setReadListener(ReadListener listener) {
            in.setReadListener(listener);
        }
    }
}
