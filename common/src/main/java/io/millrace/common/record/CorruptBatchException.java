package io.millrace.common.record;

/** Bytes that should be record batches are not. */
public final class CorruptBatchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CorruptBatchException(String message) {
        super(message);
    }

    CorruptBatchException(String message, Throwable cause) {
        super(message, cause);
    }
}
