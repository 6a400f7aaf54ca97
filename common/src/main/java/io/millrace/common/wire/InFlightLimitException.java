package io.millrace.common.wire;

import java.io.IOException;

/** Too many requests on the connection are unanswered; this one was not sent. */
public final class InFlightLimitException extends IOException {
    private static final long serialVersionUID = 1L;

    InFlightLimitException(BrokerEndpoint broker, int limit) {
        super(broker + ": " + limit + " requests are unanswered, which is the limit");
    }
}
