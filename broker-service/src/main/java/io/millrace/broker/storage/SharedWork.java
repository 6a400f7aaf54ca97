package io.millrace.broker.storage;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Work that is done once for all who wait for it: whoever asks before a run has begun has its result, and who comes later has the next one's. At
 * most one run waits in the executor.
 */
final class SharedWork {
    private final Executor executor;
    private final Runnable work;
    private final AtomicReference<@Nullable CompletableFuture<Void>> next = new AtomicReference<>();

    SharedWork(Executor executor, Runnable work) {
        this.executor = executor;
        this.work = work;
    }

    /** Completes when a run has ended that began after this was called; exceptionally when that failed. */
    CompletableFuture<Void> run() {
        CompletableFuture<Void> fresh = new CompletableFuture<>();
        CompletableFuture<Void> waiting = next.compareAndExchange(null, fresh);
        if (waiting != null) {
            return waiting;
        }
        executor.execute(() -> {
            next.set(null);
            try {
                work.run();
                fresh.complete(null);
            } catch (RuntimeException | Error e) {
                fresh.completeExceptionally(e);
            }
        });
        return fresh;
    }
}
