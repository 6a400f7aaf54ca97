package io.millrace.common.record;

/** Kafka's choice of a partition for a key, so that records of one key land together whoever wrote them. */
public final class PartitionHash {
    private static final int SEED = 0x9747b28c;
    private static final int MULTIPLIER = 0x5bd1e995;
    private static final int SHIFT = 24;

    private PartitionHash() {}

    /** The default partitioner of Kafka's clients: the positive part of the key's murmur2, modulo the partitions. */
    public static int partitionOf(byte[] bytes, int start, int length, int partitions) {
        return (murmur2(bytes, start, length) & 0x7fffffff) % partitions;
    }

    static int murmur2(byte[] bytes, int start, int length) {
        int hash = SEED ^ length;
        int at = start;
        int wordsEnd = start + (length & ~3);
        for (; at < wordsEnd; at += 4) {
            int word = (bytes[at] & 0xff) | (bytes[at + 1] & 0xff) << 8 | (bytes[at + 2] & 0xff) << 16 | (bytes[at + 3]
                    & 0xff) << 24;
            word *= MULTIPLIER;
            word ^= word >>> SHIFT;
            word *= MULTIPLIER;
            hash *= MULTIPLIER;
            hash ^= word;
        }
        int tail = length & 3;
        if (tail >= 3) {
            hash ^= (bytes[at + 2] & 0xff) << 16;
        }
        if (tail >= 2) {
            hash ^= (bytes[at + 1] & 0xff) << 8;
        }
        if (tail >= 1) {
            hash ^= bytes[at] & 0xff;
            hash *= MULTIPLIER;
        }
        hash ^= hash >>> 13;
        hash *= MULTIPLIER;
        hash ^= hash >>> 15;
        return hash;
    }
}
