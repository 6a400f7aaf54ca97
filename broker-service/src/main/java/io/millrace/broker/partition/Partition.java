package io.millrace.broker.partition;

import io.millrace.broker.log.AppendResult;
import io.millrace.broker.log.AppendResult.Appended;
import io.millrace.broker.log.AppendResult.Refused;
import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.partition.Leadership.Following;
import io.millrace.broker.partition.Leadership.Leading;
import io.millrace.common.metadata.PartitionImage;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;

/** One replica of a partition: its log, and whether this broker leads it. */
public final class Partition {
    private static final Leadership UNKNOWN = new Following(-1, PartitionImage.NO_LEADER);

    private final Uuid topicId;
    private final String topic;
    private final int index;
    private final PartitionLog log;
    private final Set<GrowthListener> listeners = ConcurrentHashMap.newKeySet();
    private volatile Leadership leadership = UNKNOWN;

    Partition(Uuid topicId, String topic, int index, PartitionLog log) {
        this.topicId = topicId;
        this.topic = topic;
        this.index = index;
        this.log = log;
    }

    public Uuid topicId() {
        return topicId;
    }

    public String topic() {
        return topic;
    }

    public int index() {
        return index;
    }

    public PartitionLog log() {
        return log;
    }

    public Leadership leadership() {
        return leadership;
    }

    public boolean isLeader() {
        return leadership instanceof Leading;
    }

    /** Takes what an image says; false when its leader epoch is lower than one seen before, in which case nothing changes. */
    boolean become(Leadership next) {
        Leadership previous = leadership;
        if (next.leaderEpoch() < previous.leaderEpoch()) {
            return false;
        }
        if (!next.equals(previous)) {
            leadership = next;
            if (next instanceof Leading) {
                // Alone in the ISR the leader's log is all there is, so everything in it is committed.
                log.advanceHighWatermark(log.logEndOffset());
            }
            listeners.forEach(GrowthListener::leadershipChanged);
        }
        return true;
    }

    /** No longer here: nobody can lead it any more. */
    void retire() {
        leadership = new Following(Integer.MAX_VALUE, PartitionImage.NO_LEADER);
        listeners.forEach(GrowthListener::leadershipChanged);
    }

    /**
     * Whether this broker may answer for the partition.
     *
     * @param clientEpoch the leader epoch that the client knows, or -1 when it does not say (KIP-320)
     */
    public Errors checkLeader(int clientEpoch) {
        Leadership current = leadership;
        if (!(current instanceof Leading)) {
            return Errors.NOT_LEADER_OR_FOLLOWER;
        }
        if (clientEpoch == RecordBatch.NO_PARTITION_LEADER_EPOCH || clientEpoch == current.leaderEpoch()) {
            return Errors.NONE;
        }
        return clientEpoch < current.leaderEpoch() ? Errors.FENCED_LEADER_EPOCH : Errors.UNKNOWN_LEADER_EPOCH;
    }

    /**
     * Appends what a producer sent.
     *
     * @param acksAll whether the producer asks for {@code min.insync.replicas}
     */
    public AppendResult append(MemoryRecords records, boolean acksAll, long nowMs) {
        if (!(leadership instanceof Leading(int leaderEpoch, int inSyncReplicas))) {
            return new Refused(Errors.NOT_LEADER_OR_FOLLOWER, "this broker does not lead " + this, -1, -1);
        }
        if (acksAll && inSyncReplicas < log.config().minInsyncReplicas()) {
            return new Refused(Errors.NOT_ENOUGH_REPLICAS, this + " has " + inSyncReplicas
                    + " replicas in sync, and min.insync.replicas is "
                    + log.config().minInsyncReplicas(), -1, -1);
        }
        AppendResult result = log.appendAsLeader(records, leaderEpoch, nowMs);
        if (result instanceof Appended appended) {
            log.advanceHighWatermark(appended.lastOffset() + 1);
            int bytes = records.sizeInBytes();
            for (GrowthListener listener : listeners) {
                listener.grew(bytes);
            }
        }
        return result;
    }

    /** What consumers may read up to, exclusively. */
    public long highWatermark() {
        return log.highWatermark();
    }

    public void addListener(GrowthListener listener) {
        listeners.add(listener);
    }

    public void removeListener(GrowthListener listener) {
        listeners.remove(listener);
    }

    @Override
    public String toString() {
        return topic + "-" + index;
    }
}
