package io.millrace.coordinator.controller;

import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * @param watchInterval            from one look at the brokers' leases to the next; a change of the metadata brings it forward
 * @param deletedTopicRetention    how long a process may be away and still learn of deleted topics one by one; after that it loads all metadata
 * @param presenceTimeout          how long a connection to a broker may take; one that takes longer tells nothing
 * @param presenceRetry            from one attempt to reach a broker to the next, also where a connection lasts no longer than this
 * @param preferredLeaderDelay     how long a preferred leader must have been in sync before it leads again
 * @param preferredLeaderInterval  from one lot of preferred leaders to the next
 * @param preferredLeadersAtOnce   how many partitions get their preferred leaders back in one lot
 */
@Validated
@ConfigurationProperties(prefix = "millrace.controller", ignoreUnknownFields = false)
record ControllerSettings(
        @NotNull @DefaultValue("250ms") Duration watchInterval,
        @NotNull @DefaultValue("1h") Duration deletedTopicRetention,
        @NotNull @DefaultValue("2s") Duration presenceTimeout,
        @NotNull @DefaultValue("100ms") Duration presenceRetry,
        @NotNull @DefaultValue("5s") Duration preferredLeaderDelay,
        @NotNull @DefaultValue("1s") Duration preferredLeaderInterval,
        @Min(1) @DefaultValue("200") int preferredLeadersAtOnce) {}
