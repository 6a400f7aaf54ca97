package io.millrace.broker.partition;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lets time pass for all partitions, on one thread: appends that waited too long are answered, and replicas that fell behind are noticed. */
final class ReplicationTimer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicationTimer.class);

    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform()
            .name("replication-timer").daemon().factory());

    ReplicationTimer(Partitions partitions, ReplicationSettings settings) {
        every(settings.timeoutResolution().toMillis(), () -> {
            long nowNanos = System.nanoTime();
            partitions.forEach(partition -> partition.expireWaits(nowNanos));
        });
        every(settings.lagCheckInterval().toMillis(), () -> {
            long nowNanos = System.nanoTime();
            partitions.forEach(partition -> partition.tick(nowNanos));
            partitions.retryApplying(nowNanos);
        });
    }

    private void every(long periodMs, Runnable work) {
        thread.scheduleWithFixedDelay(() -> {
            try {
                work.run();
            } catch (RuntimeException e) {
                LOG.error("the timer of replication failed", e);
            }
        }, periodMs, periodMs, TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
