package io.millrace.common.wire;

/** Why a server ended a connection. */
public enum CloseReason {
    PEER_CLOSED(false),
    IDLE(false),
    SHUTDOWN(false),
    IO_ERROR(false),
    REFUSED_REQUEST(false),
    TOO_MANY_CONNECTIONS(true),
    OVERSIZED_FRAME(true),
    MALFORMED_FRAME(true),
    UNSUPPORTED_REQUEST(true),
    READ_TIMEOUT(true),
    WRITE_TIMEOUT(true),
    HELD_BACK_TOO_LONG(true),
    INTERNAL_ERROR(true);

    private final boolean logged;

    CloseReason(boolean logged) {
        this.logged = logged;
    }

    /** Whether an operator should hear of it. */
    boolean logged() {
        return logged;
    }
}
