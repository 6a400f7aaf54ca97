package io.millrace.common.wire;

/** What a peer sent is no request that is taken; ends its connection. */
final class RefusedFrameException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final CloseReason reason;

    RefusedFrameException(CloseReason reason, String message) {
        super(message, null, false, false);
        this.reason = reason;
    }

    CloseReason reason() {
        return reason;
    }
}
