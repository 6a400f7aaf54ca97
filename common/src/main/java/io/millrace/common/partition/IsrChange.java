package io.millrace.common.partition;

import java.util.List;
import org.apache.kafka.common.Uuid;

/**
 * The in-sync replicas that a leader wants its partition to have.
 *
 * @param leaderEpoch    under which it leads
 * @param partitionEpoch of the row that it wants changed
 * @param isr            with the leader itself
 */
public record IsrChange(Uuid topicId, int index, int leaderEpoch, int partitionEpoch, List<Member> isr) {
    /** The epoch of a broker of which the leader does not know it: allowed for the leader itself and for members that stay. */
    public static final long UNKNOWN_EPOCH = -1;

    public IsrChange {
        isr = List.copyOf(isr);
    }

    /** @param brokerEpoch under which the replica fetched when it was found in sync, so that one that restarted since is not taken for it (KIP-903) */
    public record Member(int brokerId, long brokerEpoch) {}
}
