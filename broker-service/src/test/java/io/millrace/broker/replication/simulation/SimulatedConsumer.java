package io.millrace.broker.replication.simulation;

import io.millrace.broker.replication.simulation.SimulatedBroker.Fetched;

/** Reads up to the high watermark, and watches that it is never told a lower one by a leader that it has reason to believe. */
final class SimulatedConsumer {
    private static final long PAUSE_MICROS = 25_000;

    private final Cluster cluster;
    private final ClientMetadata metadata;
    private long position;
    private long highWatermark;
    private int leaderEpoch;

    SimulatedConsumer(Cluster cluster) {
        this.cluster = cluster;
        this.metadata = new ClientMetadata(cluster);
    }

    long position() {
        return position;
    }

    void poll() {
        SimulatedBroker target = metadata.leader();
        long from = position;
        if (target != null) {
            cluster.network().fromClient(target.id(), () -> {
                Fetched answer = target.consume(from);
                if (answer != null) {
                    cluster.network().toClient(target.id(), () -> fetched(from, answer));
                }
            });
        }
        cluster.scheduler().after(PAUSE_MICROS, this::poll);
    }

    private void fetched(long from, Fetched answer) {
        // Clients do not follow a leader of an epoch before the one they have seen (KIP-320).
        if (answer.leaderEpoch() < leaderEpoch || from != position) {
            return;
        }
        leaderEpoch = answer.leaderEpoch();
        if (answer.settled()) {
            Invariant.holds(answer.highWatermark() >= highWatermark, "the high watermark went back from %d to %d",
                    highWatermark,
                    answer.highWatermark());
            highWatermark = answer.highWatermark();
        }
        answer.records().forEach((offset, record) -> {
            Invariant.holds(offset == position, "offset %d was read after %d", offset, position - 1);
            cluster.history().read(offset, record);
            position++;
        });
        position = Math.max(position, Math.min(answer.logStart(), answer.highWatermark()));
        highWatermark = Math.max(highWatermark, position);
    }
}
