package io.millrace.broker.listener;

import io.millrace.common.error.RefusedException;
import io.millrace.common.wire.InboundRequest;
import java.util.concurrent.Semaphore;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs what has to ask the controller beside the connections' threads, a bounded number at a time. */
final class ControllerCalls {
    private static final Logger LOG = LoggerFactory.getLogger(ControllerCalls.class);

    private final Semaphore permits;

    ControllerCalls(ForwardSettings settings) {
        permits = new Semaphore(settings.maxConcurrent());
    }

    /** Runs the action, which answers the request, or refuses the request when too many run. */
    void run(InboundRequest request, Runnable action) {
        if (!permits.tryAcquire()) {
            request.respondError(new ThrottlingQuotaExceededException(
                    "too many requests are on their way to the controller"));
            return;
        }
        Thread.ofVirtual().name("controller-call").start(() -> {
            try {
                action.run();
            } catch (RuntimeException e) {
                LOG.error("{} failed", request.header(), e);
                request.respondError(e);
            } finally {
                permits.release();
            }
        });
    }

    /** What a failed call means on the wire. */
    static ApiError errorOf(RuntimeException failure) {
        if (failure instanceof RefusedException refused) {
            return new ApiError(refused.code().kafkaError(), refused.getMessage());
        }
        LOG.error("a call of the controller failed", failure);
        return new ApiError(Errors.UNKNOWN_SERVER_ERROR, null);
    }
}
