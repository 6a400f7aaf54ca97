package io.millrace.gateway.brokers;

/**
 * @param offset      what was asked for; -1 when there is no record at or after the time
 * @param leaderEpoch of the record there, -1 if not known
 */
public record FoundOffset(OffsetQuery query, long offset, int leaderEpoch) {}
