package io.millrace.broker.partition;

import io.millrace.common.metadata.PartitionImage;

/**
 * This broker's part in a partition.
 *
 * <pre>
 *   following --image names this broker, epoch not lower--> leading
 *   leading   --image names another or none, epoch not lower--> following
 * </pre>
 */
public sealed interface Leadership {
    int leaderEpoch();

    /** This broker leads. */
    record Leading(int leaderEpoch) implements Leadership {}

    /** @param leader the leader's broker id, or {@link PartitionImage#NO_LEADER} */
    record Following(int leaderEpoch, int leader) implements Leadership {}

    static Leadership of(PartitionImage partition, int brokerId) {
        return partition.leader() == brokerId
                ? new Leading(partition.leaderEpoch())
                : new Following(partition.leaderEpoch(), partition.leader());
    }
}
