package io.millrace.gateway.produce;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Limits of the bodies that records come in, besides the {@code max-body-size} of all of the gateway's.
 *
 * @param bodyMemory   of the bodies larger than 64 KB that are read at a time, in all dialects and for all purposes; further ones get 503
 * @param maxRecords   of one body; 413 beyond it. Streams of lines have no such limit
 * @param maxEventAttributes of a CloudEvent's JSON without its data; 413 beyond it
 * @param maxStreams   of lines at a time; further ones get 503
 * @param maxLineSize  of a stream; a longer line is refused alone
 * @param streamWindow of lines of one stream that are not reported yet; no further ones are read
 * @param streamMemory of the buffers and windows of all streams of lines; while it is full, windows are no wider than their first 64 KB,
 *                     lines that need a larger buffer are waited with, and a further stream gets 503
 */
@Validated
@ConfigurationProperties(prefix = "millrace.produce", ignoreUnknownFields = false)
public record ProduceProperties(
        @DefaultValue("128MB") DataSize bodyMemory,
        @DefaultValue("250000") int maxRecords,
        @DefaultValue("64KB") DataSize maxEventAttributes,
        @DefaultValue("500") int maxStreams,
        @DefaultValue("2MB") DataSize maxLineSize,
        @DefaultValue("4MB") DataSize streamWindow,
        @DefaultValue("128MB") DataSize streamMemory) {

    private static final int LEAST_STREAM_BYTES = 512 * 1024;

    public ProduceProperties {
        if (maxLineSize.toBytes() < 1 || maxLineSize.compareTo(streamWindow) > 0) {
            throw new IllegalArgumentException("millrace.produce.max-line-size " + maxLineSize
                    + " must be between 1 B and stream-window " + streamWindow);
        }
        if (streamWindow.toBytes() > Integer.MAX_VALUE / 2) {
            throw new IllegalArgumentException("millrace.produce.stream-window must be at most 1 GB: " + streamWindow);
        }
        if (streamMemory.toBytes() < maxLineSize.toBytes() + LEAST_STREAM_BYTES) {
            throw new IllegalArgumentException("millrace.produce.stream-memory " + streamMemory
                    + " must be " + LEAST_STREAM_BYTES / 1024 + " KiB more than max-line-size " + maxLineSize);
        }
        if (maxRecords < 1 || maxStreams < 0) {
            throw new IllegalArgumentException("millrace.produce.max-records " + maxRecords
                    + " must be at least 1, and max-streams " + maxStreams + " not negative");
        }
    }
}
