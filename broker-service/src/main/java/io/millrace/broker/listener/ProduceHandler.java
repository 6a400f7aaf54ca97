package io.millrace.broker.listener;

import io.millrace.broker.log.AppendResult;
import io.millrace.broker.partition.Located;
import io.millrace.broker.partition.Located.Elsewhere;
import io.millrace.broker.partition.Located.Here;
import io.millrace.broker.partition.Located.Unknown;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.common.wire.InboundRequest;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.BatchIndexAndErrorMessage;
import org.apache.kafka.common.message.ProduceResponseData.LeaderIdAndEpoch;
import org.apache.kafka.common.message.ProduceResponseData.NodeEndpoint;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Appends what producers send, on the connection's own thread: the records lie in its buffer. Partitions do not affect each other. */
final class ProduceHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ProduceHandler.class);
    private static final short ACKS_ALL = -1;
    private static final short TOPIC_ID_VERSION = 13;
    private static final short LEADER_HINT_VERSION = 10;

    private final Partitions partitions;
    private final LeaderHints hints;
    private final ProduceListener listener;
    private final Clock clock;

    ProduceHandler(Partitions partitions, LeaderHints hints, ProduceListener listener, Clock clock) {
        this.partitions = partitions;
        this.hints = hints;
        this.listener = listener;
        this.clock = clock;
    }

    void handle(InboundRequest request) {
        ProduceRequestData produce = ((ProduceRequest) request.body()).data();
        Producing producing = new Producing(request.version(), produce.acks(), clock.millis());
        for (TopicProduceData topic : produce.topicData()) {
            TopicProduceResponse answer = new TopicProduceResponse().setName(topic.name()).setTopicId(topic.topicId());
            for (PartitionProduceData data : topic.partitionData()) {
                answer.partitionResponses().add(producing.append(topic, data));
            }
            producing.response.responses().add(answer);
        }
        if (produce.acks() != 0) {
            producing.respond(request);
        } else if (producing.refused) {
            // The only sign that a producer which expects no answer understands, as in Kafka: it asks for metadata again.
            request.disconnect("a produce request with acks=0 was refused");
        } else {
            request.respondNothing();
        }
    }

    /** One request on its way through the partitions. */
    private final class Producing {
        private final ProduceResponseData response = new ProduceResponseData();
        private final List<CompletableFuture<?>> flushes = new ArrayList<>(0);
        private final short version;
        private final short acks;
        private final long nowMs;
        private boolean refused;

        Producing(short version, short acks, long nowMs) {
            this.version = version;
            this.acks = acks;
            this.nowMs = nowMs;
        }

        PartitionProduceResponse append(TopicProduceData topic, PartitionProduceData data) {
            if (acks < ACKS_ALL || acks > 1) {
                return refuse(data.index(), Errors.INVALID_REQUIRED_ACKS, "acks must be -1, 0 or 1, not " + acks);
            }
            Uuid topicId = topic.topicId();
            Located located = version >= TOPIC_ID_VERSION
                    ? partitions.locate(topicId, data.index())
                    : partitions.locate(topic.name(), data.index());
            return switch (located) {
                case Unknown(Errors error) -> refuse(data.index(), error, null);
                case Elsewhere elsewhere -> withLeader(refuse(data.index(), Errors.NOT_LEADER_OR_FOLLOWER, null),
                        topicId, topic.name());
                case Here(Partition partition) -> {
                    PartitionProduceResponse result = append(partition, data);
                    yield result.errorCode() == Errors.NOT_LEADER_OR_FOLLOWER.code()
                            ? withLeader(result, partition.topicId(), partition.topic())
                            : result;
                }
            };
        }

        private PartitionProduceResponse append(Partition partition, PartitionProduceData data) {
            if (!(data.records() instanceof MemoryRecords records)) {
                return refuse(data.index(), Errors.INVALID_RECORD, "there are no records");
            }
            try {
                return switch (partition.append(records, acks == ACKS_ALL, nowMs)) {
                    case AppendResult.Appended(long base, long last, long stampedMs, long logStart) -> {
                        listener.appended(records.sizeInBytes());
                        yield stored(partition, data.index(), base, stampedMs, logStart);
                    }
                    case AppendResult.Duplicate(long base, long last, long stampedMs, long logStart) -> stored(
                            partition, data.index(), base,
                            stampedMs, logStart);
                    case AppendResult.Refused(Errors error, String message, int batch, int record) -> {
                        PartitionProduceResponse result = refuse(data.index(), error, message);
                        yield record < 0 ? result
                                : result.setRecordErrors(
                                        List.of(new BatchIndexAndErrorMessage().setBatchIndex(record)
                                                .setBatchIndexErrorMessage(message)));
                    }
                };
            } catch (KafkaStorageException e) {
                return refuse(data.index(), Errors.KAFKA_STORAGE_ERROR, e.getMessage());
            } catch (RuntimeException e) {
                LOG.error("an append to {} failed", partition, e);
                return refuse(data.index(), Errors.UNKNOWN_SERVER_ERROR, null);
            }
        }

        private PartitionProduceResponse stored(Partition partition, int index, long baseOffset, long stampedMs,
                long logStartOffset) {
            PartitionProduceResponse result = new PartitionProduceResponse().setIndex(index).setBaseOffset(baseOffset)
                    .setLogAppendTimeMs(stampedMs).setLogStartOffset(logStartOffset);
            CompletableFuture<Void> durable = partitions.afterAppend(partition);
            if (!durable.isDone() || durable.isCompletedExceptionally()) {
                flushes.add(durable.exceptionally(failure -> {
                    LOG.error("what was appended to {} could not be flushed", partition, failure);
                    fail(result, Errors.KAFKA_STORAGE_ERROR, "the flush failed");
                    return null;
                }));
            }
            return result;
        }

        private PartitionProduceResponse refuse(int index, Errors error, @Nullable String message) {
            refused = true;
            return fail(new PartitionProduceResponse().setIndex(index), error, message);
        }

        private PartitionProduceResponse fail(PartitionProduceResponse result, Errors error, @Nullable String message) {
            listener.refused(error);
            return result.setErrorCode(error.code()).setErrorMessage(message).setBaseOffset(
                    ProduceResponse.INVALID_OFFSET);
        }

        /** Says who leads, so that the producer need not ask for metadata first (KIP-951). */
        private PartitionProduceResponse withLeader(PartitionProduceResponse result, Uuid topicId, String topic) {
            LeaderHints.Leader leader = version < LEADER_HINT_VERSION ? null
                    : hints.leader(topicId, topic, result.index());
            if (leader != null) {
                result.setCurrentLeader(new LeaderIdAndEpoch().setLeaderId(leader.id()).setLeaderEpoch(leader.epoch()));
                if (leader.endpoint() != null && response.nodeEndpoints().find(leader.id()) == null) {
                    response.nodeEndpoints().add(new NodeEndpoint().setNodeId(leader.id()).setHost(leader.endpoint()
                            .host())
                            .setPort(leader.endpoint().port()));
                }
            }
            return result;
        }

        /** At once, or when the fsyncs that topics ask for are done. */
        void respond(InboundRequest request) {
            if (flushes.isEmpty()) {
                request.respond(new ProduceResponse(response));
            } else {
                CompletableFuture.allOf(flushes.toArray(CompletableFuture[]::new))
                        .thenRun(() -> request.respond(new ProduceResponse(response)));
            }
        }
    }
}
