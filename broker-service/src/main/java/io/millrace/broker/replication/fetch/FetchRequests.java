package io.millrace.broker.replication.fetch;

import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.partition.ReplicationSettings;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchRequestData.ReplicaState;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.FetchMetadata;
import org.apache.kafka.common.requests.FetchRequest;

/** Writes fetches as a replica sends them: without a session, with topic ids, its broker epoch and the end of each log as it is now. */
final class FetchRequests {
    /** Topic ids, broker epochs (KIP-903); 18 has the high watermark besides, which older leaders do without. */
    private static final short OLDEST_VERSION = 17;

    /**
     * Partitions that come from another fetch wait behind the one of the busy, and what they have got counts at their leader only with their
     * next fetch. After a hand-over the busy ones may themselves wait for that: their producers' requests are not answered before.
     */
    private static final Duration BUSY_MAX_WAIT = Duration.ofMillis(20);

    private final int followerId;
    private final LongSupplier brokerEpoch;
    private final ReplicationSettings settings;

    FetchRequests(int followerId, LongSupplier brokerEpoch, ReplicationSettings settings) {
        this.followerId = followerId;
        this.brokerEpoch = brokerEpoch;
        this.settings = settings;
    }

    /** Notes in each partition what was asked for. */
    AbstractRequest.Builder<FetchRequest> of(Flight flight, int maxBytes) {
        Map<Uuid, FetchTopic> topics = new LinkedHashMap<>();
        for (Followed each : flight.partitions()) {
            topics.computeIfAbsent(each.partition.topicId(), id -> new FetchTopic().setTopicId(id)).partitions().add(
                    partition(each));
        }
        FetchRequestData data = new FetchRequestData()
                .setReplicaState(new ReplicaState().setReplicaId(followerId).setReplicaEpoch(brokerEpoch
                        .getAsLong()))
                .setMaxWaitMs((int) maxWait(flight.kind()).toMillis())
                .setMinBytes(1)
                .setMaxBytes(maxBytes)
                .setSessionId(FetchMetadata.INVALID_SESSION_ID)
                .setSessionEpoch(FetchMetadata.FINAL_EPOCH)
                .setTopics(List.copyOf(topics.values()));
        return new AbstractRequest.Builder<>(ApiKeys.FETCH, OLDEST_VERSION, ApiKeys.FETCH.latestVersion()) {
            @Override
            public FetchRequest build(short version) {
                return new FetchRequest(data, version);
            }
        };
    }

    private Duration maxWait(Flight.Kind kind) {
        Duration longest = settings.fetchMaxWait();
        return kind == Flight.Kind.HOT && longest.compareTo(BUSY_MAX_WAIT) > 0 ? BUSY_MAX_WAIT : longest;
    }

    private FetchPartition partition(Followed each) {
        PartitionLog log = each.partition.log();
        each.askedOffset = log.logEndOffset();
        return new FetchPartition().setPartition(each.partition.index())
                .setCurrentLeaderEpoch(each.as.leaderEpoch())
                .setFetchOffset(each.askedOffset)
                .setLastFetchedEpoch(each.replica().lastFetchedEpoch(log))
                .setLogStartOffset(log.logStartOffset())
                .setHighWatermark(log.highWatermark())
                .setPartitionMaxBytes((int) settings.fetchMaxPartitionSize().toBytes());
    }
}
