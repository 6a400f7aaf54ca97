package io.millrace.broker.storage;

/** The data directory cannot be this broker's: it is in use, or holds another's data. The message says what to do. */
public final class ForeignDirectoryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ForeignDirectoryException(String message) {
        super(message);
    }
}
