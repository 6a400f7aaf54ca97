package io.millrace.gateway.producer;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.record.RecordBatchWriter;
import io.millrace.common.record.RecordSlices;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A batch on its way, with whom its records belong to. Guarded by its partition's lock until it is sent. */
final class ProduceBatch {
    private static final Logger LOG = LoggerFactory.getLogger(ProduceBatch.class);

    /** A request's records that follow each other in the batch. */
    private static final class Part {
        private final Delivery delivery;
        private final int firstRecord;
        private int length = 1;

        private Part(Delivery delivery, int firstRecord) {
            this.delivery = delivery;
            this.firstRecord = firstRecord;
        }
    }

    private final RecordBatchWriter writer;
    private final long deadlineNanos;
    private final List<Part> parts = new ArrayList<>();
    private @Nullable Part last;
    private @Nullable MemoryRecords closed;
    private boolean sealed;
    private boolean uncertain;

    ProduceBatch(RecordBatchWriter writer, long deadlineNanos) {
        this.writer = writer;
        this.deadlineNanos = deadlineNanos;
    }

    /** @param earliestDeadlineNanos records that may wait longer do not join a batch that is given up before it */
    boolean hasRoom(int moreBytes, int limitBytes, long earliestDeadlineNanos) {
        return !sealed && deadlineNanos - earliestDeadlineNanos >= 0 && (writer.count() == 0 || writer.sizeBytes()
                + moreBytes <= limitBytes);
    }

    void append(Delivery delivery, RecordSlices records, int record, long nowMs) {
        writer.append(records, record, nowMs);
        if (last != null && last.delivery == delivery) {
            last.length++;
        } else {
            last = new Part(delivery, record);
            parts.add(last);
        }
    }

    int count() {
        return writer.count();
    }

    int sizeBytes() {
        return writer.sizeBytes();
    }

    boolean isExpired(long nowNanos) {
        return nowNanos - deadlineNanos >= 0;
    }

    long leftNanos(long nowNanos) {
        return Math.max(0, deadlineNanos - nowNanos);
    }

    /** Whether it has a place in a producer's sequence. */
    boolean isIdentified() {
        return closed != null;
    }

    void identify(long producerId, short epoch, int sequence) {
        sealed = true;
        closed = writer.close(producerId, epoch, sequence);
    }

    /** It was certainly not stored under its identity and gets another. */
    void forgetIdentity() {
        closed = null;
        if (uncertain) {
            writer.unshare();
        }
    }

    MemoryRecords records() {
        if (closed == null) {
            throw new IllegalStateException("the batch has no identity yet");
        }
        return closed;
    }

    /** A try ended without an answer: it may be stored, and its bytes may still be on their way. */
    void becomeUncertain() {
        uncertain = true;
    }

    boolean isUncertain() {
        return uncertain;
    }

    /** Each request hears of its own records, whatever becomes of another's. */
    void stored(long baseOffset, BatchBuffers buffers) {
        long offset = baseOffset;
        for (Part part : parts) {
            try {
                part.delivery.stored(part.firstRecord, part.length, offset);
            } catch (RuntimeException e) {
                LOG.error("{} records are stored, and who sent them cannot be told", part.length, e);
            }
            offset = offset == Delivery.UNKNOWN_OFFSET ? offset : offset + part.length;
        }
        recycle(buffers);
    }

    void failed(ErrorCode error, BatchBuffers buffers) {
        for (Part part : parts) {
            try {
                part.delivery.failed(part.firstRecord, part.length, error);
            } catch (RuntimeException e) {
                LOG.error("{} records are refused, and who sent them cannot be told", part.length, e);
            }
        }
        recycle(buffers);
    }

    private void recycle(BatchBuffers buffers) {
        // Bytes that a lost connection may still be writing are left to the garbage collector.
        if (!uncertain) {
            buffers.give(writer);
        }
    }
}
