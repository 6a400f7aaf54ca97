package io.millrace.common.listener;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.wire.InboundRequest;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs what has to ask the controller beside the connections' threads, a bounded number at a time. Who only reads does not stand behind those who
 * change something, nor anybody behind those who merely wait for their change to show.
 */
public final class ControllerCalls {
    private static final Logger LOG = LoggerFactory.getLogger(ControllerCalls.class);
    /** Of a change that was not made. */
    public static final long NO_VERSION = -1;
    /** For each request on its way to the controller so many may wait for their change to show; one more waits in its place on the way. */
    private static final int WAITING_PER_CALL = 16;
    /** How long a newer image is awaited before there may be a controller again. */
    private static final Duration RETRY_PAUSE = Duration.ofMillis(100);
    private static final ScopedValue<Permit> PERMIT = ScopedValue.newInstance();

    private final ClusterImages images;
    private final Semaphore changes;
    private final Semaphore reads;
    private final Semaphore waiting;
    private final HeldFrames frames = new HeldFrames();
    private final Duration maxWait;

    /**
     * @param maxConcurrent requests on their way to the controller, of those that change something and of those that read; one more is refused with
     *                      THROTTLING_QUOTA_EXCEEDED
     * @param maxWait       longest wait until a change shows in this node's image, or for a controller, whatever the client asks for
     */
    public ControllerCalls(ClusterImages images, int maxConcurrent, Duration maxWait) {
        this.images = images;
        this.changes = new Semaphore(maxConcurrent);
        this.reads = new Semaphore(maxConcurrent);
        this.waiting = new Semaphore(maxConcurrent * WAITING_PER_CALL);
        this.maxWait = maxWait;
    }

    /** Touched by the thread of its request alone. */
    private static final class Permit {
        private final Semaphore semaphore;
        private boolean held = true;

        Permit(Semaphore semaphore) {
            this.semaphore = semaphore;
        }

        void release() {
            if (held) {
                held = false;
                semaphore.release();
            }
        }
    }

    /** Runs the action, which answers the request, or refuses the request when too many run. */
    public void run(InboundRequest request, Runnable action) {
        run(request, action, changes);
    }

    /** The same for what changes nothing. */
    public void runReading(InboundRequest request, Runnable action) {
        run(request, action, reads);
    }

    private void run(InboundRequest request, Runnable action, Semaphore semaphore) {
        if (!semaphore.tryAcquire()) {
            request.respondError(new ThrottlingQuotaExceededException(
                    "too many requests are on their way to the controller"));
            return;
        }
        if (!frames.tryTake(request.frameBytes())) {
            semaphore.release();
            request.respondError(new ThrottlingQuotaExceededException(
                    "requests on their way to the controller, or until what they changed shows, are too large together"));
            return;
        }
        Permit permit = new Permit(semaphore);
        Thread.ofVirtual().name("controller-call").start(() -> {
            try {
                ScopedValue.where(PERMIT, permit).run(action);
            } catch (RuntimeException e) {
                LOG.error("{} failed", request.header(), e);
                request.respondError(e);
            } finally {
                permit.release();
                frames.giveBack(request.frameBytes());
            }
        });
    }

    /** By when a request must be answered whose client waits so long. */
    public long deadlineNanos(Duration wanted) {
        return System.nanoTime() + atMost(wanted).toNanos();
    }

    /** The same for requests that name no time. */
    public long deadlineNanos() {
        return deadlineNanos(maxWait);
    }

    /** Before each call of a request that needs many: whether there is time for it, and somebody who waits for the answer. */
    public boolean isTimeFor(InboundRequest request, long deadlineNanos) {
        return request.connectionOpen() && System.nanoTime() - deadlineNanos < 0;
    }

    private Duration atMost(Duration wanted) {
        return wanted.compareTo(maxWait) < 0 ? wanted : maxWait;
    }

    /**
     * Makes a call again until there is a controller, for requests of which clients take NOT_CONTROLLER for the answer: Kafka's Java client asks
     * again for what creates and deletes topics, but not for changes of settings and elections.
     *
     * @throws RefusedException as the call is refused; {@code TIMED_OUT} when there is no controller by the deadline
     */
    public <T> T untilThereIsOne(long deadlineNanos, Supplier<T> call) {
        while (true) {
            long version = images.current().version();
            try {
                return call.get();
            } catch (RefusedException e) {
                if (e.code().kafkaError() != Errors.NOT_CONTROLLER) {
                    throw e;
                }
                Duration left = Duration.ofNanos(deadlineNanos - System.nanoTime());
                if (!left.isPositive() || !paused(version, left)) {
                    throw new RefusedException(ErrorCode.TIMED_OUT, e.getMessage(), e);
                }
            }
        }
    }

    /** Until a newer image, which may name a controller, for a moment at the most; false when this thread is to end. */
    private boolean paused(long version, Duration left) {
        try {
            images.awaitVersion(version + 1, left.compareTo(RETRY_PAUSE) < 0 ? left : RETRY_PAUSE);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
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
     * failure: the change is made. The controller must not be asked for anything after this.
     */
    public void awaitImage(long version, Duration wanted) {
        if (version == NO_VERSION) {
            return;
        }
        boolean aside = PERMIT.isBound() && waiting.tryAcquire();
        try {
            if (aside) {
                PERMIT.get().release();
            }
            images.awaitVersion(version, atMost(wanted));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (aside) {
                waiting.release();
            }
        }
    }

    /** The same for requests that name no time. */
    public void awaitImage(long version) {
        awaitImage(version, maxWait);
    }
}
