package io.millrace.common.partition;

import java.util.List;
import org.apache.kafka.common.Uuid;

/**
 * How brokers tell of leader epochs that the metadata has forgotten, which it has when PostgreSQL failed over to an older state: an epoch
 * that some log has recorded must never be given to another leader.
 */
@FunctionalInterface
public interface SeenLeaderEpochs {
    /** @param leaderEpoch the highest that the partition's log has recorded */
    record Seen(Uuid topicId, int index, int leaderEpoch) {}

    /**
     * Raises the leader epoch of each of the partitions whose row is at or below what was seen to one above it; leaders stay. Harmless when
     * repeated by those that do not lead. Ignored for partitions that there are not, and where the broker is no replica.
     *
     * @param brokerEpoch of the broker that tells; one that registered anew since changes nothing
     */
    void raiseLeaderEpochs(int brokerId, long brokerEpoch, List<Seen> seen);
}
