package io.millrace.gateway.events;

/**
 * A run of one partition's records as the {@code data:} lines of their events, rendered once and shared by all who send them. Immutable.
 *
 * <p>The run covers every offset in {@code [from, to)}, also those that hold no record to show
 * (filtered out, compacted away, control records).
 */
final class RenderedRecords {
    private final long from;
    private final long to;
    private final long[] offsets;
    private final int[] ends;
    private final byte[] data;

    /**
     * @param from    the offset that was asked for
     * @param to      the next offset after the run
     * @param offsets of the records, ascending
     * @param ends    where in {@code data} each record's block ends
     * @param data    for each record {@code data: {...}} and an empty line
     */
    RenderedRecords(long from, long to, long[] offsets, int[] ends, byte[] data) {
        this.from = from;
        this.to = to;
        this.offsets = offsets;
        this.ends = ends;
        this.data = data;
    }

    long from() {
        return from;
    }

    long to() {
        return to;
    }

    int count() {
        return offsets.length;
    }

    long offset(int record) {
        return offsets[record];
    }

    /** Whether the last offset that it covers is a record's. */
    boolean endsWithRecord() {
        return offsets.length > 0 && offsets[offsets.length - 1] == to - 1;
    }

    int start(int record) {
        return record == 0 ? 0 : ends[record - 1];
    }

    int end(int record) {
        return ends[record];
    }

    byte[] data() {
        return data;
    }

    /** What it holds in memory, roughly. */
    int sizeBytes() {
        return data.length + offsets.length * 12;
    }
}
