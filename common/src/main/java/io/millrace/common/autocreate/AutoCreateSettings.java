package io.millrace.common.autocreate;

import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Whether topics are created by being asked for.
 *
 * @param enabled          Kafka's {@code auto.create.topics.enable}
 * @param maxNames         topics being created by one node at a time, and names that it was refused a moment ago; one more is unknown to
 *                         Kafka's clients, and 503 over HTTP
 * @param timeout          longest wait for the controller's answer to show in this node's image; over HTTP, 503 then
 * @param refusalRetention how long a name that the controller refused for good is not tried again
 */
@Validated
@ConfigurationProperties(prefix = "millrace.auto-create", ignoreUnknownFields = false)
public record AutoCreateSettings(@DefaultValue("false") boolean enabled,
        @Min(1) @DefaultValue("256") int maxNames,
        @NotNull @DefaultValue("10s") Duration timeout,
        @NotNull @DefaultValue("5s") Duration refusalRetention) {}
