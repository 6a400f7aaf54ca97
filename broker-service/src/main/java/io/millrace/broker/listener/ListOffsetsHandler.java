package io.millrace.broker.listener;

import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.log.TimestampedOffset;
import io.millrace.broker.partition.Located;
import io.millrace.broker.partition.Located.Elsewhere;
import io.millrace.broker.partition.Located.Here;
import io.millrace.broker.partition.Located.Unknown;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.common.wire.InboundRequest;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsTopicResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ListOffsetsResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds offsets by time, or at the ends of a log. */
final class ListOffsetsHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ListOffsetsHandler.class);

    private static final short LEADER_EPOCH_VERSION = 4;
    private static final short OFFSET_NOT_AVAILABLE_VERSION = 5;

    /** What a time below zero stands for, and since which version it may be asked (KIP-734, KIP-405, KIP-1005, KIP-1023). */
    private static final Map<Long, Integer> SPECIAL_TIMES = Map.of(
            ListOffsetsRequest.EARLIEST_TIMESTAMP, 1,
            ListOffsetsRequest.LATEST_TIMESTAMP, 1,
            ListOffsetsRequest.MAX_TIMESTAMP, 7,
            ListOffsetsRequest.EARLIEST_LOCAL_TIMESTAMP, 8,
            ListOffsetsRequest.LATEST_TIERED_TIMESTAMP, 9,
            ListOffsetsRequest.EARLIEST_PENDING_UPLOAD_TIMESTAMP, 11);

    private final Partitions partitions;

    ListOffsetsHandler(Partitions partitions) {
        this.partitions = partitions;
    }

    void handle(InboundRequest request) {
        ListOffsetsResponseData response = new ListOffsetsResponseData();
        ListOffsetsRequestData data = ((ListOffsetsRequest) request.body()).data();
        boolean follower = FetchRequest.isValidBrokerId(data.replicaId());
        Set<TopicPartition> repeated = ((ListOffsetsRequest) request.body()).duplicatePartitions();
        for (ListOffsetsTopic topic : data.topics()) {
            ListOffsetsTopicResponse answer = new ListOffsetsTopicResponse().setName(topic.name());
            for (ListOffsetsPartition wanted : topic.partitions()) {
                answer.partitions().add(repeated.contains(new TopicPartition(topic.name(), wanted.partitionIndex()))
                        ? error(wanted, Errors.INVALID_REQUEST)
                        : inVersion(request.version(), find(topic.name(), wanted, follower, request.version())));
            }
            response.topics().add(answer);
        }
        request.respond(new ListOffsetsResponse(response));
    }

    /** Leader epochs (KIP-320) and OFFSET_NOT_AVAILABLE (KIP-207) came later than the rest, and cannot be written in older versions. */
    private static ListOffsetsPartitionResponse inVersion(short version, ListOffsetsPartitionResponse found) {
        if (version < OFFSET_NOT_AVAILABLE_VERSION && found.errorCode() == Errors.OFFSET_NOT_AVAILABLE.code()) {
            found.setErrorCode(Errors.LEADER_NOT_AVAILABLE.code());
        }
        return version >= LEADER_EPOCH_VERSION ? found : found.setLeaderEpoch(ListOffsetsResponse.UNKNOWN_EPOCH);
    }

    private ListOffsetsPartitionResponse find(String topic, ListOffsetsPartition wanted, boolean follower,
            short version) {
        if (wanted.timestamp() < 0 && version < SPECIAL_TIMES.getOrDefault(wanted.timestamp(), Integer.MAX_VALUE)) {
            return error(wanted, Errors.UNSUPPORTED_VERSION);
        }
        Located located = partitions.locate(topic, wanted.partitionIndex());
        return switch (located) {
            case Unknown(Errors error) -> error(wanted, error);
            case Elsewhere elsewhere -> error(wanted, Errors.NOT_LEADER_OR_FOLLOWER);
            case Here(Partition partition) -> {
                Errors refusal = partition.checkLeader(wanted.currentLeaderEpoch());
                yield refusal == Errors.NONE ? find(partition, wanted, follower) : error(wanted, refusal);
            }
        };
    }

    private static ListOffsetsPartitionResponse find(Partition partition, ListOffsetsPartition wanted,
            boolean follower) {
        boolean earliest = wanted.timestamp() == ListOffsetsRequest.EARLIEST_TIMESTAMP
                || wanted.timestamp() == ListOffsetsRequest.EARLIEST_LOCAL_TIMESTAMP;
        if (!follower && !earliest && !partition.highWatermarkKnown()) {
            return error(wanted, Errors.OFFSET_NOT_AVAILABLE);
        }
        try {
            long limit = follower ? partition.log().logEndOffset() : partition.highWatermark();
            return find(partition.log(), limit, wanted.timestamp())
                    .map(found -> new ListOffsetsPartitionResponse().setPartitionIndex(wanted.partitionIndex())
                            .setOffset(found.offset())
                            .setTimestamp(found.timestampMs()).setLeaderEpoch(found.leaderEpoch()))
                    .orElseGet(() -> error(wanted, Errors.NONE));
        } catch (KafkaStorageException e) {
            return error(wanted, Errors.KAFKA_STORAGE_ERROR);
        } catch (RuntimeException e) {
            LOG.error("looking up time {} in {} failed", wanted.timestamp(), partition, e);
            return error(wanted, Errors.UNKNOWN_SERVER_ERROR);
        }
    }

    private static Optional<TimestampedOffset> find(PartitionLog log, long limit, long timestampMs) {
        if (timestampMs == ListOffsetsRequest.EARLIEST_TIMESTAMP
                || timestampMs == ListOffsetsRequest.EARLIEST_LOCAL_TIMESTAMP) {
            return Optional.of(log.earliest());
        }
        if (timestampMs == ListOffsetsRequest.LATEST_TIMESTAMP) {
            return Optional.of(log.latest(limit));
        }
        if (timestampMs == ListOffsetsRequest.MAX_TIMESTAMP) {
            return log.maxTimestamp(limit);
        }
        // What is left below zero asks for tiered storage, where nothing is.
        return timestampMs < 0 ? Optional.empty() : log.firstAtOrAfter(timestampMs, limit);
    }

    /** Without an error it says that no record is there. */
    private static ListOffsetsPartitionResponse error(ListOffsetsPartition wanted, Errors error) {
        return new ListOffsetsPartitionResponse().setPartitionIndex(wanted.partitionIndex()).setErrorCode(error.code())
                .setOffset(ListOffsetsResponse.UNKNOWN_OFFSET).setTimestamp(ListOffsetsResponse.UNKNOWN_TIMESTAMP)
                .setLeaderEpoch(ListOffsetsResponse.UNKNOWN_EPOCH);
    }
}
