package io.millrace.gateway.brokers;

import java.time.Duration;

/**
 * @param maxWait           longest wait for records while every leader answers
 * @param maxBytes          of all partitions together; a first record larger than it is fetched nevertheless (KIP-74)
 * @param maxPartitionBytes of one partition, likewise
 * @param readCommitted     only records of committed transactions
 */
public record FetchLimits(Duration maxWait, int maxBytes, int maxPartitionBytes, boolean readCommitted) {}
