package io.millrace.gateway.answers;

import io.millrace.common.error.RefusedException;
import io.millrace.common.record.RecordCursor;
import io.millrace.gateway.json.JsonOutput;
import io.millrace.gateway.records.RecordJsonWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A JSON array of records as it grows, in blocks: none is copied when there are more, and each is given back once the client has taken it.
 */
public final class AnswerBody {
    static final int BLOCK_BYTES = 256 * 1024;
    private static final int INITIAL_BYTES = 1024;
    private static final int LARGEST_BLOCK_BYTES = 1 << 30;
    /** Between two looks at how the client gets on. */
    private static final int PIECE_BYTES = 16 * 1024;
    /** What a record takes in JSON beyond its key and value, roughly. */
    private static final int RECORD_OVERHEAD_BYTES = 256;
    private static final int BRACKETS_BYTES = 2;

    private final AnswerShare share;
    private final Growth growth = new Growth();
    private final Deque<JsonOutput> full = new ArrayDeque<>();
    private long fullBytes;
    private JsonOutput last;
    private int records;

    public AnswerBody(AnswerShare share) {
        this.share = share;
        share.render(INITIAL_BYTES);
        last = new JsonOutput(INITIAL_BYTES, growth);
    }

    public int records() {
        return records;
    }

    /** Of the whole array, as it stands. */
    public long sizeBytes() {
        return fullBytes + last.size() + BRACKETS_BYTES;
    }

    /**
     * Adds the cursor's present record.
     *
     * @return false, and nothing is added, when there is no memory for it
     * @throws RefusedException as the writer does; nothing is added
     */
    public boolean add(RecordJsonWriter writer, RecordCursor record) {
        if (isFullWith(record) && !beginBlock(record)) {
            return false;
        }
        int before = last.size();
        boolean added = false;
        try {
            if (records > 0) {
                last.write(',');
            }
            writer.write(last, record);
            added = true;
        } catch (NoRoomException _) {
            return false;
        } finally {
            if (!added) {
                last.truncate(before);
            }
        }
        if (records++ == 0) {
            share.recordRendered();
        }
        return true;
    }

    private boolean isFullWith(RecordCursor record) {
        boolean isWorthABlock = last.size() >= BLOCK_BYTES / 2 && last.capacity() >= BLOCK_BYTES || record
                .sizeBytes() > BLOCK_BYTES;
        return isWorthABlock && last.size() + (long) record.sizeBytes() + RECORD_OVERHEAD_BYTES > last.capacity();
    }

    /** For a large record, as large as it is in base64, so that it is not copied as it grows. */
    private boolean beginBlock(RecordCursor record) {
        int capacity = Math.clamp(record.sizeBytes() / 2 * 3L + RECORD_OVERHEAD_BYTES, BLOCK_BYTES,
                LARGEST_BLOCK_BYTES);
        if (!share.tryRender(capacity)) {
            return false;
        }
        full.add(last);
        fullBytes += last.size();
        last = new JsonOutput(capacity, growth);
        return true;
    }

    /** Writes the array, to which nothing is added any more. */
    public void sendTo(OutputStream client) throws IOException {
        long begun = System.nanoTime();
        full.add(last);
        client.write('[');
        for (JsonOutput block = full.poll(); block != null; block = full.poll()) {
            for (int from = 0; from < block.size(); from += PIECE_BYTES) {
                share.checkPace(begun);
                client.write(block.array(), from, Math.min(PIECE_BYTES, block.size() - from));
            }
            share.giveBackRendered(block.capacity());
        }
        client.write(']');
    }

    private final class Growth implements JsonOutput.Growth {
        @Override
        public void take(int bytes) {
            if (!share.tryRender(bytes)) {
                throw new NoRoomException();
            }
        }

        @Override
        public void giveBack(int bytes) {
            share.giveBackRendered(bytes);
        }
    }

    /** Ends the rendering of a record that there is no memory for. */
    private static final class NoRoomException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        NoRoomException() {
            super("no memory", null, false, false);
        }
    }
}
