package io.millrace.coordinator.group.classic;

import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a member says of itself when it joins.
 *
 * @param instanceId         of a static member (KIP-345), null for others
 * @param sessionTimeoutMs   silence after which it counts as dead
 * @param rebalanceTimeoutMs how long it may take to join again when the group rebalances
 * @param protocolType       what all members of a group have in common, such as {@code consumer} or {@code connect}
 * @param protocols          the ways of assigning that it knows, the one it likes best first
 */
public record ClassicProfile(@Nullable String instanceId, String clientId, String clientHost, int sessionTimeoutMs,
        int rebalanceTimeoutMs, String protocolType, List<Protocol> protocols) {
    /** @param metadata what the member tells whoever assigns, where this protocol is chosen */
    public record Protocol(String name, Opaque metadata) {}

    public ClassicProfile {
        protocols = List.copyOf(protocols);
    }

    public Opaque metadataOf(@Nullable String protocolName) {
        for (Protocol protocol : protocols) {
            if (protocol.name().equals(protocolName)) {
                return protocol.metadata();
            }
        }
        return Opaque.EMPTY;
    }

    boolean knows(String protocolName) {
        for (Protocol protocol : protocols) {
            if (protocol.name().equals(protocolName)) {
                return true;
            }
        }
        return false;
    }

    SortedSet<String> protocolNames() {
        var names = new TreeSet<String>();
        protocols.forEach(protocol -> names.add(protocol.name()));
        return names;
    }

    /** About the memory that all of it takes. */
    public long heldBytes() {
        long bytes = HeldBytes.of(instanceId) + HeldBytes.of(clientId) + HeldBytes.of(clientHost);
        for (Protocol protocol : protocols) {
            bytes += HeldBytes.of(protocol.name()) + HeldBytes.OBJECT + protocol.metadata().sizeBytes();
        }
        return bytes;
    }

    /** What it says of its protocols. */
    public int sizeBytes() {
        return protocols.stream().mapToInt(protocol -> protocol.name().length() + protocol.metadata().sizeBytes())
                .sum();
    }
}
