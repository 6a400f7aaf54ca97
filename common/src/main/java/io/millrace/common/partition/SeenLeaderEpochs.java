package io.millrace.common.partition;

import java.util.List;
import org.apache.kafka.common.Uuid;

/**
 * How brokers tell of leader epochs that the metadata has forgotten, which it has when PostgreSQL went back to an older state without
 * anybody having noticed so far.
 */
@FunctionalInterface
public interface SeenLeaderEpochs {
    /** @param leaderEpoch the highest that the partition's log has recorded */
    record Seen(Uuid topicId, int index, int leaderEpoch) {}

    /**
     * Says what was seen. Where it is higher than what the metadata has, this brings the metadata to a new incarnation.
     *
     * @param brokerEpoch of the broker that tells; one that registered anew since tells nothing
     */
    void forgotten(int brokerId, long brokerEpoch, List<Seen> seen);
}
