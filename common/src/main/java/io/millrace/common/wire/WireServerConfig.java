package io.millrace.common.wire;

import java.time.Duration;
import java.util.Map;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

/**
 * Limits of a {@link WireServer}.
 *
 * @param bindHost address to listen on; loopback unless told otherwise
 * @param port TCP port; 0 takes any free one
 * @param backlog connections that the kernel holds before they are accepted
 * @param maxConnections open connections; one more is closed at once
 * @param maxConnectionsPerHost open connections from one address; one more is closed at once
 * @param maxRequestSize largest Produce request; a larger one closes its connection before memory is taken (Kafka's
 *        {@code socket.request.max.bytes})
 * @param maxControlRequestSize largest request of any other kind, which has no reason to be so large; same answer
 * @param maxInFlightRequests unanswered requests of one connection; at it, the connection is not read from
 * @param requestMemory what has arrived of all frames being read or handled at a time, except those of a few KiB; over it, readers wait
 * @param pooledMemory frame buffers kept for reuse; more than that is left to the garbage collector. As much again is what
 *        connections may gather their answers in; over it, they do with smaller buffers
 * @param idleTimeout a connection without a request for so long is closed (Kafka's {@code connections.max.idle.ms})
 * @param requestReadTimeout longest time from a frame's first byte to its last, not counting its waits for memory; over it, the
 *        connection is closed
 * @param requestProgressTimeout longest time without another byte of a begun frame of more than a few KiB, which so long keeps memory
 *        from others; over it, the connection is closed
 * @param writeTimeout longest time without any progress in writing to a peer that does not read; over it, the connection is closed
 * @param heldBackTimeout longest time that a request waits for the answer to the one before, where it must not overtake that one; over it, the
 *        connection is closed
 * @param socketSendBuffer SO_SNDBUF; zero leaves it to the system
 * @param socketReceiveBuffer SO_RCVBUF; zero leaves it to the system
 */
public record WireServerConfig(
        @DefaultValue("127.0.0.1") String bindHost,
        @DefaultValue("0") int port,
        @DefaultValue("1024") int backlog,
        @DefaultValue("20000") int maxConnections,
        @DefaultValue("20000") int maxConnectionsPerHost,
        @DefaultValue("100MB") DataSize maxRequestSize,
        @DefaultValue("8MB") DataSize maxControlRequestSize,
        @DefaultValue("4096") int maxInFlightRequests,
        @DefaultValue("128MB") DataSize requestMemory,
        @DefaultValue("64MB") DataSize pooledMemory,
        @DefaultValue("10m") Duration idleTimeout,
        @DefaultValue("2m") Duration requestReadTimeout,
        @DefaultValue("10s") Duration requestProgressTimeout,
        @DefaultValue("30s") Duration writeTimeout,
        @DefaultValue("10m") Duration heldBackTimeout,
        @DefaultValue("0B") DataSize socketSendBuffer,
        @DefaultValue("0B") DataSize socketReceiveBuffer) {

    public WireServerConfig {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("port is outside 0..65535: " + port);
        }
        if (maxConnections < 1 || maxConnectionsPerHost < 1 || maxInFlightRequests < 1) {
            throw new IllegalArgumentException(
                    "maxConnections, maxConnectionsPerHost and maxInFlightRequests must be at least 1");
        }
        if (maxRequestSize.toBytes() < 1 || maxRequestSize.toBytes() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("maxRequestSize must be between 1 B and 2 GB: " + maxRequestSize);
        }
        if (maxControlRequestSize.compareTo(maxRequestSize) > 0) {
            throw new IllegalArgumentException("maxControlRequestSize " + maxControlRequestSize
                    + " is above maxRequestSize " + maxRequestSize);
        }
        if (requestMemory.compareTo(maxRequestSize) < 0) {
            throw new IllegalArgumentException("requestMemory " + requestMemory + " does not hold one request of "
                    + maxRequestSize);
        }
        for (Duration timeout : new Duration[]{idleTimeout, requestReadTimeout, requestProgressTimeout, writeTimeout,
                heldBackTimeout}) {
            if (!timeout.isPositive()) {
                throw new IllegalArgumentException(
                        "idleTimeout, requestReadTimeout, requestProgressTimeout, writeTimeout and heldBackTimeout must be positive");
            }
        }
    }

    /** The defaults on a loopback port. */
    public static WireServerConfig onLoopback(int port) {
        return new Binder(new MapConfigurationPropertySource(Map.of("listener.port", port)))
                .bind("listener", WireServerConfig.class).get();
    }
}
