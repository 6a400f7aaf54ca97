package io.millrace.gateway.consumers;

import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Consumer instances.
 *
 * @param pollBytes     what a poll answers with at most when the client does not say
 * @param maxPollBytes  the most that a client may ask for; more is taken for this
 * @param heartbeat     how often a poll that waits for records tells the coordinator so and takes up a new assignment
 * @param maxPollWait    the longest that a poll waits for records, whatever the client asks for
 * @param assignmentWait how soon a poll that has no partitions asks the coordinator again
 * @param maxRounds      fetches of one poll that add to what was fetched already
 */
@Validated
@ConfigurationProperties(prefix = "millrace.consumers", ignoreUnknownFields = false)
record ConsumersProperties(
        @DefaultValue("2MB") DataSize pollBytes,
        @DefaultValue("50MB") DataSize maxPollBytes,
        @DefaultValue("1s") Duration heartbeat,
        @DefaultValue("5m") Duration maxPollWait,
        @DefaultValue("100ms") Duration assignmentWait,
        @Min(1) @DefaultValue("4") int maxRounds) {}
