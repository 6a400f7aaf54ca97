package io.millrace.gateway.brokers;

/**
 * What a log has.
 *
 * @param start its first offset
 * @param end   behind its last
 */
public record OffsetRange(long start, long end) {
    /** Whether reading may begin there. */
    public boolean contains(long offset) {
        return start <= offset && offset <= end;
    }
}
