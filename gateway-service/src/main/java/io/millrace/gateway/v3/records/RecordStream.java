package io.millrace.gateway.v3.records;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RecordSlices;
import io.millrace.common.record.RequestKey;
import io.millrace.gateway.brokers.Topics;
import io.millrace.gateway.edge.BodyMemory;
import io.millrace.gateway.json.JsonOutput;
import io.millrace.gateway.producer.Delivery;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request's records, sent on in the groups in which they come, each group reported before the next is read: so a client may wait for a
 * report before it sends its next record, one that does not read its reports is not read from, and no more than a group is held.
 */
final class RecordStream {
    private static final Logger log = LoggerFactory.getLogger(RecordStream.class);
    private static final byte[] BETWEEN_REPORTS = "\r\n".getBytes(US_ASCII);
    /** Reports are written as soon as there is so much of them: a body of the shortest objects makes a hundred times its size. */
    private static final int REPORTS_PIECE_BYTES = 32 * 1024;
    /** A record's {@link Taken} with its time (56), and its places in the group (8) and among the records, which have grown to twice as many at the most (64). */
    private static final int TAKEN_BYTES = 128;
    /** A refused object's {@link Taken} and its place (48), and the refusal with its message. */
    private static final int REFUSED_BYTES = 256;

    private final String clusterId;
    private final String topicName;
    private final Topics topics;
    private final RecordSender sender;
    private final HttpServletResponse response;
    private final BooleanSupplier ending;
    private final int maxGroupRecords;
    private final GroupMemory memory;
    private final RecordObjects objects = new RecordObjects();
    private RecordSlices records = new RecordSlices(this::countHeaders);
    private final List<Taken> group = new ArrayList<>();
    private final JsonOutput reports = new JsonOutput(1024);
    /** Held but while the body is waited for, so that the answer has one writer. */
    private final ReentrantLock order = new ReentrantLock();
    private boolean isOver;
    private boolean anyReported;
    /** Whether what was taken in holds more than the group. */
    private boolean isGroupFull;
    /** Of the group, and not reserved yet. */
    private long uncountedBytes;
    /** Of the places of the group's headers. */
    private int countedHeadersBytes;

    /**
     * @param ending          whether to read no more, for the gateway ends
     * @param maxGroupRecords that are sent on together; a request under a key that has more is refused
     * @param memory          counts what is made of a group's objects
     */
    RecordStream(String clusterId, String topicName, Topics topics, RecordSender sender, HttpServletResponse response,
            BooleanSupplier ending, int maxGroupRecords, GroupMemory memory) {
        this.clusterId = clusterId;
        this.topicName = topicName;
        this.topics = topics;
        this.sender = sender;
        this.response = response;
        this.ending = ending;
        this.maxGroupRecords = maxGroupRecords;
        this.memory = memory;
    }

    /** Counts what a stream makes of its objects. */
    interface GroupMemory {
        /**
         * Returns false when there is not so much now, so that the group is to end with what it has.
         *
         * @throws RefusedException when there is not so much for what must be one group
         */
        boolean tryReserve(long moreBytes);

        /** Waits until there is so much, where it is worth it. @throws RefusedException when there is not */
        void reserve(long moreBytes);

        /** The objects of a group are done with. */
        void groupEnds();
    }

    /**
     * @param key under which the request is stored once; its objects are then one group. Null: none
     * @throws RefusedException if there was not one record
     */
    void run(ObjectStream in, @Nullable RequestKey key) throws IOException, InterruptedException {
        order.lock();
        try {
            RefusedException end = key == null ? readAll(in) : readWhole(in, key);
            if (!isOver && end != null) {
                if (!anyReported) {
                    throw end;
                }
                Reports.writeRefused(null, end, reports);
                flush();
            }
        } finally {
            isOver = true;
            memory.groupEnds();
            order.unlock();
        }
    }

    /** Ends the answer of a stream whose client may be silent, on another thread than it is read on: its client need not wait. */
    void endEarly() {
        order.lock();
        try {
            if (!isOver) {
                isOver = true;
                if (!anyReported) {
                    response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
                    response.setHeader("Retry-After", "1");
                }
                Reports.writeRefused(null, shuttingDown(), reports);
                flush();
                response.getOutputStream().close();
            }
        } catch (IOException e) {
            log.debug("The client of a stream left: {}", e.toString());
        } finally {
            order.unlock();
        }
    }

    /** Returns why no more is read; null at the end of the body, and when the answer was ended early. */
    private @Nullable RefusedException readAll(ObjectStream in) throws IOException, InterruptedException {
        while (!ending.getAsBoolean()) {
            RefusedException end = null;
            beginGroup(in);
            try {
                if (!isGroupFull && !fill(in)) {
                    return anyReported ? null : empty();
                }
                records.clear(in.bytes());
                takeGroup(in);
            } catch (RefusedException refusal) {
                if (refusal.code() != ErrorCode.MALFORMED_BODY) {
                    // There was no memory: what was found by then is not sent on.
                    return refusal;
                }
                end = refusal;
            } catch (IOException failure) {
                if (!isOver && !(failure instanceof SocketTimeoutException || failure
                        .getCause() instanceof SocketTimeoutException)) {
                    throw failure;
                }
                end = new RefusedException(ErrorCode.BODY_TOO_SLOW, "nothing came for too long");
            }
            if (isOver) {
                return null;
            }
            if (!group.isEmpty()) {
                report(null);
            }
            if (end != null) {
                return end;
            }
        }
        return shuttingDown();
    }

