package io.millrace.broker.listener;

import io.millrace.broker.log.ReadResult;
import io.millrace.broker.partition.FollowerFetch;
import io.millrace.broker.partition.FollowerRead;
import io.millrace.broker.partition.Located;
import io.millrace.broker.partition.Located.Elsewhere;
import io.millrace.broker.partition.Located.Here;
import io.millrace.broker.partition.Located.Unknown;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.broker.replication.FetchHistory;
import io.millrace.common.wire.InboundRequest;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.EpochEndOffset;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.LeaderIdAndEpoch;
import org.apache.kafka.common.message.FetchResponseData.NodeEndpoint;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads what a fetch asks for from the logs, within its limits. */
final class FetchReader {
    private static final Logger LOG = LoggerFactory.getLogger(FetchReader.class);
    private static final short TOPIC_ID_VERSION = 13;
    private static final short LEADER_HINT_VERSION = 12;
    private static final short ENDPOINT_HINT_VERSION = 16;

    private final Partitions partitions;
    private final LeaderHints hints;
    private final int maxBytes;

    /**
     * @param bytes of records in the response
     * @param urgent whether a partition has what its reader must hear of without waiting: an error, or another log start for a follower
     */
    record Result(FetchResponseData response, int bytes, boolean urgent) {}

    FetchReader(Partitions partitions, LeaderHints hints, int maxBytes) {
        this.partitions = partitions;
        this.hints = hints;
        this.maxBytes = maxBytes;
    }

    /** Whether another broker asks, to replicate. */
    static boolean isFollower(FetchRequestData fetch) {
        return FetchRequest.isValidBrokerId(FetchRequest.replicaId(fetch));
    }

    /**
     * @param topics all that is to be read: in a session more than the request names
     * @param first  whether the request is read for the first time: only then does a follower's say where the follower is now
     */
    Result read(InboundRequest request, FetchRequestData fetch, List<FetchTopic> topics, boolean first) {
        Reading reading = new Reading(request.version(), fetch, first);
        for (FetchTopic topic : topics) {
            FetchableTopicResponse answer = new FetchableTopicResponse().setTopic(topic.topic()).setTopicId(topic
                    .topicId());
            for (FetchPartition wanted : topic.partitions()) {
                PartitionData data = reading.read(topic, wanted);
                if (!reading.isNoNews(wanted, data)) {
                    answer.partitions().add(data);
                }
            }
            if (!answer.partitions().isEmpty()) {
                reading.response.responses().add(answer);
            }
        }
        return new Result(reading.response, reading.bytes, reading.urgent);
    }

    void forEachPartition(InboundRequest request, List<FetchTopic> topics, Consumer<Partition> action) {
        for (FetchTopic topic : topics) {
            for (FetchPartition wanted : topic.partitions()) {
                if (locate(request.version(), topic, wanted.partition()) instanceof Here(Partition partition)) {
                    action.accept(partition);
                }
            }
        }
    }

    private Located locate(short version, FetchTopic topic, int index) {
        return version >= TOPIC_ID_VERSION ? partitions.locate(topic.topicId(), index)
                : partitions.locate(topic.topic(), index);
    }

    private final class Reading {
        private final FetchResponseData response = new FetchResponseData();
        private final short version;
        private final FetchRequestData fetch;
        private final boolean first;
        private final boolean follower;
        private int bytes;
        private boolean urgent;

        Reading(short version, FetchRequestData fetch, boolean first) {
            this.version = version;
            this.fetch = fetch;
            this.first = first;
            this.follower = isFollower(fetch);
        }

        /**
         * A follower that tells which high watermark it knows (KIP-1166) hears only of partitions where there is something new, as it would in
         * a session (KIP-227): most of those it follows are idle.
         */
        boolean isNoNews(FetchPartition wanted, PartitionData data) {
            return follower && data.errorCode() == Errors.NONE.code() && FetchResponse.recordsSize(data) == 0
                    && !FetchResponse.isDivergingEpoch(data)
                    && wanted.highWatermark() == Math.min(data.highWatermark(), wanted.fetchOffset())
                    && wanted.logStartOffset() >= data.logStartOffset();
        }

        PartitionData read(FetchTopic topic, FetchPartition wanted) {
            return switch (locate(version, topic, wanted.partition())) {
                case Unknown(Errors error) -> error(wanted, error);
                case Elsewhere elsewhere -> withLeader(error(wanted, Errors.NOT_LEADER_OR_FOLLOWER), topic);
                case Here(Partition partition) -> {
                    Errors refusal = partition.checkLeader(wanted.currentLeaderEpoch());
                    if (refusal == Errors.NONE) {
                        yield read(partition, wanted);
                    }
                    PartitionData data = error(wanted, refusal);
                    yield refusal == Errors.UNKNOWN_LEADER_EPOCH ? data : withLeader(data, topic);
                }
            };
        }

