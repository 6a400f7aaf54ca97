package io.millrace.gateway.produce;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.RecordSlices;
import io.millrace.gateway.json.JsonOutput;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** What one request needs while it is handled: its body, the records found in it, and the answer. Reused from request to request. */
final class ProduceScratch {
    private static final int INITIAL_BODY_BYTES = 8 * 1024;
    /** Bodies up to here are not counted. */
    private static final int SMALL_BODY_BYTES = 64 * 1024;

    private byte[] body = new byte[INITIAL_BODY_BYTES];
    private int length;
    final RecordSlices records = new RecordSlices();
    final ProduceBodyParser parser;
    final JsonOutput answer = new JsonOutput(1024);
    private final BodyMemory memory;
    private long reservedBytes;

    /**
     * @param memory     that large bodies are counted against
     * @param maxRecords of a body
     */
    ProduceScratch(BodyMemory memory, int maxRecords) {
        this.memory = memory;
        this.parser = new ProduceBodyParser(maxRecords);
    }

    byte[] body() {
        return body;
    }

    int length() {
        return length;
    }

    /** Memory held. */
    int capacityBytes() {
        return body.length + records.capacityBytes() + answer.capacity();
    }

    /**
     * Reads the whole body.
     *
     * @param announcedBytes {@code Content-Length}, or -1
     * @throws RefusedException with {@code BODY_TOO_LARGE}, by the announced length before anything is read, or {@code QUEUE_FULL} when
     *                          too many large bodies are being read
     */
    void read(InputStream in, long announcedBytes, int limitBytes) throws IOException {
        if (announcedBytes > limitBytes) {
            throw tooLarge(limitBytes);
        }
        length = 0;
        while (announcedBytes < 0 || length < announcedBytes) {
            if (length == body.length) {
                // As bytes come: a client that announces much and sends nothing takes no memory.
                long mostBytes = announcedBytes < 0 ? limitBytes + 1L : announcedBytes;
                grow((int) Math.min(2L * length, mostBytes));
            }
            int read = in.read(body, length, body.length - length);
            if (read < 0) {
                return;
            }
            length += read;
            if (length > limitBytes) {
                throw tooLarge(limitBytes);
            }
        }
    }

    /** Adds bytes behind the body. @return where they begin */
    int append(byte[] more) {
        int start = length;
        if (body.length - length < more.length) {
            // By half at least: many small ones must not copy the whole each.
            grow(Math.max(length + more.length, length + (length >> 1)));
        }
        System.arraycopy(more, 0, body, length, more.length);
        length += more.length;
        return start;
    }

    private void grow(int capacity) {
        if (capacity > SMALL_BODY_BYTES) {
            memory.reserve(capacity - reservedBytes);
            reservedBytes = capacity;
        }
        body = Arrays.copyOf(body, capacity);
    }

    /** The body is not needed any more. */
    void release() {
        memory.release(reservedBytes);
        reservedBytes = 0;
    }

    private static RefusedException tooLarge(int limitBytes) {
        return new RefusedException(ErrorCode.BODY_TOO_LARGE, "the body is larger than " + limitBytes + " bytes");
    }
}
