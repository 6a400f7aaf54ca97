package io.millrace.offset.api;

import jakarta.validation.constraints.NotNull;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * @param maxBodySize largest request body; a larger one is refused with {@code BODY_TOO_LARGE}
 */
@Validated
@ConfigurationProperties(prefix = "millrace.offset.http", ignoreUnknownFields = false)
record EdgeSettings(@NotNull @DefaultValue("8MB") DataSize maxBodySize) {}
