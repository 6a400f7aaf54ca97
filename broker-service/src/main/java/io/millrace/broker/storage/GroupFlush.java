package io.millrace.broker.storage;

import io.millrace.broker.log.PartitionLog;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Group commit of one log: while an fsync runs, all who ask for the next one share it. At most one task of a log waits in the executor, so its
 * queue is bounded by the number of logs.
 */
final class GroupFlush {
    private static final CompletableFuture<Void> DONE = CompletableFuture.completedFuture(null);

    private final PartitionLog log;
    private final Executor executor;
    private @Nullable CompletableFuture<Void> next;
    private long nextUpTo;
    private boolean running;

    GroupFlush(PartitionLog log, Executor executor) {
        this.log = log;
        this.executor = executor;
    }

    /** Completes when everything before the offset is durable; exceptionally when the disk failed. */
    CompletableFuture<Void> flush(long upToOffset) {
        CompletableFuture<Void> mine;
        synchronized (this) {
            if (log.recoveryPoint() >= upToOffset) {
                return DONE;
            }
            if (next == null) {
                next = new CompletableFuture<>();
            }
            nextUpTo = Math.max(nextUpTo, upToOffset);
            mine = next;
            if (running) {
                return mine;
            }
            running = true;
        }
        executor.execute(this::run);
        return mine;
    }

    private void run() {
        for (CompletableFuture<Void> batch = takeNext(); batch != null; batch = takeNext()) {
            try {
                log.flush(upTo());
                batch.complete(null);
            } catch (RuntimeException | Error e) {
                batch.completeExceptionally(e);
            }
        }
    }

    private synchronized long upTo() {
        return nextUpTo;
    }

    private synchronized @Nullable CompletableFuture<Void> takeNext() {
        CompletableFuture<Void> batch = next;
        next = null;
        running = batch != null;
        return batch;
    }
}
