package io.millrace.gateway.consumers;

import io.millrace.common.api.InstancesApi.Granted;
import io.millrace.common.api.InstancesApi.Position;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.record.CorruptBatchException;
import io.millrace.common.record.RecordCursor;
import io.millrace.gateway.answers.AnswerBody;
import io.millrace.gateway.answers.AnswerShare;
import io.millrace.gateway.records.NotJson;
import io.millrace.gateway.records.RecordFormat;
import io.millrace.gateway.records.RecordJsonWriter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The answer of one poll as it grows: which partitions are read from where, and the records so far as JSON. The position of a partition
 * advances only with what was written.
 */
final class PollBatch {
    private final List<Source> sources = new ArrayList<>();
    private final RecordJsonWriter writer;
    private final AnswerShare share;
    private final AnswerBody body;
    private final long budgetBytes;
    private final boolean repeats;
    private long usedBytes;
    private boolean full;
    private @Nullable RefusedException unshown;

    /**
     * @param share       what it holds
     * @param budgetBytes what the records may take by their stored size; a first record that is larger is given nevertheless
     * @param repeats     whether each partition ends where it is told, whatever the budget
     */
    PollBatch(AnswerShare share, RecordFormat format, long budgetBytes, boolean repeats) {
        this.share = share;
        this.body = new AnswerBody(share);
        this.writer = new RecordJsonWriter(format, NotJson.REFUSE, false);
        this.budgetBytes = budgetBytes;
        this.repeats = repeats;
    }

    /** Adds a partition; one that a repeated poll had read nothing of is left out. */
    void add(Granted granted) {
        if (!repeats || granted.position() != null && granted.endPosition() != null && granted.position() < granted
                .endPosition()) {
            sources.add(new Source(granted));
        }
    }

    /** The partitions in another order for each poll, so that none is always the last to get room. */
    void rotate(long pollNumber) {
        if (!sources.isEmpty()) {
            Collections.rotate(sources, -(int) (pollNumber % sources.size()));
        }
    }

    /** A partition whose beginning a round of the same poll has found. */
    record Found(String topicId, int partition) {}

    /**
     * Partitions without a position begin where an earlier round found them to: of that, no coordinator need have heard, and what has been
     * appended since the client asked is not to be missed.
     */
    void beginWhereFound(Map<Found, Long> found) {
        for (Source source : sources) {
            Long start = source.hasPosition() ? null : found.get(source.asFound());
            if (start != null) {
                source.beginAt(start);
            }
        }
    }

    void rememberFound(Map<Found, Long> found) {
        sources.stream().filter(source -> source.granted.position() == null && source.hasPosition())
                .forEach(source -> found.put(source.asFound(), source.start));
    }

    List<Source> sources() {
        return sources;
    }

    /** Those that are still to be read. */
    List<Source> open() {
        return sources.stream().filter(source -> source.hasPosition() && !source.isDone()).toList();
    }

    /**
     * Writes records of a partition that were fetched from its position, as far as there is room.
     *
     * @throws RefusedException when there is no memory for the very first record of the poll, or for any of a repeated poll
     */
    void write(Source source, ByteBuffer records) {
        if (full) {
            return;
        }
        var cursor = new RecordCursor(records, source.position, share.batches());
        writer.partition(source.granted.topic(), source.granted.partition());
        try {
            write(source, cursor);
        } catch (CorruptBatchException e) {
            unshown = new RefusedException(ErrorCode.STORAGE_FAILED, "the records of " + source.granted.topic() + "-"
                    + source.granted.partition() + " from offset " + source.position + " on cannot be read: " + e
                            .getMessage(), e);
            if (repeats) {
                throw unshown;
            }
            source.giveUp();
        }
        share.releaseBatches();
    }

    private void write(Source source, RecordCursor cursor) {
        while (cursor.next()) {
            if (source.endsBefore(cursor.offset())) {
                source.giveUp();
                return;
            }
            if (!repeats && usedBytes + cursor.sizeBytes() > budgetBytes && written() > 0) {
                return;
            }
            if (!write(cursor)) {
                if (!full) {
                    source.giveUp();
                }
                return;
            }
            source.position = cursor.nextOffset();
        }
        source.position = Math.max(source.position, cursor.nextOffset());
        if (cursor.isStarved()) {
            starve();
        }
    }

    private boolean write(RecordCursor record) {
        try {
            if (!body.add(writer, record)) {
                starve();
                return false;
            }
        } catch (RefusedException refusal) {
            // What comes before it, and what other partitions have, is given out first.
            unshown = refusal;
            return false;
        }
        usedBytes += record.sizeBytes();
        return true;
    }

    /** @throws RefusedException when there is nothing to give out but what cannot be read, or shown in the format */
    void refuseIfEmpty() {
        if (unshown != null && written() == 0) {
            throw unshown;
        }
    }

    /** There is no memory for more: what there is is the answer. */
    private void starve() {
        if (repeats || written() == 0) {
            throw share.refusal();
        }
        full = true;
    }

    int written() {
        return body.records();
    }

    long usedBytes() {
        return usedBytes;
    }

    long roomBytes() {
        return repeats ? Math.max(budgetBytes, 1) : full ? 0 : Math.max(budgetBytes - usedBytes, 0);
    }

    /** The positions that are to be remembered: of what was read, and of what was looked up for the first time. */
    List<Position> delivered() {
        return sources.stream().filter(Source::hasMoved)
                .map(source -> new Position(source.granted.topic(), source.granted.partition(), source.delivered()))
                .toList();
    }

    /** Where reading began in the partitions that were granted without a position, or with one that was not in the log. */
    List<Position> starts() {
        return sources.stream().filter(source -> source.hasPosition() && (source.granted.position() == null
                || source.start != source.granted.position()))
                .map(source -> new Position(source.granted.topic(), source.granted.partition(), source.start)).toList();
    }

    AnswerBody body() {
        return body;
    }

    /** One partition of the poll. */
    static final class Source {
        private static final long UNKNOWN = -1;

        private final Granted granted;
        private long start;
        private long position;
        private long highWatermark = UNKNOWN;
        private boolean over;

        Source(Granted granted) {
            this.granted = granted;
            this.position = granted.position() == null ? UNKNOWN : granted.position();
            this.start = position;
        }

        private Found asFound() {
            return new Found(granted.topicId(), granted.partition());
        }

        Granted granted() {
            return granted;
        }

        long position() {
            return position;
        }

        boolean hasPosition() {
            return position != UNKNOWN;
        }

        /** Begins, or begins anew, where {@code auto.offset.reset} says. */
        void beginAt(long offset) {
            start = offset;
            position = offset;
        }

        void endsAt(long end) {
            highWatermark = end;
        }

        /** Whether the leader is known to hold more. */
        boolean hasMore() {
            return !isDone() && highWatermark > position;
        }

        boolean isDone() {
            return over || granted.endPosition() != null && position >= granted.endPosition();
        }

        /** Nothing more is to be read of it in this poll: what is missing of a repeated one is no longer in the log. */
        void giveUp() {
            over = true;
        }

        /** Retention has taken some of what is to be repeated: what is left of it is. */
        void repeatFrom(long logStart) {
            if (logStart > position && !endsBefore(logStart)) {
                beginAt(logStart);
            } else {
                giveUp();
            }
        }

        private boolean endsBefore(long offset) {
            return granted.endPosition() != null && offset >= granted.endPosition();
        }

        private boolean hasMoved() {
            return hasPosition() && (granted.endPosition() != null || granted.position() == null || position != granted
                    .position());
        }

        private long delivered() {
            return granted.endPosition() != null ? granted.endPosition() : position;
        }
    }
}
