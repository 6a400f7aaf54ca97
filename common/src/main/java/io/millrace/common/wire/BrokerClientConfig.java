package io.millrace.common.wire;

import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Limits of a {@link BrokerClient}.
 *
 * @param clientId the client id in every request header
 * @param connectTimeout longest wait for TCP connect and the ApiVersions handshake; over it, what waits fails
 * @param backoffInitial wait before the second attempt to connect; doubled for each failure after it
 * @param backoffMax the most that the wait grows to
 * @param maxInFlight most unanswered requests of one connection; one more fails with {@link InFlightLimitException}
 * @param maxResponseSize largest response; a larger one closes the connection
 * @param idleTimeout a connection without a request for so long is closed; shorter than the broker's
 * @param timeoutResolution how often timeouts are looked for; a request may take so much longer than its timeout
 * @param socketSendBuffer SO_SNDBUF; zero leaves it to the system
 * @param socketReceiveBuffer SO_RCVBUF; zero leaves it to the system
 */
public record BrokerClientConfig(
        @DefaultValue("millrace") String clientId,
        @DefaultValue("5s") Duration connectTimeout,
        @DefaultValue("50ms") Duration backoffInitial,
        @DefaultValue("1s") Duration backoffMax,
        @DefaultValue("4096") int maxInFlight,
        @DefaultValue("128MB") DataSize maxResponseSize,
        @DefaultValue("9m") Duration idleTimeout,
        @DefaultValue("20ms") Duration timeoutResolution,
        @DefaultValue("0B") DataSize socketSendBuffer,
        @DefaultValue("0B") DataSize socketReceiveBuffer) {

    public BrokerClientConfig {
        if (maxInFlight < 1) {
            throw new IllegalArgumentException("maxInFlight must be at least 1: " + maxInFlight);
        }
        if (maxResponseSize.toBytes() < 1 || maxResponseSize.toBytes() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("maxResponseSize must be between 1 B and 2 GB: " + maxResponseSize);
        }
        if (timeoutResolution.toMillis() < 1) {
            throw new IllegalArgumentException("timeoutResolution must be at least 1 ms: " + timeoutResolution);
        }
        if (backoffMax.compareTo(backoffInitial) < 0) {
            throw new IllegalArgumentException("backoffMax " + backoffMax + " is below backoffInitial "
                    + backoffInitial);
        }
    }

    /** The defaults, for a client that calls itself so. */
    public static BrokerClientConfig withClientId(String clientId) {
        return new BrokerClientConfig(clientId, Duration.ofSeconds(5), Duration.ofMillis(50), Duration.ofSeconds(1),
                4096,
                DataSize.ofMegabytes(128), Duration.ofMinutes(9), Duration.ofMillis(20), DataSize.ofBytes(0), DataSize
                        .ofBytes(0));
    }
}
