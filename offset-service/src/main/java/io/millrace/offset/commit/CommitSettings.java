package io.millrace.offset.commit;

import jakarta.validation.constraints.AssertTrue;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Positive;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Limits of commits.
 *
 * @param maxOffsets        most offsets of one commit; more is refused with {@code INVALID_REQUEST}
 * @param maxMetadataLength longest metadata of one offset in characters; more is refused with {@code INVALID_REQUEST}
 * @param batchOffsets      most offsets that one statement stores
 * @param queueOffsets      most offsets waiting for their statement; over it commits are refused with {@code QUEUE_FULL}
 * @param timeout           longest time until a commit is answered; over it {@code TIMED_OUT}
 * @param drainTimeout      longest time for which what waits is still stored at shutdown; what is left then is refused
 */
@Validated
@ConfigurationProperties(prefix = "millrace.offset.commit", ignoreUnknownFields = false)
public record CommitSettings(
        @Positive @Max(100_000) @DefaultValue("10000") int maxOffsets,
        @Positive @Max(65_536) @DefaultValue("4096") int maxMetadataLength,
        @Positive @DefaultValue("10000") int batchOffsets,
        @Positive @DefaultValue("100000") int queueOffsets,
        @NotNull @DefaultValue("5s") Duration timeout,
        @NotNull @DefaultValue("8s") Duration drainTimeout) {

    @AssertTrue(message = "queueOffsets must hold at least one commit of maxOffsets")
    boolean isQueueLargeEnough() {
        return queueOffsets >= maxOffsets;
    }
}
