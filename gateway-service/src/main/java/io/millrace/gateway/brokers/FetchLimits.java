package io.millrace.gateway.brokers;

import io.millrace.common.wire.ResponseMemory;
import java.time.Duration;

/**
 * @param maxWait           longest wait for records while every leader answers
 * @param maxBytes          of all partitions together; a first record larger than it is fetched nevertheless (KIP-74)
 * @param maxPartitionBytes of one partition, likewise
 * @param readCommitted     only records of committed transactions
 * @param memory            of what a leader answers nothing is taken in that it does not admit
 */
public record FetchLimits(Duration maxWait, int maxBytes, int maxPartitionBytes, boolean readCommitted,
        ResponseMemory memory) {

    /** Of answers that are taken in whatever their size. */
    public FetchLimits(Duration maxWait, int maxBytes, int maxPartitionBytes, boolean readCommitted) {
        this(maxWait, maxBytes, maxPartitionBytes, readCommitted, ResponseMemory.UNLIMITED);
    }
}
