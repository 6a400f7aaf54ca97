package io.millrace.coordinator.controller.reassignment;

import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * @param maxMovingPartitions in motion at a time for each broker that takes one in or leads one; the others wait
 * @param maxBeginning        how many of those that wait and may begin are looked at, and begun, at once; the others at the next look
 * @param checkInterval       from one look at those under way to the next; a change of the metadata brings it forward
 * @param rest                from one look to the next at the earliest, however much changes
 * @param tallyInterval       from one count of all that wait to the next, for the meters
 * @param maxListed           partitions told one by one when it is asked how far it is; the others are counted
 * @param planAttempts        how often a plan is made anew because the cluster changed meanwhile, before the request is refused
 */
@Validated
@ConfigurationProperties(prefix = "millrace.reassignment", ignoreUnknownFields = false)
record ReassignmentSettings(
        @Min(1) @DefaultValue("5") int maxMovingPartitions,
        @Min(1) @DefaultValue("200") int maxBeginning,
        @NotNull @DefaultValue("500ms") Duration checkInterval,
        @NotNull @DefaultValue("50ms") Duration rest,
        @NotNull @DefaultValue("5s") Duration tallyInterval,
        @Min(1) @DefaultValue("1000") int maxListed,
        @Min(1) @DefaultValue("5") int planAttempts) {}
