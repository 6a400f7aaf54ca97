package io.millrace.coordinator.listener;

import io.millrace.common.wire.WireServerConfig;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * The coordinator's Kafka listener.
 *
 * @param advertisedHost       under which Kafka clients reach this coordinator
 * @param advertisedPort       the port as they see it; 0: the one that is listened on
 * @param shutdownGrace        longest wait for requests under way when the coordinator stops; what is unanswered then is cut off
 * @param sessionTimeout       silence after which a Kafka member counts as dead (Kafka's {@code group.consumer.session.timeout.ms})
 * @param heartbeatInterval    how often Kafka members are told to be heard (Kafka's {@code group.consumer.heartbeat.interval.ms})
 * @param maxWaitingProducers  producers that wait for one block of ids; one more is told to try again
 * @param producerIdsTimeout   longest wait for a block of ids; over it, all that wait are told to try again
 * @param maxForwarded         requests on their way to the controller; one more is refused with THROTTLING_QUOTA_EXCEEDED
 * @param forwardTimeout       longest wait until a change that the controller made shows in this coordinator's image
 * @param wire                 limits of its connections
 */
@Validated
@ConfigurationProperties(prefix = "millrace.listener", ignoreUnknownFields = false)
record ListenerSettings(@NotBlank @DefaultValue("127.0.0.1") String advertisedHost,
        @Min(0) @Max(65_535) @DefaultValue("0") int advertisedPort,
        @NotNull @DefaultValue("5s") Duration shutdownGrace,
        @NotNull @DefaultValue("45s") Duration sessionTimeout,
        @NotNull @DefaultValue("1s") Duration heartbeatInterval,
        @Min(1) @DefaultValue("10000") int maxWaitingProducers,
        @NotNull @DefaultValue("15s") Duration producerIdsTimeout,
        @Min(1) @DefaultValue("64") int maxForwarded,
        @NotNull @DefaultValue("30s") Duration forwardTimeout,
        @NotNull @DefaultValue WireServerConfig wire) {
    ListenerSettings {
        if (!heartbeatInterval.isPositive() || heartbeatInterval.compareTo(sessionTimeout) >= 0) {
            throw new IllegalArgumentException("heartbeat-interval must be positive and below session-timeout: "
                    + heartbeatInterval + ", " + sessionTimeout);
        }
    }
}
