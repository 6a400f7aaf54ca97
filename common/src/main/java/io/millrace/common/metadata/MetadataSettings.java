package io.millrace.common.metadata;

import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How a process follows the cluster's metadata.
 *
 * @param pollInterval     longest time until a change is seen when its notification is lost
 * @param statementTimeout a query that takes longer is given up and tried again
 * @param retryBackoff     first wait after PostgreSQL failed, doubled each time
 * @param retryBackoffMax  longest such wait
 */
@Validated
@ConfigurationProperties(prefix = "millrace.metadata", ignoreUnknownFields = false)
public record MetadataSettings(
        @NotNull @DefaultValue("500ms") Duration pollInterval,
        @NotNull @DefaultValue("5s") Duration statementTimeout,
        @NotNull @DefaultValue("100ms") Duration retryBackoff,
        @NotNull @DefaultValue("2s") Duration retryBackoffMax) {}
