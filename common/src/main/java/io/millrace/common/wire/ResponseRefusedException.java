package io.millrace.common.wire;

import java.io.IOException;

/** The broker has answered, and there was no memory for it. */
public final class ResponseRefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    public ResponseRefusedException(BrokerEndpoint broker, int sizeBytes) {
        super(broker + ": there was no memory for a response of " + sizeBytes + " bytes");
    }
}
