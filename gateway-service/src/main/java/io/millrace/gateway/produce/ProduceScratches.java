package io.millrace.gateway.produce;

import io.millrace.gateway.edge.BodyMemory;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Keeps scratch memory of past requests for the next ones: so many, and none that a large body has blown up. */
final class ProduceScratches {
    private static final int MAX_KEPT = 128;
    private static final int MAX_KEPT_BYTES_EACH = 512 * 1024;

    private final BodyMemory memory;
    private final int maxRecords;
    private final ConcurrentLinkedDeque<ProduceScratch> free = new ConcurrentLinkedDeque<>();
    private final AtomicInteger kept = new AtomicInteger();

    ProduceScratches(BodyMemory memory, int maxRecords) {
        this.memory = memory;
        this.maxRecords = maxRecords;
    }

    ProduceScratch take() {
        @Nullable
        ProduceScratch scratch = free.pollFirst();
        if (scratch == null) {
            return new ProduceScratch(memory, maxRecords);
        }
        kept.decrementAndGet();
        return scratch;
    }

    void give(ProduceScratch scratch) {
        if (scratch.capacityBytes() <= MAX_KEPT_BYTES_EACH && kept.get() < MAX_KEPT) {
            kept.incrementAndGet();
            free.addFirst(scratch);
        }
    }
}
