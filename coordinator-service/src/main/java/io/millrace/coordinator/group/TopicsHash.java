package io.millrace.coordinator.group;

import java.util.Collection;

/**
 * A 64-bit FNV-1a hash of the topics a group reads (id, name, partition count), as KIP-1101 keeps one: it is stored with
 * the group, so that a coordinator which takes the group over sees whether topics changed while nobody looked.
 */
final class TopicsHash {
    static final long NO_TOPICS = 0xcbf29ce484222325L;
    private static final long PRIME = 0x100000001b3L;

    private TopicsHash() {}

    /** @param topics in the order of their names */
    static long of(Collection<Topic> topics) {
        long hash = NO_TOPICS;
        for (Topic topic : topics) {
            hash = mix(hash, topic.id().getMostSignificantBits());
            hash = mix(hash, topic.id().getLeastSignificantBits());
            hash = mix(hash, topic.partitionCount());
            for (int i = 0; i < topic.name().length(); i++) {
                hash = (hash ^ topic.name().charAt(i)) * PRIME;
            }
        }
        return hash;
    }

    private static long mix(long hash, long value) {
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            hash = (hash ^ (value >>> shift & 0xff)) * PRIME;
        }
        return hash;
    }
}
