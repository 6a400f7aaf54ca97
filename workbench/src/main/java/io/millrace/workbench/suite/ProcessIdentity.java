package io.millrace.workbench.suite;

import java.time.Instant;
import java.util.Optional;

/**
 * A process that cannot be mistaken for a later one with the same pid.
 *
 * @param startedAtMs when the operating system says it started
 */
public record ProcessIdentity(long pid, long startedAtMs) {
    /** Start times are derived from the boot time, which a clock correction moves by up to this much. */
    private static final long START_TOLERANCE_MS = 2_000;

    static ProcessIdentity of(ProcessHandle handle) {
        return new ProcessIdentity(handle.pid(), startedAtMs(handle));
    }

    public static ProcessIdentity ofThisProcess() {
        return of(ProcessHandle.current());
    }

    /** The process, if it still runs. */
    public Optional<ProcessHandle> find() {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .filter(handle -> Math.abs(startedAtMs(handle) - startedAtMs) <= START_TOLERANCE_MS);
    }

    public boolean isAlive() {
        return find().isPresent();
    }

    private static long startedAtMs(ProcessHandle handle) {
        return handle.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }
}
