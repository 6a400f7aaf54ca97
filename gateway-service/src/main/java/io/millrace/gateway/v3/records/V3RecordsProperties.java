package io.millrace.gateway.v3.records;

import jakarta.validation.constraints.Min;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Producing in the v3 dialect.
 *
 * @param maxStreams      requests that are read at a time; more are refused with 503
 * @param streamReadSize  how much of a stream is taken in before its records are sent on
 * @param streamMemory    of what all streams have taken in and not handed on; while it is full, a further one is refused with 503, and one
 *                        that needs more for a large record waits
 * @param maxRecordSize   of larger objects 413 is reported, and the stream goes on
 * @param maxBatchEntries more are refused with 400
 */
@Validated
@ConfigurationProperties(prefix = "millrace.v3", ignoreUnknownFields = false)
record V3RecordsProperties(
        @Min(1) @DefaultValue("500") int maxStreams,
        @DefaultValue("64KB") DataSize streamReadSize,
        @DefaultValue("64MB") DataSize streamMemory,
        @DefaultValue("2MB") DataSize maxRecordSize,
        @Min(1) @DefaultValue("1000") int maxBatchEntries) {
    private static final long LARGEST_BYTES = 1 << 30;

    V3RecordsProperties {
        require("stream-read-size", streamReadSize);
        require("max-record-size", maxRecordSize);
        if (streamMemory.compareTo(streamReadSize) < 0) {
            throw new IllegalArgumentException("millrace.v3.stream-memory " + streamMemory
                    + " must not be less than stream-read-size " + streamReadSize);
        }
    }

    private static void require(String name, DataSize size) {
        if (size.toBytes() < 1 || size.toBytes() > LARGEST_BYTES) {
            throw new IllegalArgumentException("millrace.v3." + name + " must be between 1 B and 1 GB: " + size);
        }
    }
}
