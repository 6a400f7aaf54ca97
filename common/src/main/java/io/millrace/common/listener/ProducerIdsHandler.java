package io.millrace.common.listener;

import io.millrace.common.api.ProducerIdsApi;
import io.millrace.common.api.ProducerIdsApi.ProducerIdBlock;
import io.millrace.common.record.RequestKey;
import io.millrace.common.wire.InboundRequest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives idempotent producers their ids, from blocks that the controller hands out. What is left of a block is lost with the process.
 *
 * <p>At most one block is asked for at a time; who finds none waits for it, without a thread, and shares its failure.
 */
public final class ProducerIdsHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ProducerIdsHandler.class);

    private final ProducerIdsApi producerIds;
    private final int maxWaiting;
    private final Duration timeout;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<InboundRequest> waiting = new ArrayDeque<>();
    private long nextId;
    private long blockEnd;
    /** The thread that asks for a block; another's answer comes too late. */
    private @Nullable Thread allocation;

    /**
     * @param maxWaiting producers that wait for one block of ids; one more is told to try again
     * @param timeout    longest wait for a block of ids; over it, all that wait are told to try again
     */
    public ProducerIdsHandler(ProducerIdsApi producerIds, int maxWaiting, Duration timeout) {
        this.producerIds = producerIds;
        this.maxWaiting = maxWaiting;
        this.timeout = timeout;
    }

    public void handle(InboundRequest request) {
        if (((InitProducerIdRequest) request.body()).data().transactionalId() != null) {
            LOG.info("{} asks for transactions, which are not available", request.header().clientId());
            request.respond(error(Errors.INVALID_REQUEST));
            return;
        }
        InitProducerIdResponse response;
        lock.lock();
        try {
            if (nextId < blockEnd) {
                response = next();
            } else if (waiting.size() >= maxWaiting) {
                response = tryAgain();
            } else {
                waiting.add(request);
                if (allocation == null) {
                    startAllocation();
                }
                return;
            }
        } finally {
            lock.unlock();
        }
        request.respond(response);
    }

    /** Under the lock. */
    private InitProducerIdResponse next() {
        return new InitProducerIdResponse(new InitProducerIdResponseData().setProducerId(nextId++).setProducerEpoch(
                (short) 0));
    }

    /** Under the lock. */
    private void startAllocation() {
        Thread thread = Thread.ofVirtual().name("producer-ids").unstarted(this::allocate);
        allocation = thread;
        thread.start();
        CompletableFuture.delayedExecutor(timeout.toMillis(), TimeUnit.MILLISECONDS)
                .execute(() -> timeOut(thread));
    }

    private void allocate() {
        try {
            ProducerIdBlock block = producerIds.allocate();
            if (RequestKey.isProducerIdOfKey(block.first() + block.size())) {
                throw new IllegalStateException("the ids from " + block.first() + " on are those of requests' keys");
            }
            allocated(block);
        } catch (RuntimeException e) {
            failed(Thread.currentThread(), e.getMessage());
        }
    }

    private void timeOut(Thread thread) {
        if (failed(thread, "no answer in time")) {
            thread.interrupt();
        }
    }

    private void allocated(ProducerIdBlock block) {
        Map<InboundRequest, InitProducerIdResponse> answers = new LinkedHashMap<>();
        lock.lock();
        try {
            if (!Thread.currentThread().equals(allocation)) {
                return;
            }
            allocation = null;
            nextId = block.first();
            blockEnd = block.first() + block.size();
            while (!waiting.isEmpty() && nextId < blockEnd) {
                answers.put(waiting.remove(), next());
            }
            if (!waiting.isEmpty()) {
                startAllocation();
            }
        } finally {
            lock.unlock();
        }
        answers.forEach(InboundRequest::respond);
    }

    /** False when the allocation had ended before. */
    private boolean failed(Thread thread, @Nullable String reason) {
        List<InboundRequest> refused;
        lock.lock();
        try {
            if (!thread.equals(allocation)) {
                return false;
            }
            allocation = null;
            refused = List.copyOf(waiting);
            waiting.clear();
        } finally {
            lock.unlock();
        }
        LOG.warn("no producer ids can be had from the controller: {}", reason);
        refused.forEach(request -> request.respond(tryAgain()));
        return true;
    }

    /** Producers try again after this one. */
    private static InitProducerIdResponse tryAgain() {
        return error(Errors.COORDINATOR_LOAD_IN_PROGRESS);
    }

    private static InitProducerIdResponse error(Errors error) {
        return new InitProducerIdResponse(new InitProducerIdResponseData().setErrorCode(error.code())
                .setProducerId(RecordBatch.NO_PRODUCER_ID).setProducerEpoch(RecordBatch.NO_PRODUCER_EPOCH));
    }
}
