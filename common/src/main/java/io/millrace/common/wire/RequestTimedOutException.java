package io.millrace.common.wire;

import java.io.IOException;
import java.time.Duration;

/** No answer came within the request's timeout; the broker may or may not have acted on it. */
public final class RequestTimedOutException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient BrokerEndpoint broker;

    RequestTimedOutException(BrokerEndpoint broker, String api, Duration timeout) {
        super(broker + ": no answer to " + api + " within " + timeout.toMillis() + " ms");
        this.broker = broker;
    }

    public BrokerEndpoint broker() {
        return broker;
    }
}
