package io.millrace.gateway.consumers;

/** There is nobody any more to give records to. */
final class ClientLeftException extends Exception {
    private static final long serialVersionUID = 1L;

    ClientLeftException() {
        super("the client has left", null, false, false);
    }
}
