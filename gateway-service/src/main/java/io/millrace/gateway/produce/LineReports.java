package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.json.JsonOutput;
import io.millrace.gateway.produce.LineChunk.BadLine;
import io.millrace.gateway.producer.Delivery;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * Writes what became of a stream's lines, in their order, while others are read: a thread of its own, since the reader may wait for a client
 * that waits for a report. A window of bytes limits what is read and not reported; so a client that does not read its reports is not read
 * from either. After a failed write the rest is awaited and not written.
 */
final class LineReports {
    private static final int FLUSH_BYTES = 16 * 1024;
    /** Behind the last. */
    private static final LineChunk NOTHING = new LineChunk(new TopicImage(Uuid.ZERO_UUID, "", Map.of(), List.of()));
    private static final byte[] PARTITION = "{\"partition\":".getBytes(US_ASCII);
    private static final byte[] OFFSET = ",\"offset\":".getBytes(US_ASCII);
    private static final byte[] ERROR_CODE = "{\"error_code\":".getBytes(US_ASCII);
    private static final byte[] MESSAGE = ",\"message\":".getBytes(US_ASCII);

    private final OutputStream target;
    private final Duration answerTimeout;
    private final int windowBytes;
    private final Semaphore window;
    private final LinkedBlockingQueue<LineChunk> chunks = new LinkedBlockingQueue<>();
    private final JsonOutput output = new JsonOutput(2 * FLUSH_BYTES);
    private @Nullable Thread writer;
    private volatile @Nullable IOException failure;

    /** @param answerTimeout after which a record that has no result is told to have timed out */
    LineReports(OutputStream target, int windowBytes, Duration answerTimeout) {
        this.target = target;
        this.windowBytes = windowBytes;
        this.window = new Semaphore(windowBytes);
        this.answerTimeout = answerTimeout;
    }

    /** Whether there is something to report, so that the answer has begun. */
    boolean haveBegun() {
        return writer != null;
    }

    /** Waits until there is room in the window for so much. @throws IOException if nobody reads the reports any more */
    void awaitRoom(LineChunk chunk) throws IOException, InterruptedException {
        window.acquire(room(chunk));
        IOException failed = failure;
        if (failed != null) {
            throw failed;
        }
    }

    private int room(LineChunk chunk) {
        return Math.min(chunk.sizeBytes(), windowBytes);
    }

    void add(LineChunk chunk) {
        chunks.add(chunk);
        if (writer == null) {
            writer = Thread.ofVirtual().name("line-reports").start(this::run);
        }
    }

    /** Adds the last chunk and waits until all is written. */
    void finish(LineChunk last) throws IOException {
        end(last);
        IOException failed = failure;
        if (failed != null) {
            throw failed;
        }
    }

    /** Ends without writing anything more: there is nobody to read it, or a bug. */
    void giveUp() {
        if (failure == null) {
            failure = new IOException("the stream was given up");
        }
        end(NOTHING);
    }

    private void end(LineChunk last) {
        Thread thread = writer;
        if (thread != null) {
            chunks.add(last);
            join(thread);
        }
    }

    /** In any case: the response is another's when this request is over. */
    private void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
                failure = new InterruptedIOException(e.getMessage());
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            while (true) {
                LineChunk chunk = next();
                report(chunk);
                window.release(room(chunk));
                if (chunk.lines() == 0) {
                    flush();
                    return;
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private LineChunk next() throws InterruptedException {
        LineChunk chunk = chunks.poll();
        if (chunk != null) {
            return chunk;
        }
        flush();
        return chunks.take();
    }

    private void report(LineChunk chunk) throws InterruptedException {
        Delivery delivery = chunk.delivery;
        if (delivery != null && !delivery.isDone()) {
            flush();
            delivery.await(answerTimeout);
        }
        List<BadLine> bad = chunk.badLines();
        int nextBad = 0;
        for (int place = 0; place < chunk.lines(); place++) {
            if (nextBad < bad.size() && bad.get(nextBad).place() == place) {
                writeError(bad.get(nextBad++).refusal());
            } else if (delivery != null) {
                writeRecord(chunk, delivery, place - nextBad);
            } else if (chunk.refusal != null) {
                writeError(chunk.refusal);
            }
            if (output.size() >= FLUSH_BYTES) {
                write();
            }
        }
        if (chunk.end != null) {
            writeError(chunk.end);
        }
    }

    private void writeRecord(LineChunk chunk, Delivery delivery, int record) {
        ErrorCode error = delivery.error(record);
        if (error != null) {
            writeError(new RefusedException(error, ProduceAnswer.message(chunk.topic, error, delivery.partition(
                    record))));
            return;
        }
        output.write(PARTITION);
        output.writeLong(delivery.partition(record));
        output.write(OFFSET);
        output.writeLong(delivery.offset(record));
        output.write('}');
        output.write('\n');
    }

    private void writeError(RefusedException refusal) {
        output.write(ERROR_CODE);
        output.writeLong(refusal.code().httpStatus());
        output.write(MESSAGE);
        output.writeString(String.valueOf(refusal.getMessage()));
        output.write('}');
        output.write('\n');
    }

    private void write() {
        try {
            if (failure == null) {
                output.writeTo(target);
            }
        } catch (IOException e) {
            failure = e;
        }
        output.clear();
    }

    private void flush() {
        write();
        try {
            if (failure == null) {
                target.flush();
            }
        } catch (IOException e) {
            failure = e;
        }
    }
}
