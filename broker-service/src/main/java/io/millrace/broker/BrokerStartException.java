package io.millrace.broker;

import org.jspecify.annotations.Nullable;

/** Why the broker cannot start, in a sentence for the operator. */
final class BrokerStartException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BrokerStartException(String reason, @Nullable Throwable cause) {
        super(reason, cause);
    }
}
