package io.millrace.common.lease;

/** Another running broker has this broker's id; only an operator can tell which of the two is wrong. */
public final class BrokerIdInUseException extends RegistrationEndedException {
    private static final long serialVersionUID = 1L;

    BrokerIdInUseException(String message) {
        super(message);
    }
}
