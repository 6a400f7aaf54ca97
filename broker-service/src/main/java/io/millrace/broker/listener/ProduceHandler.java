package io.millrace.broker.listener;

import io.millrace.broker.log.AppendResult;
import io.millrace.broker.partition.CommitWait;
import io.millrace.broker.partition.Leadership.Leading;
import io.millrace.broker.partition.Located;
import io.millrace.broker.partition.Located.Elsewhere;
import io.millrace.broker.partition.Located.Here;
import io.millrace.broker.partition.Located.Unknown;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.common.wire.InboundRequest;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
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

/**
 * Appends what producers send, on the connection's own thread: the records lie in its buffer. Partitions do not affect each other. With
 * acks=all the answer follows when all replicas in sync have the records, on the thread that brings the news; nothing waits for it.
 */
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
        Producing producing = new Producing(request, produce, clock.millis());
        for (TopicProduceData topic : produce.topicData()) {
            TopicProduceResponse answer = new TopicProduceResponse().setName(topic.name()).setTopicId(topic.topicId());
            for (PartitionProduceData data : topic.partitionData()) {
                answer.partitionResponses().add(producing.append(topic, data));
            }
            producing.response.responses().add(answer);
        }
        if (produce.acks() != 0) {
            producing.settled();
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
        private final InboundRequest request;
        private final short version;
        private final short acks;
        private final int timeoutMs;
        private final long nowMs;
        /** What must happen before the answer: the handling itself, commits and fsyncs. */
        private final AtomicInteger unsettled = new AtomicInteger(1);
        private boolean refused;

        Producing(InboundRequest request, ProduceRequestData produce, long nowMs) {
            this.request = request;
            this.version = request.version();
            this.acks = produce.acks();
            this.timeoutMs = produce.timeoutMs();
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
            if (!(partition.leadership() instanceof Leading leading)) {
                return refuse(data.index(), Errors.NOT_LEADER_OR_FOLLOWER, null);
            }
            try {
                return switch (partition.append(leading, records, acks == ACKS_ALL, nowMs)) {
                    case AppendResult.Appended(long base, long last, long stampedMs, long logStart) -> {
                        listener.appended(records.sizeInBytes());
                        PartitionProduceResponse result = stored(data.index(), base, stampedMs, logStart);
                        awaitDurable(partition, result);
                        awaitCommit(partition, leading, last + 1, result);
                        yield result;
                    }
                    case AppendResult.Duplicate(long base, long last, long stampedMs, long logStart) -> {
                        PartitionProduceResponse result = stored(data.index(), base, stampedMs, logStart);
                        awaitDurable(partition, result);
                        awaitCommit(partition, leading, last + 1, result);
                        yield result;
                    }
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

        private static PartitionProduceResponse stored(int index, long baseOffset, long stampedMs,
                long logStartOffset) {
            return new PartitionProduceResponse().setIndex(index).setBaseOffset(baseOffset)
                    .setLogAppendTimeMs(stampedMs).setLogStartOffset(logStartOffset);
        }

        private void awaitDurable(Partition partition, PartitionProduceResponse result) {
            CompletableFuture<Void> durable = partitions.afterAppend(partition);
            if (durable.isDone() && !durable.isCompletedExceptionally()) {
                return;
            }
            unsettled.incrementAndGet();
            durable.whenComplete((_, failure) -> {
                if (failure != null) {
                    LOG.error("what was appended to {} could not be flushed", partition, failure);
                    failLater(partition, result, Errors.KAFKA_STORAGE_ERROR, "the flush failed");
                }
                settled();
            });
        }

        private void awaitCommit(Partition partition, Leading leading, long endOffset,
                PartitionProduceResponse result) {
            if (acks != ACKS_ALL || partition.isCommitted(leading, endOffset)) {
                return;
            }
            unsettled.incrementAndGet();
            partition.awaitCommit(leading, new Replicated(this, partition, result, endOffset, request.receivedNanos()
                    + timeoutMs * 1_000_000L));
        }

        /** Other threads may be at other partitions of the response; it is read when all of them have settled. */
        private synchronized void failLater(Partition partition, PartitionProduceResponse result, Errors error,
                String message) {
            fail(result, error, message);
            if (error == Errors.NOT_LEADER_OR_FOLLOWER) {
                withLeader(result, partition.topicId(), partition.topic());
            }
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

        /**
         * Says who leads, so that the producer need not ask for metadata first (KIP-951). While one thread handles the request's last partitions,
         * another may end the wait of the first.
         */
        private synchronized PartitionProduceResponse withLeader(PartitionProduceResponse result, Uuid topicId,
                String topic) {
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

        /** Answers when this was the last thing to wait for. */
        private void settled() {
            if (unsettled.decrementAndGet() == 0) {
                request.respond(new ProduceResponse(response));
            }
        }
    }

    /** One partition's part of a request, on its way into the logs of all replicas in sync. */
    private static final class Replicated extends CommitWait {
        private final Producing producing;
        private final Partition partition;
        private final PartitionProduceResponse result;

        Replicated(Producing producing, Partition partition, PartitionProduceResponse result, long endOffset,
                long deadlineNanos) {
            super(endOffset, deadlineNanos);
            this.producing = producing;
            this.partition = partition;
            this.result = result;
        }

        @Override
        protected void ended(Errors outcome) {
            if (outcome != Errors.NONE) {
                producing.failLater(partition, result, outcome, switch (outcome) {
                    case REQUEST_TIMED_OUT -> "not all replicas in sync had it in time";
                    case NOT_ENOUGH_REPLICAS_AFTER_APPEND ->
                        "it was appended, and then fewer than min.insync.replicas were left";
                    default -> "this broker stopped leading before all replicas in sync had it";
                });
            }
            producing.settled();
        }
    }
}
