package io.millrace.broker.storage;

import io.millrace.broker.storage.LogDirectory.LocalPartition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Collection;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.KafkaStorageException;

/** What a data directory knows of replicas beside their logs: which have all that was acknowledged, and which went to other brokers. */
public final class RememberedReplicas {
    private final WholeLogs whole;
    private final MovedReplicas moved;
    private final Clock clock;
    private final Consumer<IOException> fail;

    /** @param fail told when the disk fails */
    RememberedReplicas(Path root, Clock clock, Consumer<IOException> fail) throws IOException {
        this.whole = new WholeLogs(root.resolve(WholeLogs.FILE_NAME));
        this.moved = MovedReplicas.read(root.resolve(MovedReplicas.FILE_NAME), clock.millis());
        this.clock = clock;
        this.fail = fail;
    }

    /** @see WholeLogs#load */
    void load(Collection<LocalPartition> present, boolean tailLost) throws IOException {
        whole.load(present.stream().map(ReplicaName::of).toList(), tailLost);
    }

    /** Whether a log has lost nothing since its replica was last in sync. */
    public boolean isWhole(Uuid topicId, int partition) {
        return whole.contains(new ReplicaName(topicId, partition));
    }

    /** Takes note that a replica is in sync. True if that is new, and hence to be {@linkplain #rememberWhole remembered}. */
    public boolean markWhole(Uuid topicId, int partition) {
        return whole.add(new ReplicaName(topicId, partition));
    }

    /** Remembers, durably, which logs are whole. One of which that is forgotten counts as one that is not. */
    public void rememberWhole() {
        try {
            whole.write();
            moved.remove(whole.names());
        } catch (IOException e) {
            fail.accept(e);
            throw new UncheckedIOException(e);
        }
    }

    /**
     * To be called before their logs go.
     *
     * @throws KafkaStorageException when it cannot be written down
     */
    void forgetWhole(Collection<ReplicaName> leaving) {
        try {
            whole.remove(leaving);
        } catch (IOException e) {
            fail.accept(e);
            throw new KafkaStorageException("cannot note that logs are to go: " + e.getMessage(), e);
        }
    }

    /** None has been in sync since. */
    void clearWhole() throws IOException {
        whole.clear();
    }

    /**
     * Remembers, durably, in which leader epochs other brokers got replicas that were here. To be called before their logs go.
     *
     * @throws KafkaStorageException when it cannot be written down
     */
    public void rememberMoved(Map<LocalPartition, Integer> leaderEpochs) {
        try {
            moved.add(leaderEpochs.entrySet().stream().collect(Collectors.toMap(entry -> ReplicaName.of(entry
                    .getKey()), Map.Entry::getValue)), clock.millis());
        } catch (IOException e) {
            fail.accept(e);
            throw new KafkaStorageException("cannot note that replicas are others' now: " + e.getMessage(), e);
        }
    }

    /** The leader epoch in which the replica that was here went to another broker, unless it has come back and been in sync since. */
    public OptionalInt movedInEpoch(Uuid topicId, int partition) {
        return moved.leaderEpoch(new ReplicaName(topicId, partition));
    }

    void forgetMovedBefore(long beforeMs) {
        try {
            moved.removeBefore(beforeMs);
        } catch (IOException e) {
            fail.accept(e);
        }
    }
}
