package io.millrace.coordinator.group.runtime;

/** One term of holding a shard. */
public interface ShardLease {
    /** Rises with every term; fences what is written. */
    long epoch();

    /** Whether nobody else can have the shard yet, by this process's monotonic clock. Never blocks. */
    boolean isHeld();
}
