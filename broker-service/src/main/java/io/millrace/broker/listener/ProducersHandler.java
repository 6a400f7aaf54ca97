package io.millrace.broker.listener;

import io.millrace.broker.log.ActiveProducer;
import io.millrace.broker.partition.Located.Elsewhere;
import io.millrace.broker.partition.Located.Here;
import io.millrace.broker.partition.Located.Unknown;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.common.wire.InboundRequest;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.message.DescribeProducersRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeProducersResponseData.PartitionResponse;
import org.apache.kafka.common.message.DescribeProducersResponseData.ProducerState;
import org.apache.kafka.common.message.DescribeProducersResponseData.TopicResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeProducersRequest;
import org.apache.kafka.common.requests.DescribeProducersResponse;

/** Tells which idempotent producers a partition's leader knows (KIP-664). Without transactions none has one open. */
final class ProducersHandler {
    private static final int NO_COORDINATOR = -1;
    private static final long NO_TRANSACTION = -1;

    private final Partitions partitions;

    ProducersHandler(Partitions partitions) {
        this.partitions = partitions;
    }

    void handle(InboundRequest request) {
        DescribeProducersResponseData response = new DescribeProducersResponseData();
        for (TopicRequest topic : ((DescribeProducersRequest) request.body()).data().topics()) {
            TopicResponse answer = new TopicResponse().setName(topic.name());
            topic.partitionIndexes().forEach(index -> answer.partitions().add(describe(topic.name(), index)));
            response.topics().add(answer);
        }
        request.respond(new DescribeProducersResponse(response));
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
