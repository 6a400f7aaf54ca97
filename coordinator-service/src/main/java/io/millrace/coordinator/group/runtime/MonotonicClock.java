package io.millrace.coordinator.group.runtime;

/** A clock that only goes forward, from an arbitrary zero. */
@FunctionalInterface
public interface MonotonicClock {
    MonotonicClock SYSTEM = () -> System.nanoTime() / 1_000_000;

    long nowMs();
}
