package io.millrace.broker.replication.simulation;

import io.millrace.common.metadata.PartitionImage;
import org.jspecify.annotations.Nullable;

/** What one client knows of the leader: late, but never older than before (KIP-320). */
final class ClientMetadata {
    private final Cluster cluster;
    private int version;

    ClientMetadata(Cluster cluster) {
        this.cluster = cluster;
    }

    @Nullable
    SimulatedBroker leader() {
        int newest = cluster.metadata().newest().version();
        version = cluster.random().nextInt(3) > 0 ? newest : cluster.random().nextInt(version, newest + 1);
        int leader = cluster.metadata().view(version).row().leader();
        return leader == PartitionImage.NO_LEADER ? null : cluster.broker(leader);
    }
}
