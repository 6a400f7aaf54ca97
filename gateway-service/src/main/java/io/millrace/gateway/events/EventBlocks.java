package io.millrace.gateway.events;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The blocks of a stream, in the syntax of the WHATWG HTML standard, section 9.2. Gathers blocks in a buffer that a stream at rest gives up.
 */
final class EventBlocks {
    private static final byte[] RECORD = "event: record\nid: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ID = "id: ".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] CAUGHT_UP = ascii("event: caught-up\ndata: {}\n\n");
    private static final byte[] HEARTBEAT = ascii(":\n\n");
    private static final byte[] NONE = {};

    private final EventIds ids;
    private byte[] buffer = NONE;
    private int length;

    EventBlocks(EventIds ids) {
        this.ids = ids;
    }

    /** How long the client waits before it comes back, in milliseconds. */
    static byte[] retry(long waitMs) {
        return ascii("retry: " + waitMs + "\n\n");
    }

    static byte[] heartbeat() {
        return HEARTBEAT;
    }

    /** Adds the event of one record; {@code positions} is where the stream stands after it. */
    void record(long[] positions, RenderedRecords records, int record) {
        int start = records.start(record);
        int size = records.end(record) - start;
        reserve(RECORD.length + ids.maxLength() + 1 + size);
        put(RECORD, 0, RECORD.length);
        putId(positions);
        buffer[length++] = '\n';
        put(records.data(), start, size);
    }

    /** Adds a block that sets the client's last event id and dispatches nothing. */
    void idOnly(long[] positions) {
        reserve(ID.length + ids.maxLength() + 2);
        put(ID, 0, ID.length);
        putId(positions);
        buffer[length++] = '\n';
        buffer[length++] = '\n';
    }

    void gap(String topic, int partition, long requested, long available) {
        // Topic names need no escaping: they are of [a-zA-Z0-9._-].
        add(ascii("event: gap\ndata: {\"topic\":\"" + topic + "\",\"partition\":" + partition + ",\"requested\":"
                + requested
                + ",\"available\":" + available + "}\n\n"));
    }

    void caughtUp() {
        add(CAUGHT_UP);
    }

    int length() {
        return length;
    }

    /** Hands what was gathered to the sink. */
    void drainTo(EventSink sink) throws IOException {
        if (length > 0) {
            int drained = length;
            length = 0;
            sink.write(buffer, drained);
        }
    }

    /** Gives the buffer up. */
    void release() {
        buffer = NONE;
        length = 0;
    }

    /** What was gathered, as an array of its own. */
    byte[] take() {
        byte[] taken = Arrays.copyOf(buffer, length);
        length = 0;
        return taken;
    }

    private void putId(long[] positions) {
        length = ids.encode(positions, buffer, length);
    }

    private void add(byte[] block) {
        reserve(block.length);
        put(block, 0, block.length);
    }

    private void put(byte[] source, int from, int size) {
        System.arraycopy(source, from, buffer, length, size);
        length += size;
    }

    private void reserve(int more) {
        if (buffer.length - length < more) {
            buffer = Arrays.copyOf(buffer, Math.max(length + more, Math.min(2 * buffer.length, buffer.length
                    + (1 << 20))));
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
