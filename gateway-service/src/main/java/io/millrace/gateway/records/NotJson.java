package io.millrace.gateway.records;

/** What becomes of stored bytes that are not JSON when the answer's format is JSON. */
public enum NotJson {
    /** The read is refused with {@code FORMAT_MISMATCH}: the client asked for JSON by name. */
    REFUSE,
    /** They are shown as a JSON string, invalid UTF-8 as U+FFFD: the client asked for nothing in particular. */
    AS_STRING
}
