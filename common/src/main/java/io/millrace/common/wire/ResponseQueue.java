package io.millrace.common.wire;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.common.requests.AbstractResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers of one connection, written in the order of the requests, or as they come where the client asked for that.
 *
 * <p>There is at most one writer at a time. It is the reader itself when it has nothing else at hand, and otherwise a thread
 * that is started when an answer is ready and ends when none is.
 */
final class ResponseQueue {
    private static final Logger log = LoggerFactory.getLogger(ResponseQueue.class);
    /** Answers that one writer takes at a time. */
    private static final int MAX_BATCH = 128;

    private final ServerConnection connection;
    private final FrameBufferPool buffers;
    private final int maxInFlight;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition progressOrClosed = lock.newCondition();
    /** In order: all that is unanswered or unwritten. Unordered: what is answered and unwritten. */
    private final ArrayDeque<InboundRequest> queue = new ArrayDeque<>(4);
    /** One at most for each request in flight. */
    private final Set<Runnable> closeActions = new HashSet<>(2);
    private @Nullable InboundRequest awaited;
    private int inFlightCount;
    private int unwrittenLargeCount;
    private boolean unordered;
    private boolean writing;
    private boolean closeWhenEmpty;
    private volatile boolean open = true;

    ResponseQueue(ServerConnection connection, FrameBufferPool buffers, int maxInFlight) {
        this.connection = connection;
        this.buffers = buffers;
        this.maxInFlight = maxInFlight;
    }

    /** From now on answers need not wait for those before them. Only while nothing is in flight but the asking request. */
    void answerOutOfOrder() {
        lock.lock();
        try {
            // The asking request was queued under the old rule; under the new one it is queued when it is answered.
            queue.clear();
            unordered = true;
        } finally {
            lock.unlock();
        }
    }

    /** Takes a place for a request; false when there is none, and the reader must write or wait. */
    boolean tryAdd(InboundRequest request) {
        lock.lock();
        try {
            if (!hasRoomFor(request)) {
                return false;
            }
            inFlightCount++;
            if (!unordered) {
                queue.add(request);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** One answer at a time that may be large, as in Kafka; however many requests one segment holds. */
    private boolean hasRoomFor(InboundRequest request) {
        return inFlightCount < maxInFlight && (unwrittenLargeCount == 0 || !request.mayHaveLargeAnswer());
    }

    /** Waits until there is a place for the request or the connection closed. */
    void awaitRoom(InboundRequest request) throws InterruptedException {
        lock.lock();
        try {
            while (open && !hasRoomFor(request)) {
                progressOrClosed.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the request is answered; false when the time is up before, or the connection closed. */
    boolean awaitAnswer(InboundRequest request, long waitNanos) throws InterruptedException {
        lock.lock();
        try {
            awaited = request;
            long leftNanos = waitNanos;
            while (open && !request.isAnswered() && leftNanos > 0) {
                leftNanos = progressOrClosed.awaitNanos(leftNanos);
            }
            return open && request.isAnswered();
        } finally {
            awaited = null;
            lock.unlock();
        }
    }

    /** False when the request has been answered before. */
    boolean answer(InboundRequest request, @Nullable AbstractResponse answer) {
        lock.lock();
        try {
            if (!request.setAnswer(answer)) {
                return false;
            }
            unwrittenLargeCount += request.mayHaveLargeAnswer() ? 1 : 0;
            if (unordered) {
                queue.add(request);
            }
            if (request == awaited) {
                progressOrClosed.signalAll();
            }
            // The reader writes what it answered itself once it has handled all that it has read.
            if (!Thread.currentThread().equals(connection.readerThread())) {
                startWriter();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Writes what is ready: at once on this thread in order, where the peer waits for just that; else on another. */
    void writeReady() {
        lock.lock();
        try {
            if (unordered) {
                startWriter();
                return;
            }
            if (writing || !headReady()) {
                return;
            }
            writing = true;
        } finally {
            lock.unlock();
        }
        write();
    }

    private void startWriter() {
        if (open && !writing && headReady()) {
            writing = true;
            Thread.ofVirtual().name("wire-write").start(this::write);
        }
    }

    private boolean headReady() {
        InboundRequest head = queue.peek();
        return head != null && head.isAnswered();
    }

    /** Only for the one that set {@link #writing}. */
    private void write() {
        ByteBuffer scratch = null;
        try {
            scratch = buffers.takeScratch();
            List<InboundRequest> batch = new ArrayList<>();
            ResponseEncoder encoder = new ResponseEncoder(scratch, connection.transfer());
            while (takeReady(batch)) {
                connection.writeStarted();
                for (InboundRequest request : batch) {
                    AbstractResponse response = request.answer();
                    if (response != null) {
                        encoder.write(request.header().toResponseHeader(), response, connection.responseVersion(
                                request));
                    }
                }
                encoder.flush();
                connection.writeEnded();
            }
        } catch (IOException | UncheckedIOException e) {
            connection.close(CloseReason.IO_ERROR, "write failed: " + e.getMessage());
        } catch (RuntimeException | Error e) {
            log.error("an answer to {} could not be written", connection, e);
            connection.close(CloseReason.INTERNAL_ERROR, "an answer could not be written");
        } finally {
            if (scratch != null) {
                buffers.giveBackScratch(scratch);
            }
        }
    }

    private boolean takeReady(List<InboundRequest> batch) {
        boolean drained;
        lock.lock();
        try {
            inFlightCount -= batch.size();
            for (InboundRequest written : batch) {
                unwrittenLargeCount -= written.mayHaveLargeAnswer() ? 1 : 0;
            }
            if (!batch.isEmpty()) {
                progressOrClosed.signalAll();
            }
            batch.clear();
            while (open && batch.size() < MAX_BATCH && headReady()) {
                batch.add(queue.remove());
            }
            writing = !batch.isEmpty();
            drained = closeWhenEmpty && inFlightCount == 0;
        } finally {
            lock.unlock();
        }
        if (drained) {
            connection.close(CloseReason.SHUTDOWN, "shutting down");
        }
        return writing;
    }

    /** Nothing more is read; closes the connection once all answers are written. */
    void closeWhenEmpty() {
        boolean empty;
        lock.lock();
        try {
            closeWhenEmpty = true;
            empty = inFlightCount == 0;
        } finally {
            lock.unlock();
        }
        if (empty) {
            connection.close(CloseReason.SHUTDOWN, "shutting down");
        }
    }

    boolean isOpen() {
        return open;
    }

    boolean isIdle() {
        lock.lock();
        try {
            return inFlightCount == 0;
        } finally {
            lock.unlock();
        }
    }

    void disconnect(String reason) {
        connection.close(CloseReason.REFUSED_REQUEST, reason);
    }

    /** Runs the action when the connection closes, or at once if it has. It must be quick. */
    void addCloseAction(Runnable action) {
        lock.lock();
        try {
            if (open) {
                closeActions.add(action);
                return;
            }
        } finally {
            lock.unlock();
        }
        action.run();
    }

    void removeCloseAction(Runnable action) {
        lock.lock();
        try {
            closeActions.remove(action);
        } finally {
            lock.unlock();
        }
    }

    /** Drops what is unanswered: nobody reads it. */
    void close() {
        List<Runnable> actions;
        lock.lock();
        try {
            open = false;
            queue.clear();
            actions = List.copyOf(closeActions);
            closeActions.clear();
            progressOrClosed.signalAll();
        } finally {
            lock.unlock();
        }
        actions.forEach(Runnable::run);
    }
}
