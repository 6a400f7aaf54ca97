package io.millrace.coordinator.listener;

import io.millrace.common.wire.InboundRequest;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a connection's next request back until the one before is answered, where that one is answered later. The connection's reader
 * goes on to read meanwhile, so it sees the connection end; only once it has a next request, it waits.
 */
final class OneAtATime {
    /** Each connection is read by one thread, from its beginning to its end. */
    private final ThreadLocal<@Nullable CompletableFuture<Void>> underWay = new ThreadLocal<>();

    /** Before a request is looked at. @return false where it need not be any more */
    boolean awaitTurn(InboundRequest next) {
        CompletableFuture<Void> before = underWay.get();
        if (before == null) {
            return true;
        }
        underWay.remove();
        try {
            before.get();
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            next.disconnect("shutting down");
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("an answer that failed is an answer too", e);
        }
    }

    void begun(CompletableFuture<Void> answered) {
        if (!answered.isDone()) {
            underWay.set(answered);
        }
    }
}
