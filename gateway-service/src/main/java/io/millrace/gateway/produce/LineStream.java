package io.millrace.gateway.produce;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RecordSlices;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a body of any length into lines, each of which is a record, and hands them on in chunks. It holds one chunk and one line at a time.
 *
 * <p>Without a key a chunk is what has arrived. Under an {@code Idempotency-Key} it ends after so many lines or bytes, whenever they arrive:
 * the same stream has the same chunks when it comes again, however much of it came before.
 */
final class LineStream {
    /** What a stream has from its beginning: a buffer, and as much for lines that are not reported yet. */
    static final int FIRST_BYTES = 64 * 1024;
    /** Without a key, of what arrived at once: the shortest lines' places take more memory than the lines. */
    private static final int CHUNK_LINES = 1000;
    private static final int KEYED_CHUNK_LINES = 500;
    private static final int KEYED_CHUNK_BYTES = 128 * 1024;
    private static final VarHandle WORD = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;
    private static final long NEWLINES = '\n' * ONES;

    /** Where lines go. */
    interface Target {
        /** The topic as it is now. @throws RefusedException if it is gone */
        TopicImage topic();

        /** Something has come. @throws RefusedException if the chunk takes too long to be complete, for what it holds of the memory */
        void progresses();

        /** Waits until there is memory for so much more than at the beginning. @throws RefusedException if there is none for too long */
        void reserve(int moreBytes) throws InterruptedException;

        /** So much of that is not needed any more. */
        void release(int bytes);

        /** Takes a chunk that is complete; the records' bytes change when this returns. */
        void take(LineChunk chunk, RecordSlices records) throws IOException, InterruptedException;
    }

    private final Target target;
    private final int pathPartition;
    private final boolean isKeyed;
    private final int maxLineBytes;
    private final ProduceBodyParser parser = new ProduceBodyParser(Integer.MAX_VALUE);
    private RecordSlices records = new RecordSlices(this::countRecords);
    private int countedRecordsBytes;
    /** Why there is no memory for a line's records and headers: it is not the line that is refused then. */
    private @Nullable RefusedException noMemory;
    private byte[] buffer;
    private LineChunk chunk;
    /** Of the chunk's lines, blank ones and breaks included. */
    private int chunkBytes;
    private long lineNumber;
    /** Of the line that is not complete. */
    private int lineStart;
    private int searched;
    private int filled;
    /** Up to the end of a line that was too long. */
    private boolean isSkipping;

    LineStream(Target target, int pathPartition, boolean isKeyed, int maxLineBytes) {
        this.target = target;
        this.pathPartition = pathPartition;
        this.isKeyed = isKeyed;
        this.maxLineBytes = maxLineBytes;
        this.buffer = new byte[Math.min(FIRST_BYTES, longestBuffer())];
        this.chunk = new LineChunk(target.topic());
        records.clear(buffer);
    }

    /** Reads up to the end. What was read and not handed on when this fails is not produced. */
    void readAll(InputStream in) throws IOException, InterruptedException {
        while (true) {
            int read = in.read(buffer, filled, buffer.length - filled);
            if (read < 0) {
                break;
            }
            filled += read;
            takeLines();
            target.progresses();
            makeRoom();
        }
        if (filled > lineStart && !isSkipping) {
            takeLine(filled);
        }
        handOn();
    }

    private void takeLines() throws IOException, InterruptedException {
        for (int newline = nextNewline(); newline >= 0; newline = nextNewline()) {
            if (isSkipping || newline - lineStart > maxLineBytes) {
                if (!isSkipping) {
                    refuseLongLine();
                }
                isSkipping = false;
                forgetLineUpTo(newline + 1);
            } else {
                takeLine(newline);
                lineStart = newline + 1;
            }
            if (isKeyed ? chunk.lines() == KEYED_CHUNK_LINES || chunkBytes >= KEYED_CHUNK_BYTES
                    : chunk.lines() == CHUNK_LINES) {
                handOn();
            }
        }
        if (!isSkipping && filled - lineStart > maxLineBytes) {
            refuseLongLine();
            isSkipping = true;
        }
        if (isSkipping) {
            forgetLineUpTo(filled);
        }
        if (!isKeyed) {
            handOn();
        }
    }

