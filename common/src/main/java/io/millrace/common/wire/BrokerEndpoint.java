package io.millrace.common.wire;

/**
 * Where a broker answers Kafka's protocol.
 *
 * @param id the broker's id, for messages and metrics; never negative
 * @param host name or address
 * @param port TCP port, 1 to 65535
 */
public record BrokerEndpoint(int id, String host, int port) {
    public BrokerEndpoint {
        if (id < 0) {
            throw new IllegalArgumentException("broker id must not be negative: " + id);
        }
        if (host.isBlank()) {
            throw new IllegalArgumentException("host of broker " + id + " is empty");
        }
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port of broker " + id + " is outside 1..65535: " + port);
        }
    }

    @Override
    public String toString() {
        return "broker " + id + " at " + host + ":" + port;
    }
}
