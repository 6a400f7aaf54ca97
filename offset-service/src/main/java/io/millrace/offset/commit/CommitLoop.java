package io.millrace.offset.commit;

import io.millrace.common.error.ErrorCode;
import io.millrace.offset.commit.CommitOutcome.Refused;
import io.millrace.offset.meters.OffsetMeters;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * The one writer of commits: takes what has gathered, stores it, and again. One statement at a time keeps commits of one member in their
 * order. Started before and stopped after the web server, so that at shutdown every accepted commit gets its answer.
 */
@Component
final class CommitLoop implements SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(CommitLoop.class);
    private static final Refused SHUTTING_DOWN = new Refused(ErrorCode.UNAVAILABLE,
            "The offset service is shutting down");

    private final CommitRound round;
    private final OffsetMeters meters;
    private final Duration drainTimeout;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final CommitQueue queue;
    private boolean open;
    private volatile @Nullable Thread thread;

    CommitLoop(CommitStore store, CommitSettings settings, OffsetMeters meters) {
        this.round = new CommitRound(store, (size, cause) -> LOG.error("A batch of {} commits failed", size, cause));
        this.meters = meters;
        this.drainTimeout = settings.drainTimeout();
        this.queue = new CommitQueue(settings.queueOffsets(), settings.batchOffsets());
        meters.watchQueue(this::waitingOffsets);
    }

    /** @param deadlineNanos of {@link System#nanoTime()}; a commit whose turn has not come by then is dropped */
    CompletableFuture<CommitOutcome> submit(CommitRequest request, long deadlineNanos) {
        var commit = new PendingCommit(request, deadlineNanos);
        lock.lock();
        try {
            if (!open) {
                return CompletableFuture.completedFuture(SHUTTING_DOWN);
            }
            if (!queue.offer(commit)) {
                return CompletableFuture.completedFuture(
                        new Refused(ErrorCode.QUEUE_FULL, "Too many commits are waiting to be stored"));
            }
            arrived.signal();
            return commit.outcome();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        while (true) {
            CommitQueue.Gathered gathered;
            lock.lock();
            try {
                while (queue.isEmpty()) {
                    if (!open) {
                        return;
                    }
                    arrived.awaitUninterruptibly();
                }
                gathered = queue.take(System.nanoTime());
            } finally {
                lock.unlock();
            }
            meters.batchGathered(gathered.batch().size(), gathered.expired().size());
            round.serve(gathered);
        }
    }

    private int waitingOffsets() {
        lock.lock();
        try {
            return queue.waitingOffsets();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void start() {
        lock.lock();
        try {
            open = true;
        } finally {
            lock.unlock();
        }
        thread = Thread.ofVirtual().name("commit-loop").start(this::run);
    }

    @Override
    public void stop() {
        lock.lock();
        try {
            open = false;
            arrived.signal();
        } finally {
            lock.unlock();
        }
        var running = thread;
        if (running == null) {
            return;
        }
        try {
            if (!running.join(drainTimeout)) {
                refuseTheRest();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            refuseTheRest();
        }
    }

    private void refuseTheRest() {
        lock.lock();
        try {
            while (!queue.isEmpty()) {
                var left = queue.take(System.nanoTime());
                left.expired().forEach(commit -> commit.outcome().complete(SHUTTING_DOWN));
                left.batch().forEach(commit -> commit.outcome().complete(SHUTTING_DOWN));
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean isRunning() {
        var running = thread;
        return running != null && running.isAlive();
    }

    /** Below the web server's phases: it starts before and stops after. */
    @Override
    public int getPhase() {
        return 0;
    }
}
