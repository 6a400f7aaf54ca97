package io.millrace.coordinator.controller;

import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * @param watchInterval         from one look at the brokers' leases to the next; a change of the metadata brings it forward
 * @param deletedTopicRetention how long a process may be away and still learn of deleted topics one by one; after that it loads all metadata
 */
@Validated
@ConfigurationProperties(prefix = "millrace.controller", ignoreUnknownFields = false)
record ControllerSettings(
        @NotNull @DefaultValue("250ms") Duration watchInterval,
        @NotNull @DefaultValue("1h") Duration deletedTopicRetention) {}
