package io.millrace.coordinator.controller;

import io.millrace.common.database.PostgresFailures;
import io.millrace.common.error.RefusedException;
import io.millrace.common.lease.LeaseGrant;
import io.millrace.common.lease.LeaseListener;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.NestedExceptionUtils;

/**
 * A duty of the controller, on a thread of its own for as long as the term lasts: it looks what is to be done when the term begins, whenever
 * it is woken, and at the latest after an interval. What fails is reported and tried again.
 */
public final class DutyLoop implements LeaseListener {
    private static final Logger LOG = LoggerFactory.getLogger(DutyLoop.class);

    private final String name;
    private final String duty;
    private final Duration interval;
    private final Duration rest;
    private final Supplier<Runnable> term;
    private final Semaphore wake = new Semaphore(0);
    private volatile @Nullable Thread thread;

    /**
     * @param name     of its thread
     * @param duty     what it does, after "Could not "
     * @param interval from one look to the next at the latest
     * @param rest     from one look to the next at the earliest, however often it is woken
     * @param term     called when a term begins; what it gives is run at each look, so that it may keep what it has seen in this term
     */
    public DutyLoop(String name, String duty, Duration interval, Duration rest, Supplier<Runnable> term) {
        this.name = name;
        this.duty = duty;
        this.interval = interval;
        this.rest = rest;
        this.term = term;
    }

    /** There may be something to do. */
    public void wake() {
        wake.release();
    }

    @Override
    public void acquired(LeaseGrant grant) {
        thread = Thread.ofPlatform().daemon().name(name).start(() -> run(grant, term.get()));
    }

    @Override
    public void lost(LeaseGrant grant) {
        var ended = thread;
        if (ended != null) {
            ended.interrupt();
        }
    }

    private void run(LeaseGrant grant, Runnable look) {
        while (grant.isHeld()) {
            long startedNanos = System.nanoTime();
            try {
                look.run();
            } catch (RuntimeException e) {
                if (grant.isHeld()) {
                    report(e);
                }
            }
            try {
                pause(startedNanos);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** A wake-up may have gone to the thread of the term before: this one looks by itself when it begins. */
    private void pause(long startedNanos) throws InterruptedException {
        if (wake.tryAcquire(interval.toNanos(), TimeUnit.NANOSECONDS)) {
            TimeUnit.NANOSECONDS.sleep(rest.toNanos() - (System.nanoTime() - startedNanos));
            wake.drainPermits();
        }
    }

    private void report(RuntimeException failure) {
        if (failure instanceof RefusedException || PostgresFailures.refusal(failure) != null) {
            LOG.warn("Could not {}; trying again: {}", duty, NestedExceptionUtils.getMostSpecificCause(failure)
                    .getMessage());
        } else {
            LOG.error("Could not {}; trying again", duty, failure);
        }
    }
}