        private PartitionData read(Partition partition, FetchPartition wanted) {
            try {
                return follower ? readAsFollower(partition, wanted) : readAsConsumer(partition, wanted);
            } catch (KafkaStorageException e) {
                return error(wanted, Errors.KAFKA_STORAGE_ERROR);
            } catch (RuntimeException e) {
                LOG.error("a read of {} failed", partition, e);
                return error(wanted, Errors.UNKNOWN_SERVER_ERROR);
            }
        }

        private PartitionData readAsConsumer(Partition partition, FetchPartition wanted) {
            if (!partition.highWatermarkKnown()) {
                // No error that is told at once: who can wait, waits for it.
                return FetchResponse.partitionResponse(wanted.partition(), Errors.OFFSET_NOT_AVAILABLE);
            }
            if (FetchHistory.of(partition.log(), wanted.fetchOffset(), wanted
                    .lastFetchedEpoch()) instanceof FetchHistory.Diverging(int epoch, long endOffset)) {
                return diverging(wanted, epoch, endOffset, partition.highWatermark(), partition.log()
                        .logStartOffset());
            }
            long highWatermark = partition.highWatermark();
            int limit = limit(wanted);
            if (limit <= 0 && bytes > 0) {
                return data(wanted, highWatermark, partition.log().logStartOffset());
            }
            return switch (partition.log().read(wanted.fetchOffset(), Math.max(0, limit), bytes == 0, highWatermark)) {
                case ReadResult.Data(var records, long logStart, long logEnd) -> {
                    bytes += records.sizeInBytes();
                    yield data(wanted, highWatermark, logStart).setRecords(records);
                }
                case ReadResult.OutOfRange outside -> error(wanted, Errors.OFFSET_OUT_OF_RANGE);
            };
        }

        private PartitionData readAsFollower(Partition partition, FetchPartition wanted) {
            int limit = limit(wanted);
            // Once the answer is full the rest is looked at all the same: where a follower is counts, not whether it gets more.
            FollowerFetch follow = new FollowerFetch(FetchRequest.replicaId(fetch), fetch.replicaState().replicaEpoch(),
                    wanted.currentLeaderEpoch(), wanted.fetchOffset(), wanted.lastFetchedEpoch(), wanted
                            .logStartOffset(), Math.max(0, limit), bytes == 0);
            return switch (partition.readAsFollower(follow, first, System.nanoTime())) {
                case FollowerRead.Data(var records, long highWatermark, long logStart) -> {
                    bytes += records.sizeInBytes();
                    urgent |= wanted.logStartOffset() >= 0 && logStart > wanted.logStartOffset();
                    yield data(wanted, highWatermark, logStart).setRecords(records);
                }
                case FollowerRead.Diverging(int epoch, long endOffset, long highWatermark, long logStart) -> diverging(
                        wanted, epoch, endOffset, highWatermark, logStart);
                case FollowerRead.Refused(Errors error) -> error(wanted, error);
            };
        }

        /** Kafka's rule (KIP-74): an answer's first batch is whole however large, or a reader would be stuck before it for ever. */
        private int limit(FetchPartition wanted) {
            return Math.min(wanted.partitionMaxBytes(), Math.min(fetch.maxBytes(), maxBytes) - bytes);
        }

        private PartitionData diverging(FetchPartition wanted, int epoch, long endOffset,
                long highWatermark, long logStartOffset) {
            urgent = true;
            return data(wanted, highWatermark, logStartOffset).setDivergingEpoch(
                    new EpochEndOffset().setEpoch(epoch).setEndOffset(endOffset));
        }

        private PartitionData data(FetchPartition wanted, long highWatermark, long logStartOffset) {
            PartitionData data = new PartitionData().setPartitionIndex(wanted.partition()).setHighWatermark(
                    highWatermark)
                    .setLastStableOffset(highWatermark).setLogStartOffset(logStartOffset).setRecords(
                            MemoryRecords.EMPTY);
            // Without transactions none is aborted; read_committed is told so, read_uncommitted does not ask.
            return fetch.isolationLevel() == IsolationLevel.READ_COMMITTED.id() ? data.setAbortedTransactions(List.of())
                    : data;
        }

        private PartitionData error(FetchPartition wanted, Errors error) {
            urgent = true;
            return FetchResponse.partitionResponse(wanted.partition(), error);
        }

        /** Says who leads, so that the consumer need not ask for metadata first (KIP-951). */
        private PartitionData withLeader(PartitionData data, FetchTopic topic) {
            LeaderHints.Leader leader = version < LEADER_HINT_VERSION ? null
                    : hints.leader(topic.topicId(), topic.topic(), data.partitionIndex());
            if (leader != null) {
                data.setCurrentLeader(new LeaderIdAndEpoch().setLeaderId(leader.id()).setLeaderEpoch(leader.epoch()));
                if (version >= ENDPOINT_HINT_VERSION && leader.endpoint() != null && response.nodeEndpoints().find(
                        leader.id()) == null) {
                    response.nodeEndpoints().add(new NodeEndpoint().setNodeId(leader.id()).setHost(leader.endpoint()
                            .host())
                            .setPort(leader.endpoint().port()));
                }
            }
            return data;
        }
    }
}