    /** The same of a body that is there, under a key: it is one group, of which all is sent on or nothing. */
    private @Nullable RefusedException readWhole(ObjectStream in, RequestKey key) throws IOException,
            InterruptedException {
        if (ending.getAsBoolean()) {
            return shuttingDown();
        }
        try {
            if (!in.fill()) {
                return empty();
            }
            beginGroup(in);
            takeGroup(in);
            if (isGroupFull && in.next()) {
                return new RefusedException(ErrorCode.BODY_TOO_LARGE, "the body has more than " + maxGroupRecords
                        + " records; without an Idempotency-Key it may have any number");
            }
            // It must not end within an object: what came before is another request than the whole of it.
            in.fill();
        } catch (RefusedException refusal) {
            return refusal;
        }
        if (group.isEmpty()) {
            return empty();
        }
        if (Taken.refuseTogether(group)) {
            records.clear(in.bytes());
        }
        report(key);
        return null;
    }

    private static RefusedException empty() {
        return new RefusedException(ErrorCode.MALFORMED_BODY, "the body is empty: at least a record is needed");
    }

    private void beginGroup(ObjectStream in) {
        if (countedHeadersBytes > 0) {
            // It does not keep what is not counted any more.
            records = new RecordSlices(this::countHeaders);
            countedHeadersBytes = 0;
        }
        records.clear(in.bytes());
        group.clear();
        memory.groupEnds();
    }

    /** Lets the answer be ended while nothing comes. */
    private boolean fill(ObjectStream in) throws IOException, InterruptedException {
        order.unlock();
        try {
            return in.fill();
        } finally {
            order.lock();
        }
    }

    private static RefusedException shuttingDown() {
        return new RefusedException(ErrorCode.UNAVAILABLE, "the gateway is shutting down; send the records that follow"
                + " to another");
    }

    private void takeGroup(ObjectStream in) {
        isGroupFull = false;
        while (in.next()) {
            Taken taken = in.isTooLong() ? Taken.refused(new RefusedException(ErrorCode.BODY_TOO_LARGE,
                    "the record is larger than one may be here"))
                    : objects.read(in.bytes(), in.start(), in.end(), records);
            group.add(taken);
            if (!count(taken.refusal() == null ? TAKEN_BYTES : REFUSED_BYTES) || group.size() == maxGroupRecords) {
                isGroupFull = true;
                return;
            }
        }
    }

    /** The places of the records themselves are counted as they are taken. */
    private void countHeaders(int recordsBytes, int headersBytes) {
        if (headersBytes > BodyMemory.SMALL_BODY_BYTES && headersBytes > countedHeadersBytes) {
            memory.reserve(headersBytes - countedHeadersBytes);
            countedHeadersBytes = headersBytes;
        }
    }

    /** Returns false when there is no memory for more of them. */
    private boolean count(int moreBytes) {
        uncountedBytes += moreBytes;
        if (uncountedBytes <= BodyMemory.SMALL_BODY_BYTES) {
            return true;
        }
        boolean counted = memory.tryReserve(uncountedBytes);
        uncountedBytes = 0;
        return counted;
    }

    private void report(@Nullable RequestKey key) throws IOException, InterruptedException {
        Reports sent = null;
        RefusedException whole = null;
        try {
            sent = send(key);
        } catch (RefusedException refusal) {
            whole = refusal;
        }
        for (Taken taken : group) {
            if (sent != null) {
                sent.write(null, taken, reports);
            } else {
                Reports.writeRefused(null, taken.refusal() == null ? Objects.requireNonNull(whole) : taken.refusal(),
                        reports);
            }
            reports.write(BETWEEN_REPORTS);
            if (reports.size() >= REPORTS_PIECE_BYTES) {
                writeReports();
            }
        }
        flush();
    }

    private Reports send(@Nullable RequestKey key) throws InterruptedException {
        long nowMs = System.currentTimeMillis();
        TopicImage topic = topics.requireOrCreate(topicName);
        Delivery delivery = records.count() == 0 ? null
                : key == null ? sender.sendWhenThereIsRoom(topic, records, nowMs)
                        : sender.send(topic, records, key, nowMs);
        return new Reports(clusterId, topic, delivery, nowMs);
    }

    private void flush() throws IOException {
        writeReports();
        response.flushBuffer();
    }

    private void writeReports() throws IOException {
        if (!anyReported) {
            response.setContentType("application/json");
            anyReported = true;
        }
        reports.writeTo(response.getOutputStream());
        reports.clear();
    }
}
