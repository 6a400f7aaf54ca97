package io.millrace.gateway.brokers;

import io.millrace.common.wire.BrokerClientConfig;
import jakarta.validation.Valid;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How the gateway deals with brokers.
 *
 * @param requestTimeout    longest wait for leaders that are away, over all retries of one call; then {@code LEADER_UNAVAILABLE}
 * @param retryBackoff      wait before a leader is asked again while nothing is heard of a new one, doubled with each failure
 * @param retryBackoffMax   the most that this wait grows to
 * @param unknownTopicGrace how long a topic that this gateway has not heard of may take to appear, for it may have been created at
 *                          another gateway a moment ago; then {@code UNKNOWN_TOPIC}
 * @param olderLeaderPatience how long the metadata must name a leader of a lower epoch than was seen before it is believed; at least the
 *                          producer's delivery time-out, so that nothing sent to the other may still be sent again
 * @param client            the connections
 */
@Validated
@ConfigurationProperties(prefix = "millrace.brokers", ignoreUnknownFields = false)
public record BrokersProperties(
        @DefaultValue("10s") Duration requestTimeout,
        @DefaultValue("20ms") Duration retryBackoff,
        @DefaultValue("250ms") Duration retryBackoffMax,
        @DefaultValue("250ms") Duration unknownTopicGrace,
        @DefaultValue("10s") Duration olderLeaderPatience,
        @Valid @DefaultValue BrokerClientConfig client) {

    RetryBackoff backoff() {
        return RetryBackoff.of(retryBackoff, retryBackoffMax);
    }
}
