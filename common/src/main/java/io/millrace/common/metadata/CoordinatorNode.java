package io.millrace.common.metadata;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * A coordinator's Kafka listener as clients reach it: a node of Kafka's protocol beside the brokers.
 *
 * @param host not empty
 * @param port 1 to 65535
 */
public record CoordinatorNode(String host, int port) {
    /** The lowest id of a coordinator; every broker's is below. */
    public static final int FIRST_ID = 1_000_000_000;
    private static final int ID_BITS = 26;

    public CoordinatorNode {
        if (host.isBlank()) {
            throw new IllegalArgumentException("the host of a coordinator is empty");
        }
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port of the coordinator at " + host + " is outside 1..65535: " + port);
        }
    }

    /**
     * Of the address, so that everybody finds the same without asking: the one of another coordinator in one case of 67 million.
     * Clients keep a second connection to a coordinator under {@code Integer.MAX_VALUE - id}; with this range that is nobody's id either.
     */
    public int id() {
        CRC32 hash = new CRC32();
        hash.update((host + ":" + port).getBytes(StandardCharsets.UTF_8));
        return FIRST_ID + (int) (hash.getValue() & (1 << ID_BITS) - 1);
    }
}
