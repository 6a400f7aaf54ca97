package io.millrace.gateway.v3.records;

/** What a key's or value's {@code data} is to be taken for. */
enum DataType {
    /** Base64 of the bytes to store. */
    BINARY,
    /** Any JSON, stored as the text sent. */
    JSON,
    /** A string, stored as UTF-8. */
    STRING
}
