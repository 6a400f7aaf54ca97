package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Lets callers through one at a time, in the order they came, each on its own (virtual) thread. Whatever is only touched
 * inside has one owner at a time. How many wait, and how long, is bounded; who finds it full or waits too long is refused.
 */
public final class Turnstile {
    private final ReentrantLock inside = new ReentrantLock(true);
    private final AtomicInteger waiting = new AtomicInteger();
    private final String name;
    private final int capacity;
    private final Duration patience;

    /** @param name of what is guarded, for the refusal's message */
    public Turnstile(String name, int capacity, Duration patience) {
        this.name = name;
        this.capacity = capacity;
        this.patience = patience;
    }

    /** Refused with {@link ErrorCode#QUEUE_FULL} or {@link ErrorCode#TIMED_OUT}; then the task has not begun. */
    public <T> T pass(Supplier<T> task) {
        enter();
        try {
            return task.get();
        } finally {
            inside.unlock();
        }
    }

    public void pass(Runnable task) {
        enter();
        try {
            task.run();
        } finally {
            inside.unlock();
        }
    }

    /** Runs the task if nobody is inside; otherwise returns false. */
    boolean passIfFree(Runnable task) {
        if (!inside.tryLock()) {
            return false;
        }
        try {
            task.run();
            return true;
        } finally {
            inside.unlock();
        }
    }

    private void enter() {
        if (waiting.incrementAndGet() > capacity) {
            waiting.decrementAndGet();
            throw new RefusedException(ErrorCode.QUEUE_FULL, "%s has %d requests waiting already".formatted(name,
                    capacity));
        }
        try {
            if (!inside.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new RefusedException(ErrorCode.TIMED_OUT,
                        "%s did not get to this request within %d ms".formatted(name, patience.toMillis()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException(ErrorCode.UNAVAILABLE, "the coordinator is shutting down", e);
        } finally {
            waiting.decrementAndGet();
        }
    }
}
