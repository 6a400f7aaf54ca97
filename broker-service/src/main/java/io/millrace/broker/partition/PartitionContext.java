package io.millrace.broker.partition;

import java.util.function.LongSupplier;

/**
 * What all partitions of a broker share.
 *
 * @param lagTimeMaxNanos who is behind for longer leaves the in-sync replicas
 * @param nanoClock       as {@link System#nanoTime}
 * @param isrChangeDue    told when a partition has in-sync replicas to change; returns at once
 * @param offsetsWentBack writes offsets down, before anything else is appended, when a log was cut below what was known to be flushed, or below
 *                        where it started; throws a storage error when it cannot
 */
record PartitionContext(
        int brokerId,
        long lagTimeMaxNanos,
        LongSupplier nanoClock,
        Runnable isrChangeDue,
        Runnable offsetsWentBack) {}
