package io.millrace.workbench.suite;

import java.util.Map;

/**
 * The ports of a suite. Broker n listens on {@code brokerHttp + n} and {@code brokerKafka + n}; a second process of another service listens
 * {@link #STEP} above the first, and so on.
 *
 * @param gatewayManagement health and metrics of the gateway, apart from what its users reach
 */
public record Ports(
        int postgres,
        int offset,
        int coordinator,
        int gateway,
        int gatewayManagement,
        int brokerHttp,
        int brokerKafka,
        int coordinatorKafka) {
    /** From a service's port to that of its next process: clear of the brokers' ports, which lie side by side. */
    static final int STEP = 100;
    private static final int MAX_PORT = 65_535;

    /** The defaults, each replaced by its {@code MILLRACE_*} variable where one is set. */
    public static Ports of(Map<String, String> environment) {
        return new Ports(
                port(environment, "MILLRACE_POSTGRES_PORT", 5433),
                port(environment, "MILLRACE_OFFSET_HTTP_PORT", 8084),
                port(environment, "MILLRACE_COORDINATOR_HTTP_PORT", 8083),
                port(environment, "MILLRACE_GATEWAY_PORT", 8080),
                port(environment, "MILLRACE_GATEWAY_MANAGEMENT_PORT", 8081),
                port(environment, "MILLRACE_BROKER_HTTP_PORT", 8190),
                port(environment, "MILLRACE_BROKER_KAFKA_PORT", 9092),
                port(environment, "MILLRACE_COORDINATOR_KAFKA_PORT", 9192));
    }

    public int offset(int index) {
        return offset + STEP * index;
    }

    public int coordinator(int index) {
        return coordinator + STEP * index;
    }

    public int coordinatorKafka(int index) {
        return coordinatorKafka + STEP * index;
    }

    public int gateway(int index) {
        return gateway + STEP * index;
    }

    public int gatewayManagement(int index) {
        return gatewayManagement + STEP * index;
    }

    public int brokerHttp(int broker) {
        return brokerHttp + broker;
    }

    public int brokerKafka(int broker) {
        return brokerKafka + broker;
    }

    private static int port(Map<String, String> environment, String key, int defaultPort) {
        String text = environment.get(key);
        if (text == null || text.isBlank()) {
            return defaultPort;
        }
        try {
            int port = Integer.parseInt(text.strip());
            if (port >= 1 && port <= MAX_PORT) {
                return port;
            }
        } catch (NumberFormatException e) {
            // answered below, together with numbers out of range
        }
        throw new LaunchRefusedException(key + "=" + text + " is not a port (1 to " + MAX_PORT + ")");
    }
}
