package io.millrace.broker.log;

import java.util.ArrayDeque;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** What is known of one idempotent producer: its epoch and its last five batches (KIP-98), as many as a producer may have in flight. */
final class ProducerEntry {
    static final int WINDOW_BATCHES = 5;

    /** One batch of the window. The timestamp is the greatest of its records. */
    record WrittenBatch(int lastSequence, long lastOffset, int offsetDelta, long timestampMs) {
        int firstSequence() {
            return BatchHeader.decrementSequence(lastSequence, offsetDelta);
        }

        long firstOffset() {
            return lastOffset - offsetDelta;
        }
    }

    private final ArrayDeque<WrittenBatch> window = new ArrayDeque<>(WINDOW_BATCHES);
    private short epoch;
    private long lastSeenMs;

    ProducerEntry(short epoch) {
        this.epoch = epoch;
    }

    short epoch() {
        return epoch;
    }

    long lastSeenMs() {
        return lastSeenMs;
    }

    Iterable<WrittenBatch> window() {
        return window;
    }

    WrittenBatch last() {
        return window.getLast();
    }

    @Nullable
    WrittenBatch find(short producerEpoch, int firstSequence, int lastSequence) {
        if (producerEpoch != epoch) {
            return null;
        }
        for (Iterator<WrittenBatch> newestFirst = window.descendingIterator(); newestFirst.hasNext();) {
            WrittenBatch batch = newestFirst.next();
            if (batch.lastSequence() == lastSequence && batch.firstSequence() == firstSequence) {
                return batch;
            }
        }
        return null;
    }

    void add(short producerEpoch, WrittenBatch batch, long seenMs) {
        if (producerEpoch != epoch) {
            window.clear();
            epoch = producerEpoch;
        }
        if (window.size() == WINDOW_BATCHES) {
            window.removeFirst();
        }
        window.addLast(batch);
        lastSeenMs = seenMs;
    }
}