    private void refuseLongLine() {
        lineNumber++;
        chunkBytes += maxLineBytes;
        chunk.addBad(maxLineBytes, new RefusedException(ErrorCode.BODY_TOO_LARGE, "line " + lineNumber
                + " is longer than " + maxLineBytes + " bytes"));
    }

    private void forgetLineUpTo(int end) {
        System.arraycopy(buffer, end, buffer, lineStart, filled - end);
        filled -= end - lineStart;
        searched = lineStart;
    }

    private void takeLine(int end) {
        int length = end - lineStart;
        lineNumber++;
        chunkBytes += length + 1;
        if (isBlank(end)) {
            return;
        }
        try {
            parser.parseLine(buffer, lineStart, length, pathPartition, records);
            chunk.addRecord(length);
        } catch (RefusedException refusal) {
            if (refusal == noMemory) {
                throw refusal;
            }
            chunk.addBad(length, new RefusedException(refusal.code(), "line " + lineNumber + ": " + refusal
                    .getMessage()));
        }
    }

    private boolean isBlank(int end) {
        for (int at = lineStart; at < end; at++) {
            if (buffer[at] != ' ' && buffer[at] != '\t' && buffer[at] != '\r') {
                return false;
            }
        }
        return true;
    }

    private void handOn() throws IOException, InterruptedException {
        if (chunk.lines() > 0) {
            target.take(chunk, records);
            chunk = new LineChunk(target.topic());
        }
        chunkBytes = 0;
        // Nothing refers to the lines before any more.
        byte[] next = buffer.length > FIRST_BYTES && filled - lineStart < FIRST_BYTES ? new byte[FIRST_BYTES] : buffer;
        System.arraycopy(buffer, lineStart, next, 0, filled - lineStart);
        if (next != buffer) {
            // Who waits for a long line of another stream is not to wait for this one's end.
            target.release(buffer.length - next.length);
            buffer = next;
        }
        if (countedRecordsBytes > 0) {
            target.release(countedRecordsBytes);
            countedRecordsBytes = 0;
            records = new RecordSlices(this::countRecords);
        }
        records.clear(buffer);
        filled -= lineStart;
        searched -= lineStart;
        lineStart = 0;
    }

    /** A line longer than the buffer but not too long needs a larger one, and so may a chunk under a key. */
    private void makeRoom() throws InterruptedException {
        if (filled == buffer.length) {
            int larger = (int) Math.min(2L * buffer.length, longestBuffer());
            target.reserve(larger - buffer.length);
            buffer = Arrays.copyOf(buffer, larger);
            records.moveTo(buffer);
        }
    }

    /** Beyond what any stream may have from its beginning, the places of records and their headers are waited for, as a buffer is. */
    private void countRecords(int recordsBytes, int headersBytes) {
        int bytes = recordsBytes + headersBytes;
        if (bytes <= FIRST_BYTES) {
            return;
        }
        try {
            target.reserve(bytes - countedRecordsBytes);
            countedRecordsBytes = bytes;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            noMemory = new RefusedException(ErrorCode.UNAVAILABLE, "the gateway is shutting down");
        } catch (RefusedException refusal) {
            noMemory = refusal;
        }
        if (noMemory != null) {
            throw noMemory;
        }
    }

    /** Of a chunk, where it waits for more than what has arrived, and a line. */
    private int longestBuffer() {
        return (isKeyed ? KEYED_CHUNK_BYTES : 0) + maxLineBytes + 1;
    }

    private int nextNewline() {
        int at = Math.max(searched, lineStart);
        while (at + Long.BYTES <= filled) {
            long word = (long) WORD.get(buffer, at) ^ NEWLINES;
            long found = word - ONES & ~word & HIGH_BITS;
            if (found != 0) {
                return foundNewline(at + (Long.numberOfTrailingZeros(found) >> 3));
            }
            at += Long.BYTES;
        }
        while (at < filled) {
            if (buffer[at] == '\n') {
                return foundNewline(at);
            }
            at++;
        }
        searched = filled;
        return -1;
    }

    private int foundNewline(int at) {
        searched = at + 1;
        return at;
    }
}
