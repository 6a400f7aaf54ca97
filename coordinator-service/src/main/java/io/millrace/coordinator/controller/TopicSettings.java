package io.millrace.coordinator.controller;

import jakarta.validation.constraints.Min;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * @param defaultPartitions of a topic created without a number
 * @param defaultReplicationFactor of a topic created without one; fewer where fewer brokers are running
 * @param maxPartitions     of one topic; more are refused
 */
@Validated
@ConfigurationProperties(prefix = "millrace.topic", ignoreUnknownFields = false)
public record TopicSettings(@Min(1) @DefaultValue("1") int defaultPartitions,
        @Min(1) @DefaultValue("3") int defaultReplicationFactor,
        @Min(1) @DefaultValue("10000") int maxPartitions) {}
