package io.millrace.common.lease;

/** A broker is no member of the cluster any more while its process runs, and cannot become one again by itself: the process is to end. */
public abstract sealed class RegistrationEndedException extends RuntimeException
        permits BrokerIdInUseException, BrokerRemovedException {
    private static final long serialVersionUID = 1L;

    RegistrationEndedException(String message) {
        super(message);
    }
}
