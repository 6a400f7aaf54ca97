package io.millrace.common.listener;

import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.wire.InboundRequest;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs what has to ask the controller beside the connections' threads, a bounded number at a time. */
public final class ControllerCalls {
    private static final Logger LOG = LoggerFactory.getLogger(ControllerCalls.class);
    /** Of a change that was not made. */
    public static final long NO_VERSION = -1;

    private final ClusterImages images;
    private final Semaphore permits;
    private final Duration maxWait;

    /**
     * @param maxConcurrent requests on their way to the controller; one more is refused with THROTTLING_QUOTA_EXCEEDED
     * @param maxWait       longest wait until a change shows in this node's image, whatever the client asks for
     */
    public ControllerCalls(ClusterImages images, int maxConcurrent, Duration maxWait) {
        this.images = images;
        this.permits = new Semaphore(maxConcurrent);
        this.maxWait = maxWait;
    }

    /** Runs the action, which answers the request, or refuses the request when too many run. */
    public void run(InboundRequest request, Runnable action) {
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
    public static ApiError errorOf(RuntimeException failure) {
        if (failure instanceof RefusedException refused) {
            return new ApiError(refused.code().kafkaError(), refused.getMessage());
        }
        LOG.error("a call of the controller failed", failure);
        return new ApiError(Errors.UNKNOWN_SERVER_ERROR, null);
    }

    /**
     * Waits until this node's image shows a change: who asks for what was changed asks this node, most likely. That it takes too long is no
     * failure: the change is made.
     */
    public void awaitImage(long version, Duration wanted) {
        if (version == NO_VERSION) {
            return;
        }
        try {
            images.awaitVersion(version, wanted.compareTo(maxWait) < 0 ? wanted : maxWait);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The same for requests that name no time. */
    public void awaitImage(long version) {
        awaitImage(version, maxWait);
    }
}
