package io.millrace.gateway.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.millrace.common.record.RequestKey;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.jspecify.annotations.Nullable;

/** A partition's log in memory, with the sequence check of KIP-98 as far as the last batch. */
public final class FakePartition {
    private record Stored(long baseOffset, long lastOffset, long maxTimestampMs, byte[] bytes) {}

    private record Sequence(short epoch, int first, int last, long baseOffset) {}

    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final Condition APPENDED = LOCK.newCondition();
    private static long appends;

    private final List<Stored> batches = new ArrayList<>();
    private final Map<Long, Sequence> producers = new HashMap<>();
    private long logStart;
    private boolean isBehind;
    private long end;
    private long lastStable = Long.MAX_VALUE;
    private int attempts;
    private boolean settling;
    private Function<RecordBatch, Errors> limit = _ -> Errors.NONE;

    void attempted() {
        LOCK.lock();
        attempts++;
        LOCK.unlock();
    }

    int attempts() {
        LOCK.lock();
        try {
            return attempts;
        } finally {
            LOCK.unlock();
        }
    }

    /** From now on, as a new leader does not know its high watermark yet (KIP-207), or does. */
    public void settling(boolean isSettling) {
        LOCK.lock();
        settling = isSettling;
        LOCK.unlock();
    }

    boolean isSettling() {
        LOCK.lock();
        try {
            return settling;
        } finally {
            LOCK.unlock();
        }
    }

    long sizeBytes() {
        LOCK.lock();
        try {
            return batches.stream().mapToLong(batch -> batch.bytes.length).sum();
        } finally {
            LOCK.unlock();
        }
    }

    /** Forgets what producers sent, as a broker does that has lost its state. */
    public void forgetProducers() {
        LOCK.lock();
        producers.clear();
        LOCK.unlock();
    }

    /** The next fetch is refused as by a leader that knows less than it is going to. */
    public void refuseNextFetch() {
        LOCK.lock();
        isBehind = true;
        LOCK.unlock();
    }

    /** Forgets records before the offset, as retention does; by whole batches. */
    public void startAt(long offset) {
        LOCK.lock();
        logStart = offset;
        batches.removeIf(batch -> batch.lastOffset < offset);
        LOCK.unlock();
    }

    /** From now on what is not stored yet is taken, or refused with an error, as the limit says. */
    public void limit(Function<RecordBatch, Errors> decision) {
        LOCK.lock();
        limit = decision;
        LOCK.unlock();
    }

    /** Appends as a Kafka client would have it. @return the first record's offset */
    public long append(MemoryRecords records) {
        var answer = new ProduceResponseData.PartitionProduceResponse();
        append(records, answer);
        return answer.baseOffset();
    }

    void append(MemoryRecords records, ProduceResponseData.PartitionProduceResponse answer) {
        LOCK.lock();
        try {
            MutableRecordBatch batch = records.batches().iterator().next();
            batch.ensureValid();
            Sequence last = producers.get(batch.producerId());
            Errors error = batch.producerId() < 0 ? Errors.NONE : check(batch, last);
            if (error == Errors.DUPLICATE_SEQUENCE_NUMBER && last != null) {
                answer.setBaseOffset(last.baseOffset);
                return;
            }
            if (error == Errors.NONE) {
                error = limit.apply(batch);
            }
            answer.setErrorCode(error.code());
            if (error != Errors.NONE) {
                return;
            }
            answer.setBaseOffset(end);
            int count = batch.countOrNull();
            producers.put(batch.producerId(), new Sequence(batch.producerEpoch(), batch.baseSequence(), batch
                    .lastSequence(), end));
            byte[] bytes = new byte[batch.sizeInBytes()];
            records.buffer().get(bytes);
            ByteBuffer.wrap(bytes).putLong(0, end);
            batches.add(new Stored(end, end + count - 1, batch.maxTimestamp(), bytes));
            end += count;
            appends++;
            APPENDED.signalAll();
        } finally {
            LOCK.unlock();
        }
    }

