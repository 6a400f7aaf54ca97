package io.millrace.broker.log;

/**
 * How long and how many requests' keys a partition remembers.
 *
 * @param retentionMs     a key is known for so long after its batch was stored
 * @param maxPerPartition a leader takes no further key while it knows so many
 * @param memory          of all partitions' keys
 */
public record KeyLimits(long retentionMs, int maxPerPartition, KeyMemory memory) {}
