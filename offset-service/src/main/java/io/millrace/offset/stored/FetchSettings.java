package io.millrace.offset.stored;

import jakarta.validation.constraints.Positive;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Limits of reading committed offsets.
 *
 * @param maxPartitions most partitions that one request may name, and most that one answer holds; more is refused with {@code INVALID_REQUEST}
 */
@Validated
@ConfigurationProperties(prefix = "millrace.offset.fetch", ignoreUnknownFields = false)
public record FetchSettings(@Positive @DefaultValue("100000") int maxPartitions) {}
