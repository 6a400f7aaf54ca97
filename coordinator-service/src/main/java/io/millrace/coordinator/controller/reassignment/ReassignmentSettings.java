package io.millrace.coordinator.controller.reassignment;

import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * @param maxMovingPartitions in motion at a time for each broker that takes one in or leads one; the others wait
 * @param checkInterval       from one look at those under way to the next; a change of the metadata brings it forward
 */
@Validated
@ConfigurationProperties(prefix = "millrace.reassignment", ignoreUnknownFields = false)
record ReassignmentSettings(
        @Min(1) @DefaultValue("5") int maxMovingPartitions,
        @NotNull @DefaultValue("500ms") Duration checkInterval) {}
