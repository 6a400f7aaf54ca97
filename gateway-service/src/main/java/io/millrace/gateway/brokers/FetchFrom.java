package io.millrace.gateway.brokers;

/** A partition to read, and from which offset. */
public record FetchFrom(String topic, int partition, long offset) {}
