package io.millrace.offset.retention;

import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Positive;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * When offsets are forgotten.
 *
 * @param offsetsRetention how long a group may be without members, and without a commit, before its offsets are forgotten; Kafka's
 *                         {@code offsets.retention.minutes}
 * @param checkInterval    time between two looks; Kafka's {@code offsets.retention.check.interval.ms}
 * @param batchRows        most offsets that one statement deletes
 * @param passBatches      most such statements of one look; what is left waits for the next
 */
@Validated
@ConfigurationProperties(prefix = "millrace.offset.retention", ignoreUnknownFields = false)
public record RetentionSettings(
        @NotNull @DefaultValue("7d") Duration offsetsRetention,
        @NotNull @DefaultValue("10m") Duration checkInterval,
        @Positive @DefaultValue("5000") int batchRows,
        @Positive @DefaultValue("100") int passBatches) {}
