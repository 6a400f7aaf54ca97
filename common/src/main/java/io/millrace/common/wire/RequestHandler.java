package io.millrace.common.wire;

/** What a service does with requests. */
@FunctionalInterface
public interface RequestHandler {

    /**
     * Takes one request, on its connection's reader thread: the next request of the connection is read when this returns, so
     * whatever waits for something must answer later from another thread. Where the next request must not overtake it, see
     * {@link InboundRequest#holdNextBack}.
     *
     * <p>Records and other byte buffers of the request lie in a buffer that is used again as soon as this returns.
     *
     * <p>An exception becomes the request's error response.
     */
    void handle(InboundRequest request);
}
