package io.millrace.workbench.failover;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A steady rate. Who falls behind is not held up until it has caught up. */
final class Pace {
    private final long intervalNanos;
    private long dueNanos = System.nanoTime();

    Pace(Duration interval) {
        intervalNanos = interval.toNanos();
    }

    void await() throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(dueNanos - System.nanoTime());
        dueNanos += intervalNanos;
    }
}
