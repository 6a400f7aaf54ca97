package io.millrace.gateway.producer;

import io.millrace.common.record.RecordBatchWriter;
import io.millrace.gateway.memory.MemoryBudget;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.jspecify.annotations.Nullable;

/** Keeps batch buffers for reuse, up to a limit of memory. */
final class BatchBuffers {
    private static final int INITIAL_BYTES = 4 * 1024;

    private final ConcurrentLinkedDeque<RecordBatchWriter> free = new ConcurrentLinkedDeque<>();
    private final MemoryBudget pooled;

    BatchBuffers(long pooledBytes) {
        this.pooled = new MemoryBudget(pooledBytes);
    }

    RecordBatchWriter take() {
        @Nullable
        RecordBatchWriter writer = free.pollFirst();
        if (writer == null) {
            return new RecordBatchWriter(INITIAL_BYTES);
        }
        pooled.release(writer.capacityBytes());
        return writer;
    }

    void give(RecordBatchWriter writer) {
        if (pooled.tryReserve(writer.capacityBytes())) {
            writer.reset();
            free.addFirst(writer);
        }
    }
}
