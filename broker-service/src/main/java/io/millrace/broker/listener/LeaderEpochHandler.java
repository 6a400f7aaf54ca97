package io.millrace.broker.listener;

import io.millrace.broker.log.EpochEndOffset;
import io.millrace.broker.partition.Located.Elsewhere;
import io.millrace.broker.partition.Located.Here;
import io.millrace.broker.partition.Located.Unknown;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.common.wire.InboundRequest;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResult;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResultCollection;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetsForLeaderEpochRequest;
import org.apache.kafka.common.requests.OffsetsForLeaderEpochResponse;

/** Tells where a leader epoch ends, to consumers that check whether what they have read is still there (KIP-101, KIP-320). */
final class LeaderEpochHandler {
    private final Partitions partitions;

    LeaderEpochHandler(Partitions partitions) {
        this.partitions = partitions;
    }

    void handle(InboundRequest request) {
        OffsetForLeaderTopicResultCollection results = new OffsetForLeaderTopicResultCollection();
        for (OffsetForLeaderTopic topic : ((OffsetsForLeaderEpochRequest) request.body()).data().topics()) {
            OffsetForLeaderTopicResult result = new OffsetForLeaderTopicResult().setTopic(topic.topic());
            for (OffsetForLeaderPartition wanted : topic.partitions()) {
                result.partitions().add(find(topic.topic(), wanted));
            }
            results.add(result);
        }
        request.respond(new OffsetsForLeaderEpochResponse(new OffsetForLeaderEpochResponseData().setTopics(results)));
    }

    private OffsetForLeaderEpochResponseData.EpochEndOffset find(String topic, OffsetForLeaderPartition wanted) {
        return switch (partitions.locate(topic, wanted.partition())) {
            case Unknown(Errors error) -> error(wanted, error);
            case Elsewhere elsewhere -> error(wanted, Errors.NOT_LEADER_OR_FOLLOWER);
            case Here(Partition partition) -> {
                Errors refusal = partition.checkLeader(wanted.currentLeaderEpoch());
                yield refusal == Errors.NONE ? find(partition, wanted) : error(wanted, refusal);
            }
        };
    }

    private static OffsetForLeaderEpochResponseData.EpochEndOffset find(Partition partition,
            OffsetForLeaderPartition wanted) {
        try {
            EpochEndOffset end = partition.log().endOffsetForEpoch(wanted.leaderEpoch());
            return error(wanted, Errors.NONE).setLeaderEpoch(end.leaderEpoch()).setEndOffset(end.endOffset());
        } catch (KafkaStorageException e) {
            return error(wanted, Errors.KAFKA_STORAGE_ERROR);
        }
    }

    /** Without an error it says that the epoch is not known. */
    private static OffsetForLeaderEpochResponseData.EpochEndOffset error(OffsetForLeaderPartition wanted,
            Errors error) {
        return new OffsetForLeaderEpochResponseData.EpochEndOffset().setPartition(wanted.partition()).setErrorCode(error
                .code())
                .setLeaderEpoch(OffsetsForLeaderEpochResponse.UNDEFINED_EPOCH)
                .setEndOffset(OffsetsForLeaderEpochResponse.UNDEFINED_EPOCH_OFFSET);
    }
}
