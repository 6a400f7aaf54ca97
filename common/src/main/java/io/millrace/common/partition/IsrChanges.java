package io.millrace.common.partition;

import java.util.List;

/** The way in which leaders change the in-sync replicas of their partitions. */
@FunctionalInterface
public interface IsrChanges {
    /**
     * Makes those of the changes that are allowed, all in one transaction. An exception means that nothing is known of what became of
     * them: a leader counts on neither the one nor the other until it sees the partition's row, or has asked again.
     *
     * @param leaderBrokerEpoch the leader's own
     * @return one for each of the changes, in their order
     */
    List<Outcome> alter(int leaderId, long leaderBrokerEpoch, List<IsrChange> changes);
}
