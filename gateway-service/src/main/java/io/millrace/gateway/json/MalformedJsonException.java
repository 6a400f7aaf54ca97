package io.millrace.gateway.json;

/** The text is not JSON (RFC 8259). Says at which byte and what was expected; carries no stack trace, since it is an answer to a client. */
public final class MalformedJsonException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int position;

    public MalformedJsonException(int position, String what) {
        super(what, null, false, false);
        this.position = position;
    }

    /** Index into the scanned array. */
    public int position() {
        return position;
    }
}
