package io.millrace.gateway.answers;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Limits of the answers of reads and polls.
 *
 * @param memory     of all of them at a time, with what was fetched for them; 0 B: an eighth of the heap. Once little is left, answers are
 *                   shorter than their clients ask for; an answer that finds none is refused with 503
 * @param maxWait    how long a read waits for memory beyond the wait that it asks for
 * @param drainLimit a client that has not taken its answer after so long is cut off while half of the memory is used
 * @param maxTime    the same, however little is used
 */
@Validated
@ConfigurationProperties(prefix = "millrace.answers", ignoreUnknownFields = false)
public record AnswersProperties(
        @DefaultValue("0B") DataSize memory,
        @DefaultValue("2s") Duration maxWait,
        @DefaultValue("10s") Duration drainLimit,
        @DefaultValue("5m") Duration maxTime) {
    private static final int PARTS_OF_HEAP = 8;
    private static final long LEAST_BYTES = 1 << 20;
    /** Where the heap has no limit that is known. */
    private static final long MOST_BYTES = 1 << 30;

    public AnswersProperties {
        if (memory.toBytes() != 0 && memory.toBytes() < LEAST_BYTES) {
            throw new IllegalArgumentException(
                    "millrace.answers.memory must be 0 B, for an eighth of the heap, or 1 MB and more: "
                            + memory);
        }
    }

    /** @param heapBytes greatest size of the heap */
    long memoryBytes(long heapBytes) {
        return memory.toBytes() > 0 ? memory.toBytes() : Math.clamp(heapBytes / PARTS_OF_HEAP, LEAST_BYTES, MOST_BYTES);
    }
}
