package io.millrace.gateway.answers;

import org.apache.coyote.CloseNowException;

/** A client takes too long for its answer. What Tomcat closes the connection at, or over HTTP/2 the stream: the answer stays a part. */
final class SlowClientException extends CloseNowException {
    private static final long serialVersionUID = 1L;

    SlowClientException(long takenMs) {
        super("the client has not taken its answer in " + takenMs + " ms");
    }
}
