package io.millrace.gateway.read;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Limits of one read.
 *
 * @param defaultTimeout wait for records when the client names none
 * @param maxTimeout     longest wait; a greater one asked for is cut to it
 * @param defaultMaxSize stored size of the records of one answer when the client names none
 * @param maxSize        greatest such size; a greater one asked for is cut to it
 */
@Validated
@ConfigurationProperties(prefix = "millrace.read", ignoreUnknownFields = false)
public record ReadProperties(
        @DefaultValue("1s") Duration defaultTimeout,
        @DefaultValue("30s") Duration maxTimeout,
        @DefaultValue("1MB") DataSize defaultMaxSize,
        @DefaultValue("32MB") DataSize maxSize) {}
