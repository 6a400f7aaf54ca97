package io.millrace.common.wire;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** There is no connection to the broker, or it was lost before the answer came. */
public final class DisconnectedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient BrokerEndpoint broker;

    DisconnectedException(BrokerEndpoint broker, String reason, @Nullable Throwable cause) {
        super(broker + ": " + reason, cause);
        this.broker = broker;
    }

    public BrokerEndpoint broker() {
        return broker;
    }
}
