package io.millrace.broker.listener;

import io.millrace.broker.listener.session.FetchContext;
import io.millrace.broker.listener.session.FetchSessions;
import io.millrace.broker.partition.ReadLimit;
import io.millrace.common.wire.InboundRequest;
import java.security.SecureRandom;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;

/**
 * Answers fetches: at once where there is enough to read, and otherwise when there is or the client's patience ends. A fetch
 * that waits is a parked virtual thread, woken by the append (a follower's) or the commit (a consumer's) that it waits for.
 */
final class FetchHandler {
    private final FetchReader reader;
    private final FetchSettings settings;
    private final FetchSessions sessions;
    private final Set<FetchWait> waits = ConcurrentHashMap.newKeySet();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicLong waitingPartitions = new AtomicLong();
    private volatile boolean stopping;

    FetchHandler(FetchReader reader, FetchSettings settings) {
        this.reader = reader;
        this.settings = settings;
        this.sessions = new FetchSessions(settings.sessions(), System::nanoTime, new SecureRandom());
    }

    /** Sessions kept now. */
    int sessions() {
        return sessions.count();
    }

    /** Fetches that wait for data now. */
    int waiting() {
        return waiting.get();
    }

    void handle(InboundRequest request) {
        FetchRequestData fetch = ((FetchRequest) request.body()).data();
        switch (sessions.contextOf(fetch, request.version())) {
            case FetchContext.Refused(Errors error) -> request.respond(FetchResponse.of(new FetchResponseData()
                    .setErrorCode(error.code())));
            case FetchContext.Reading context -> handle(request, fetch, context);
        }
    }

    private void handle(InboundRequest request, FetchRequestData fetch, FetchContext.Reading context) {
        FetchReader.Result result = reader.read(request, fetch, context.topics(), true);
        if (enough(result, fetch) || fetch.maxWaitMs() <= 0 || context.topics().isEmpty()) {
            respond(request, context, result);
            return;
        }
        int partitions = context.topics().stream().mapToInt(topic -> topic.partitions().size()).sum();
        boolean crowded = waiting.incrementAndGet() > settings.maxWaiting();
        if (waitingPartitions.addAndGet(partitions) > settings.maxWaitingPartitions() || crowded) {
            stopsWaiting(partitions);
            respondLater(request, fetch, context, result);
            return;
        }
        Thread.ofVirtual().name("fetch-wait").start(() -> {
            try {
                awaitData(request, fetch, context);
            } finally {
                stopsWaiting(partitions);
            }
        });
    }

    private void stopsWaiting(int partitions) {
        waitingPartitions.addAndGet(-partitions);
        waiting.decrementAndGet();
    }

    private static void respond(InboundRequest request, FetchContext.Reading context, FetchReader.Result result) {
        request.respond(FetchResponse.of(context.answer(result.response())));
    }

    /** At once would bring the client back at once, too. */
    private void respondLater(InboundRequest request, FetchRequestData fetch, FetchContext.Reading context,
            FetchReader.Result result) {
        long delayMs = Math.min(settings.crowdedDelay().toMillis(), fetch.maxWaitMs());
        CompletableFuture.delayedExecutor(delayMs, TimeUnit.MILLISECONDS)
                .execute(() -> respond(request, context, result));
    }

    private static boolean enough(FetchReader.Result result, FetchRequestData fetch) {
        return result.urgent() || result.bytes() >= fetch.minBytes();
    }

    private void awaitData(InboundRequest request, FetchRequestData fetch, FetchContext.Reading context) {
        FetchWait wait = new FetchWait(Thread.currentThread(), FetchReader.isFollower(fetch) ? ReadLimit.LOG_END
                : ReadLimit.HIGH_WATERMARK);
        waits.add(wait);
        // Nobody reads the answer then, and others could wait in its place.
        Runnable wake = wait::wake;
        request.addCloseAction(wake);
        long waitNanos = Math.min(settings.maxWait().toNanos(), fetch.maxWaitMs() * 1_000_000L);
        long deadlineNanos = request.receivedNanos() + waitNanos;
        try {
            reader.forEachPartition(request, context.topics(), partition -> wait.register(partition));
            // From here on no append goes unnoticed; what came before it registered is found by this read.
            FetchReader.Result result = reader.read(request, fetch, context.topics(), false);
            while (!enough(result, fetch) && !stopping && request.connectionOpen() && System.nanoTime()
                    - deadlineNanos < 0) {
                wait.await(fetch.minBytes() - result.bytes(), deadlineNanos);
                result = reader.read(request, fetch, context.topics(), false);
            }
            respond(request, context, result);
        } catch (RuntimeException e) {
            request.respondError(e);
        } finally {
            request.removeCloseAction(wake);
            wait.deregister();
            waits.remove(wait);
        }
    }

    /** From now on no fetch waits: those that do are answered with what there is. */
    void stop() {
        stopping = true;
        waits.forEach(FetchWait::wake);
    }
}
