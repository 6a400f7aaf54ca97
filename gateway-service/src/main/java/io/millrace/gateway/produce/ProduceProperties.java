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
 */
@Validated
@ConfigurationProperties(prefix = "millrace.produce", ignoreUnknownFields = false)
public record ProduceProperties(
        @DefaultValue("128MB") DataSize bodyMemory,
        @DefaultValue("250000") int maxRecords,
        @DefaultValue("64KB") DataSize maxEventAttributes,
        @DefaultValue("500") int maxStreams,
        @DefaultValue("2MB") DataSize maxLineSize,
        @DefaultValue("4MB") DataSize streamWindow) {

    public ProduceProperties {
        if (maxLineSize.toBytes() < 1 || maxLineSize.compareTo(streamWindow) > 0) {
            throw new IllegalArgumentException("millrace.produce.max-line-size " + maxLineSize
                    + " must be between 1 B and stream-window " + streamWindow);
        }
        if (streamWindow.toBytes() > Integer.MAX_VALUE / 2) {
            throw new IllegalArgumentException("millrace.produce.stream-window must be at most 1 GB: " + streamWindow);
        }
        if (maxRecords < 1 || maxStreams < 0) {
            throw new IllegalArgumentException("millrace.produce.max-records " + maxRecords
                    + " must be at least 1, and max-streams " + maxStreams + " not negative");
        }
    }
}
