package io.millrace.offset.reset;

import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * @param leaderTimeout longest wait for a leader's answer about its log, over it {@code LEADER_UNAVAILABLE}
 */
@Validated
@ConfigurationProperties(prefix = "millrace.offset.reset", ignoreUnknownFields = false)
public record ResetSettings(@NotNull @DefaultValue("3s") Duration leaderTimeout) {}