    private static Errors check(MutableRecordBatch batch, @Nullable Sequence last) {
        if (RequestKey.isProducerIdOfKey(batch.producerId())) {
            return last == null ? Errors.NONE
                    : batch.baseSequence() == last.first && batch.lastSequence() == last.last
                            ? Errors.DUPLICATE_SEQUENCE_NUMBER
                            : Errors.OUT_OF_ORDER_SEQUENCE_NUMBER;
        }
        if (last == null || batch.producerEpoch() > last.epoch) {
            return batch.baseSequence() == 0 ? Errors.NONE : Errors.OUT_OF_ORDER_SEQUENCE_NUMBER;
        }
        if (batch.producerEpoch() < last.epoch) {
            return Errors.INVALID_PRODUCER_EPOCH;
        }
        if (batch.baseSequence() == last.first && batch.lastSequence() == last.last) {
            return Errors.DUPLICATE_SEQUENCE_NUMBER;
        }
        return batch.baseSequence() == last.last + 1 ? Errors.NONE : Errors.OUT_OF_ORDER_SEQUENCE_NUMBER;
    }

    /** @return whether the fetch need not wait */
    boolean read(long from, int maxBytes, boolean atLeastOne, FetchResponseData.PartitionData answer) {
        LOCK.lock();
        try {
            answer.setHighWatermark(end).setLogStartOffset(logStart).setLastStableOffset(end).setRecords(
                    MemoryRecords.EMPTY);
            if (settling) {
                answer.setErrorCode(Errors.OFFSET_NOT_AVAILABLE.code());
                return true;
            }
            if (isBehind) {
                isBehind = false;
                answer.setErrorCode(Errors.OFFSET_OUT_OF_RANGE.code()).setHighWatermark(-1).setLogStartOffset(-1);
                return true;
            }
            if (from < logStart || from > end) {
                answer.setErrorCode(Errors.OFFSET_OUT_OF_RANGE.code());
                return true;
            }
            var found = new ByteArrayOutputStream();
            for (Stored batch : batches) {
                if (batch.lastOffset >= from) {
                    if (found.size() + batch.bytes.length > maxBytes && !(atLeastOne && found.size() == 0)) {
                        break;
                    }
                    found.writeBytes(batch.bytes);
                }
            }
            answer.setRecords(MemoryRecords.readableRecords(ByteBuffer.wrap(found.toByteArray())));
            return found.size() > 0;
        } finally {
            LOCK.unlock();
        }
    }

    /** A transaction has begun here that is not over. */
    public void openTransactionAt(long offset) {
        LOCK.lock();
        try {
            lastStable = offset;
        } finally {
            LOCK.unlock();
        }
    }

    long offsetOf(long timestampMs, boolean readCommitted) {
        long found = offsetOf(timestampMs);
        return readCommitted && timestampMs == ListOffsetsRequest.LATEST_TIMESTAMP ? Math.min(found, lastStable)
                : found;
    }

    private long offsetOf(long timestampMs) {
        LOCK.lock();
        try {
            if (timestampMs == ListOffsetsRequest.EARLIEST_TIMESTAMP) {
                return logStart;
            }
            if (timestampMs == ListOffsetsRequest.LATEST_TIMESTAMP) {
                return end;
            }
            for (Stored batch : batches) {
                for (Record record : MemoryRecords.readableRecords(ByteBuffer.wrap(batch.bytes)).records()) {
                    if (record.timestamp() >= timestampMs) {
                        return record.offset();
                    }
                }
            }
            return -1;
        } finally {
            LOCK.unlock();
        }
    }

    /** Every value as text, in order. */
    public List<String> values() {
        LOCK.lock();
        try {
            List<String> values = new ArrayList<>();
            for (Stored batch : batches) {
                for (Record record : MemoryRecords.readableRecords(ByteBuffer.wrap(batch.bytes)).records()) {
                    values.add(record.hasValue() ? UTF_8.decode(record.value()).toString() : "");
                }
            }
            return values;
        } finally {
            LOCK.unlock();
        }
    }

    /** Records in each batch, in order. */
    public List<Integer> batchCounts() {
        LOCK.lock();
        try {
            return batches.stream().map(batch -> (int) (batch.lastOffset - batch.baseOffset + 1)).toList();
        } finally {
            LOCK.unlock();
        }
    }

    static long appends() {
        LOCK.lock();
        try {
            return appends;
        } finally {
            LOCK.unlock();
        }
    }

    /** Waits for an append after those seen; false when the time is over. */
    static boolean awaitAppend(long seen, long deadlineNanos) {
        LOCK.lock();
        try {
            while (appends == seen) {
                long left = deadlineNanos - System.nanoTime();
                if (left <= 0 || !APPENDED.await(left, TimeUnit.NANOSECONDS) && appends == seen) {
                    return false;
                }
            }
            return true;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            LOCK.unlock();
        }
    }
}
