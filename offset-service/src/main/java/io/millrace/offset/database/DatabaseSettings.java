package io.millrace.offset.database;

import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Positive;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How requests share the connection pool. Commits and retention have a connection each beside these.
 *
 * @param concurrency  most queries of requests at one time
 * @param waitTimeout  longest wait for one of them to end; over it {@code QUEUE_FULL}
 * @param imageTimeout longest wait for the cluster's newest image when a request names a topic that is not known yet
 */
@Validated
@ConfigurationProperties(prefix = "millrace.offset.database", ignoreUnknownFields = false)
public record DatabaseSettings(
        @Positive @DefaultValue("6") int concurrency,
        @NotNull @DefaultValue("2s") Duration waitTimeout,
        @NotNull @DefaultValue("1s") Duration imageTimeout) {}
