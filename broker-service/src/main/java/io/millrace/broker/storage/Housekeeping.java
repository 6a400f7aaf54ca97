package io.millrace.broker.storage;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What must be done to a data directory from time to time, on one thread. A run that fails is logged and the next one comes all the same. */
final class Housekeeping implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Housekeeping.class);

    private final LogDirectory directory;
    private final StorageProperties properties;
    private final ScheduledExecutorService thread = Executors
            .newSingleThreadScheduledExecutor(Thread.ofPlatform().name("log-housekeeping").daemon().factory());

    Housekeeping(LogDirectory directory, StorageProperties properties) {
        this.directory = directory;
        this.properties = properties;
    }

    void start() {
        every(properties.flushCheckInterval(), directory::flushDue);
        every(properties.checkpointInterval(), directory::checkpoint);
        every(properties.retentionInterval(), directory::retain);
    }

    private void every(Duration interval, Runnable work) {
        thread.scheduleWithFixedDelay(() -> {
            try {
                work.run();
            } catch (RuntimeException e) {
                LOGGER.error("Housekeeping failed", e);
            }
        }, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Waits for the run under way and starts no other. */
    @Override
    public void close() {
        // Not interrupted: an interrupt would close the files under the run.
        thread.shutdown();
        thread.close();
    }
}
