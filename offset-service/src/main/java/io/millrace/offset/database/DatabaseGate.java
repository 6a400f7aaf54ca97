package io.millrace.offset.database;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.springframework.stereotype.Component;

/** Lets only so many requests into the connection pool that commits always find a connection there. */
@Component
public final class DatabaseGate {
    private final Semaphore permits;
    private final Duration waitTimeout;

    DatabaseGate(DatabaseSettings settings) {
        this.permits = new Semaphore(settings.concurrency(), true);
        this.waitTimeout = settings.waitTimeout();
    }

    /** Refused with {@code QUEUE_FULL} when too many are inside for too long, with {@code UNAVAILABLE} while PostgreSQL is away. */
    public <T> T call(Supplier<T> query) {
        try {
            if (!permits.tryAcquire(waitTimeout.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new RefusedException(ErrorCode.QUEUE_FULL, "Too many requests are waiting for PostgreSQL");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException(ErrorCode.UNAVAILABLE, "The offset service is shutting down");
        }
        try {
            return query.get();
        } catch (RuntimeException e) {
            throw DatabaseFaults.translate(e);
        } finally {
            permits.release();
        }
    }
}
