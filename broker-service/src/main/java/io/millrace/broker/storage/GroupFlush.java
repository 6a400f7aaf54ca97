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
    private boolean running;

    GroupFlush(PartitionLog log, Executor executor) {
        this.log = log;
        this.executor = executor;
    }

    /** Completes when everything that is in the log now is durable; exceptionally when the disk failed. */
    CompletableFuture<Void> flush() {
        CompletableFuture<Void> mine;
        synchronized (this) {
            if (log.recoveryPoint() >= log.logEndOffset()) {
                return DONE;
            }
            if (next == null) {
                next = new CompletableFuture<>();
            }
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
                log.flush(log.logEndOffset());
                batch.complete(null);
            } catch (RuntimeException e) {
                batch.completeExceptionally(e);
            }
        }
    }

    private synchronized @Nullable CompletableFuture<Void> takeNext() {
        CompletableFuture<Void> batch = next;
        next = null;
        running = batch != null;
        return batch;
    }
}
