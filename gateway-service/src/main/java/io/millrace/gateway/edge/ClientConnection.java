package io.millrace.gateway.edge;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;
import org.jspecify.annotations.Nullable;

/**
 * The connection that a request came by. The servlet API does not tell that its client has left before something was written twice, for the
 * first write after the end of a connection succeeds.
 */
public final class ClientConnection {
    private static final String ATTRIBUTE = ClientConnection.class.getName();
    /** What Tomcat says when looking for more to read has failed. */
    private static final int READ_FAILED = 1;

    private final org.apache.coyote.Request request;

    private ClientConnection(org.apache.coyote.Request request) {
        this.request = request;
    }

    /** That of a request that came by way of {@link ConnectionValve}. */
    public static ClientConnection of(HttpServletRequest request) {
        if (request.getAttribute(ATTRIBUTE) instanceof ClientConnection connection) {
            return connection;
        }
        throw new IllegalStateException("nothing has noted the connection of this request");
    }

    /**
     * Whether the client has closed the connection, or its side of it. Only for the request's own thread. Of a request with a body it is not
     * known, and over HTTP/2 nothing needs to tell: there a write to a client that has left fails.
     */
    public boolean hasLeft() {
        // A single byte of a next request looks the same, but once.
        return !hasBody() && available() == READ_FAILED && available() == READ_FAILED;
    }

    /** Ends the connection, or over HTTP/2 the stream, without another byte. */
    public void drop() {
        request.action(ActionCode.CLOSE_NOW, null);
    }

    private boolean hasBody() {
        return request.getContentLengthLong() > 0 || request.getHeader("Transfer-Encoding") != null;
    }

    /** Reads without waiting. */
    private int available() {
        request.action(ActionCode.AVAILABLE, true);
        return request.getAvailable();
    }

    /** Keeps the connection with each request. */
    static final class ConnectionValve extends ValveBase {
        ConnectionValve() {
            super(true);
        }

        @Override
        public void invoke(Request request, @Nullable Response response) throws IOException, ServletException {
            request.setAttribute(ATTRIBUTE, new ClientConnection(request.getCoyoteRequest()));
            getNext().invoke(request, response);
        }
    }
}
