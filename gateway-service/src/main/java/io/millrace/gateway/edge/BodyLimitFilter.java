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
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** Refuses bodies over the limit: by their announced length before anything is read, others when they get there. */
final class BodyLimitFilter implements Filter {
    private final long limitBytes;

    BodyLimitFilter(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain) throws IOException,
            ServletException {
        long announced = request.getContentLengthLong();
        if (announced > limitBytes) {
            ErrorAnswer.of(ErrorCode.BODY_TOO_LARGE, tooLarge().getMessage()).writeTo((HttpServletResponse) response);
        } else if (announced < 0 && ((HttpServletRequest) request).getHeader("Transfer-Encoding") != null) {
            chain.doFilter(new LimitedRequest((HttpServletRequest) request), response);
        } else {
            chain.doFilter(request, response);
        }
    }

    private RefusedException tooLarge() {
        return new RefusedException(ErrorCode.BODY_TOO_LARGE, "the body is larger than " + limitBytes + " bytes");
    }

    private final class LimitedRequest extends HttpServletRequestWrapper {
        private LimitedRequest(HttpServletRequest request) {
            super(request);
        }

        @Override
        public ServletInputStream getInputStream() throws IOException {
            return new LimitedStream(super.getInputStream());
        }
    }

    private final class LimitedStream extends ServletInputStream {
        private final ServletInputStream in;
        private long readBytes;

        private LimitedStream(ServletInputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            int value = in.read();
            count(value < 0 ? 0 : 1);
            return value;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int read = in.read(target, offset, length);
            count(Math.max(0, read));
            return read;
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
