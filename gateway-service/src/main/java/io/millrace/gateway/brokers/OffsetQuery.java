package io.millrace.gateway.brokers;

import org.apache.kafka.common.requests.ListOffsetsRequest;

/** @param timestampMs {@link #EARLIEST}, {@link #LATEST}, or a time: the first record at or after it */
public record OffsetQuery(String topic, int partition, long timestampMs) {
    public static final long EARLIEST = ListOffsetsRequest.EARLIEST_TIMESTAMP;
    public static final long LATEST = ListOffsetsRequest.LATEST_TIMESTAMP;
}
