package io.millrace.gateway.events;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;

/**
 * A response that shares its connection with others (HTTP/2). That its client has reset the stream, or closed the connection, is learned
 * from the next write, which fails: Tomcat looks at the stream's state before it sends a frame.
 */
final class ResponseLine implements ClientLine {
    /** What is written before it is looked whether the line was cut off. */
    private static final int PIECE_BYTES = 8 * 1024;

    private final OutputStream out;
    private volatile boolean isCutOff;

    ResponseLine(HttpServletResponse response) throws IOException {
        this.out = response.getOutputStream();
    }

    @Override
    public void write(byte[] bytes, int length) throws IOException {
        for (int from = 0; from < length; from += PIECE_BYTES) {
            if (isCutOff) {
                throw new IOException("the stream was cut off");
            }
            out.write(bytes, from, Math.min(PIECE_BYTES, length - from));
        }
    }

    @Override
    public void flush() throws IOException {
        out.flush();
    }

    @Override
    public void finish() throws IOException {
        out.flush();
    }

    /** A write that waits goes on as long as Tomcat lets it: the connection is not ours to close. */
    @Override
    public void cutOff() {
        isCutOff = true;
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
