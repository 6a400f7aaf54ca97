package io.millrace.broker.listener;

import io.millrace.common.api.ProducerIdsApi;
import io.millrace.common.api.ProducerIdsApi.ProducerIdBlock;
import io.millrace.common.wire.InboundRequest;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gives idempotent producers their ids, from blocks that the controller hands out. What is left of a block is lost with the process. */
final class ProducerIdsHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ProducerIdsHandler.class);

    private final ProducerIdsApi producerIds;
    private final ControllerCalls calls;
    private final ReentrantLock lock = new ReentrantLock();
    private long nextId;
    private long blockEnd;

    ProducerIdsHandler(ProducerIdsApi producerIds, ControllerCalls calls) {
        this.producerIds = producerIds;
        this.calls = calls;
    }

    void handle(InboundRequest request) {
        if (((InitProducerIdRequest) request.body()).data().transactionalId() != null) {
            LOG.info("{} asks for transactions, which are not available", request.header().clientId());
            request.respond(error(Errors.INVALID_REQUEST));
            return;
        }
        calls.run(request, () -> request.respond(next()));
    }

    private InitProducerIdResponse next() {
        lock.lock();
        try {
            if (nextId == blockEnd) {
                ProducerIdBlock block = producerIds.allocate();
                nextId = block.first();
                blockEnd = block.first() + block.size();
            }
            return new InitProducerIdResponse(new InitProducerIdResponseData().setProducerId(nextId++).setProducerEpoch(
                    (short) 0));
        } catch (RuntimeException e) {
            LOG.warn("no producer ids can be had from the controller: {}", e.getMessage());
            // Producers try again after this one.
            return error(Errors.COORDINATOR_LOAD_IN_PROGRESS);
        } finally {
            lock.unlock();
        }
    }

    private static InitProducerIdResponse error(Errors error) {
        return new InitProducerIdResponse(new InitProducerIdResponseData().setErrorCode(error.code())
                .setProducerId(RecordBatch.NO_PRODUCER_ID).setProducerEpoch(RecordBatch.NO_PRODUCER_EPOCH));
    }
}
