package io.millrace.broker;

import io.millrace.broker.listener.FetchSettings;
import io.millrace.broker.listener.ForwardSettings;
import io.millrace.common.metadata.CoordinatorNode;
import io.millrace.common.wire.WireServerConfig;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * A broker's settings.
 *
 * @param id unique in the cluster, and the same for this data directory for ever; below the ids of coordinators
 * @param advertisedHost where clients, gateways and other brokers reach this one
 * @param advertisedKafkaPort the Kafka port as they see it; 0: the one that is listened on
 * @param advertisedHttpUrl base URL of the HTTP port as they see it; empty: made of the host and the port that is listened on
 * @param startTimeout longest wait for the cluster's metadata, and for the registration; over it, the start fails
 * @param handoverTimeout longest wait, when the broker stops, until others lead what it led; over it, it stops all the same
 * @param shutdownGrace longest wait for requests under way when the broker stops; what is unanswered then is cut off
 * @param kafka the Kafka listener
 * @param fetch limits of fetches
 * @param forward limits of what is forwarded to the controller
 */
@Validated
@ConfigurationProperties(prefix = "millrace.broker", ignoreUnknownFields = false)
public record BrokerSettings(
        @Min(0) @Max(CoordinatorNode.FIRST_ID - 1) int id,
        @NotBlank @DefaultValue("127.0.0.1") String advertisedHost,
        @Min(0) @DefaultValue("0") int advertisedKafkaPort,
        @Nullable String advertisedHttpUrl,
        @NotNull @DefaultValue("120s") Duration startTimeout,
        @NotNull @DefaultValue("10s") Duration handoverTimeout,
        @NotNull @DefaultValue("5s") Duration shutdownGrace,
        @NotNull @DefaultValue WireServerConfig kafka,
        @NotNull @DefaultValue FetchSettings fetch,
        @NotNull @DefaultValue ForwardSettings forward) {}
