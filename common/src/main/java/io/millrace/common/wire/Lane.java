package io.millrace.common.wire;

/**
 * Names one connection to a broker. Requests of one lane share a connection and are sent in the order of the calls; lanes
 * do not wait for each other.
 *
 * @param name tells lanes apart; a service may have lanes of its own
 * @param unordered asks the broker to answer each request as soon as it can, whatever was asked before it, so that a fetch
 *        that waits for data holds up no other. Brokers that do not know this answer in order, as Kafka does.
 */
public record Lane(String name, boolean unordered) {
    /** Everything that is answered at once: produce, list offsets, metadata. */
    public static final Lane DATA = new Lane("data", false);

    /** Fetches that may wait at the broker. */
    public static final Lane LONG_POLL = new Lane("long-poll", true);

    /** What a client calls itself in ApiVersions (KIP-511) to ask for answers out of order. */
    static final String UNORDERED_SOFTWARE_NAME = "millrace-unordered";

    static final String ORDERED_SOFTWARE_NAME = "millrace";

    String softwareName() {
        return unordered ? UNORDERED_SOFTWARE_NAME : ORDERED_SOFTWARE_NAME;
    }
}
