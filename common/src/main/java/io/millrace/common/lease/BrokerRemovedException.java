package io.millrace.common.lease;

/** An administrator removed the broker while its process stood still or was out of reach; only a new start makes it a member again. */
public final class BrokerRemovedException extends RegistrationEndedException {
    private static final long serialVersionUID = 1L;

    BrokerRemovedException(String message) {
        super(message);
    }
}
