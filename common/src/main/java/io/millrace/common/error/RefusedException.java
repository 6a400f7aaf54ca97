package io.millrace.common.error;

/**
 * An expected refusal on its way to the edge: between services it travels as {@link ErrorBody} and is thrown again by the caller's client.
 * Cores return values instead. It carries no stack trace: it is an answer, not a fault.
 */
public final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    public RefusedException(ErrorCode code, String message) {
        this(code, message, null);
    }

    public RefusedException(ErrorCode code, String message, @org.jspecify.annotations.Nullable Throwable cause) {
        super(message, cause, false, false);
        this.code = code;
    }

    public ErrorCode code() {
        return code;
    }
}
