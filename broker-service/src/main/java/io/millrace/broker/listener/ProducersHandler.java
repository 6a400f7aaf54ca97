package io.millrace.broker.listener;

import io.millrace.broker.log.ActiveProducer;
import io.millrace.broker.partition.Located.Elsewhere;
import io.millrace.broker.partition.Located.Here;
import io.millrace.broker.partition.Located.Unknown;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.common.wire.InboundRequest;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeProducersRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeProducersResponseData.PartitionResponse;
import org.apache.kafka.common.message.DescribeProducersResponseData.ProducerState;
import org.apache.kafka.common.message.DescribeProducersResponseData.TopicResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeProducersRequest;
import org.apache.kafka.common.requests.DescribeProducersResponse;

/**
 * Tells which idempotent producers a partition's leader knows (KIP-664). Without transactions none has one open. However often a partition is
 * named, it is told once.
 */
final class ProducersHandler {
    private static final int NO_COORDINATOR = -1;
    private static final long NO_TRANSACTION = -1;
    /** Producers in one answer, of some 30 bytes each. Partitions that come once there are so many are refused with INVALID_REQUEST; the first never is. */
    private static final int MAX_PRODUCERS = 100_000;

    private final Partitions partitions;
    private final int maxProducers;

    ProducersHandler(Partitions partitions) {
        this(partitions, MAX_PRODUCERS);
    }

    ProducersHandler(Partitions partitions, int maxProducers) {
        this.partitions = partitions;
        this.maxProducers = maxProducers;
    }

    void handle(InboundRequest request) {
        request.respond(new DescribeProducersResponse(describe(((DescribeProducersRequest) request.body()).data())));
    }

    DescribeProducersResponseData describe(DescribeProducersRequestData wanted) {
        Map<String, Set<Integer>> partitionsByTopic = new LinkedHashMap<>();
        for (TopicRequest topic : wanted.topics()) {
            partitionsByTopic.computeIfAbsent(topic.name(), _ -> new LinkedHashSet<>()).addAll(topic
                    .partitionIndexes());
        }
        DescribeProducersResponseData response = new DescribeProducersResponseData();
        int told = 0;
        for (Map.Entry<String, Set<Integer>> topic : partitionsByTopic.entrySet()) {
            TopicResponse answer = new TopicResponse().setName(topic.getKey());
            for (int index : topic.getValue()) {
                PartitionResponse described = told < maxProducers ? describe(topic.getKey(), index)
                        : new PartitionResponse().setPartitionIndex(index).setErrorCode(Errors.INVALID_REQUEST.code())
                                .setErrorMessage("the answer would name too many producers: ask for fewer partitions");
                told += described.activeProducers().size();
                answer.partitions().add(described);
            }
            response.topics().add(answer);
        }
        return response;
    }

    private PartitionResponse describe(String topic, int index) {
        PartitionResponse answer = new PartitionResponse().setPartitionIndex(index);
        return switch (partitions.locate(topic, index)) {
            case Unknown(Errors error) -> answer.setErrorCode(error.code());
            case Elsewhere _ -> answer.setErrorCode(Errors.NOT_LEADER_OR_FOLLOWER.code());
            case Here(Partition partition) when !partition.isLeader() -> answer.setErrorCode(
                    Errors.NOT_LEADER_OR_FOLLOWER.code());
            case Here(Partition partition) -> describe(partition, answer);
        };
    }

    private static PartitionResponse describe(Partition partition, PartitionResponse answer) {
        try {
            return answer.setActiveProducers(partition.log().activeProducers().stream().map(
                    ProducersHandler::describe).toList());
        } catch (KafkaStorageException e) {
            return answer.setErrorCode(Errors.KAFKA_STORAGE_ERROR.code());
        }
    }

    private static ProducerState describe(ActiveProducer producer) {
        return new ProducerState().setProducerId(producer.id()).setProducerEpoch(producer.epoch())
                .setLastSequence(producer.lastSequence()).setLastTimestamp(producer.lastTimestampMs())
                .setCoordinatorEpoch(NO_COORDINATOR).setCurrentTxnStartOffset(NO_TRANSACTION);
    }
}
