package io.millrace.gateway.produce;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.json.JsonOutput;
import io.millrace.gateway.memory.MemoryBudget;
import io.millrace.gateway.produce.LineChunk.BadLine;
import io.millrace.gateway.producer.Delivery;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * Writes what became of a stream's lines, in their order, while others are read: a thread of its own, since the reader may wait for a client
 * that waits for a report. A window of bytes limits what is read and not reported; so a client that does not read its reports is not read
 * from either. Beyond the window's first bytes it is counted against the memory of all streams, and narrower while that is full. After a
 * failed write the rest is awaited and not written.
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
    private final MemoryBudget memory;
    private final ReentrantLock window = new ReentrantLock();
    private final Condition narrower = window.newCondition();
    private long openBytes;
    private long countedBytes;
    private final LinkedBlockingQueue<LineChunk> chunks = new LinkedBlockingQueue<>();
    private final JsonOutput output = new JsonOutput(2 * FLUSH_BYTES);
    /** Held while a chunk is on its way to the producer, so that none is sent behind the end and never reported. */
    private final ReentrantLock order = new ReentrantLock();
    private @Nullable Thread writer;
    private @Nullable RefusedException end;
    private volatile @Nullable IOException failure;

    /** @param answerTimeout after which a record that has no result is told to have timed out */
    LineReports(OutputStream target, int windowBytes, MemoryBudget memory, Duration answerTimeout) {
        this.target = target;
        this.windowBytes = windowBytes;
        this.memory = memory;
        this.answerTimeout = answerTimeout;
    }

    /** Whether there is something to report, so that the answer has begun. */
    boolean haveBegun() {
        order.lock();
        try {
            return writer != null;
        } finally {
            order.unlock();
        }
    }

    /** Waits until there is room in the window for so much. @throws IOException if nobody reads the reports any more */
    void awaitRoom(LineChunk chunk) throws IOException, InterruptedException {
        window.lockInterruptibly();
        try {
            while (failure == null && !takeRoom(chunk)) {
                narrower.await();
            }
        } finally {
            window.unlock();
        }
        IOException failed = failure;
        if (failed != null) {
            throw failed;
        }
    }

    /** What others give back is noticed with the next report: there is one to come when there is no room. */
    private boolean takeRoom(LineChunk chunk) {
        long bytes = openBytes + chunk.sizeBytes();
        if (openBytes > 0 && bytes > Math.min(windowBytes, LineStream.FIRST_BYTES)) {
            if (bytes > windowBytes || !memory.tryReserve(chunk.sizeBytes())) {
                return false;
            }
            chunk.countedBytes = chunk.sizeBytes();
            countedBytes += chunk.countedBytes;
        }
        openBytes = bytes;
        return true;
    }

    private void giveRoom(LineChunk chunk) {
        window.lock();
        try {
            openBytes -= chunk.sizeBytes();
            countedBytes -= chunk.countedBytes;
            memory.release(chunk.countedBytes);
            narrower.signalAll();
        } finally {
            window.unlock();
        }
    }

    /** Nothing is read or reported any more. */
    void close() {
        window.lock();
        try {
            memory.release(countedBytes);
            countedBytes = 0;
        } finally {
            window.unlock();
        }
    }

    /** Sends a chunk's records on and reports it, unless the stream has ended meanwhile. */
    interface Sender {
        void send(LineChunk chunk);
    }

    /** @throws RefusedException the reason for which the stream was ended */
    void add(LineChunk chunk, Sender sender) {
        order.lock();
        try {
            if (end != null) {
                throw end;
            }
            sender.send(chunk);
            chunks.add(chunk);
            if (writer == null) {
                writer = Thread.ofVirtual().name("line-reports").start(this::run);
            }
        } finally {
            order.unlock();
        }
    }

    /**
     * Ends the answer behind what was read, though the reader may wait for more, so that the client need not.
     *
     * @param beforeFirst is done before anything is written, if there is no report yet
     */
    void endEarly(RefusedException why, LineChunk last, Runnable beforeFirst) {
        order.lock();
        try {
            if (end == null) {
                end = why;
                last.end = why;
                chunks.add(last);
                if (writer == null) {
                    beforeFirst.run();
                    writer = Thread.ofVirtual().name("line-reports").start(this::run);
                }
            }
        } finally {
            order.unlock();
        }
    }

    /** Adds the last chunk and waits until all is written. */
    void finish(LineChunk last) throws IOException {
        awaitEnd(last);
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
        awaitEnd(NOTHING);
    }

    private void awaitEnd(LineChunk last) {
        Thread thread;
        order.lock();
        try {
            thread = writer;
            if (thread != null && end == null) {
                chunks.add(last);
            }
        } finally {
            order.unlock();
        }
        if (thread != null) {
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
                giveRoom(chunk);
                if (chunk.lines() == 0) {
                    end();
                    return;
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            // Who waits for room must not wait for ever.
            fail(new IOException("the reports cannot be written", e));
            throw e;
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

    private void fail(IOException why) {
        window.lock();
        try {
            failure = why;
            narrower.signalAll();
        } finally {
            window.unlock();
        }
    }

    private void write() {
        try {
            if (failure == null) {
                output.writeTo(target);
            }
        } catch (IOException e) {
            fail(e);
        }
        output.clear();
    }

    /** The client hears at once that this was the last report. */
    private void end() {
        flush();
        try {
            if (failure == null) {
                target.close();
            }
        } catch (IOException e) {
            fail(e);
        }
    }

    private void flush() {
        write();
        try {
            if (failure == null) {
                target.flush();
            }
        } catch (IOException e) {
            fail(e);
        }
    }
}
