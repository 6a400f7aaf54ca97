package io.millrace.gateway.events;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;

/**
 * A response that shares its connection with others (HTTP/2). That its client has reset the stream, or closed the connection, is learned
 * from the next write, which fails: Tomcat looks at the stream's state before it sends a frame.
 */
final class ResponseLine implements ClientLine {
    private final OutputStream out;

    ResponseLine(HttpServletResponse response) throws IOException {
        this.out = response.getOutputStream();
    }

    @Override
    public void write(byte[] bytes, int length) throws IOException {
        out.write(bytes, 0, length);
    }

    @Override
    public void flush() throws IOException {
        out.flush();
    }

    @Override
    public void finish() throws IOException {
        out.flush();
    }

    @Override
    public boolean hasLeft() {
        return false;
    }

    @Override
    public boolean tellsDeparture() {
        return false;
    }

    @Override
    public boolean hasLost() {
        return false;
    }
}
