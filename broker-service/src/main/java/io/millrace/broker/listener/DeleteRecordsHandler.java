package io.millrace.broker.listener;

import io.millrace.broker.partition.Deletion;
import io.millrace.broker.partition.Leadership.Leading;
import io.millrace.broker.partition.Located.Elsewhere;
import io.millrace.broker.partition.Located.Here;
import io.millrace.broker.partition.Located.Unknown;
import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.common.listener.HeldFrames;
import io.millrace.common.wire.InboundRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsPartitionResult;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsTopicResult;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DeleteRecordsRequest;
import org.apache.kafka.common.requests.DeleteRecordsResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves log starts (KIP-107), and answers when the logs of all replicas that run start there, or the client's patience ends. A request that
 * waits is a parked virtual thread; their number is limited.
 */
final class DeleteRecordsHandler {
    private static final Logger LOG = LoggerFactory.getLogger(DeleteRecordsHandler.class);

    private final Partitions partitions;
    private final Semaphore permits;
    private final HeldFrames frames = new HeldFrames();
    private final long maxWaitMs;

    DeleteRecordsHandler(Partitions partitions, ForwardSettings settings) {
        this.partitions = partitions;
        this.permits = new Semaphore(settings.maxWaitingDeletions());
        this.maxWaitMs = settings.maxTimeout().toMillis();
    }

    /** Where one partition's log is to start everywhere. */
    private record Moved(Partition partition, Leading as, long offset, DeleteRecordsPartitionResult result) {
        /** Notes where it starts now, and whether that is enough, or can never be. */
        boolean settled() {
            return switch (partition.lowWatermark(as)) {
                case Deletion.Low(long offsetNow) -> {
                    result.setLowWatermark(offsetNow);
                    yield offsetNow >= offset;
                }
                case Deletion.Refused(Errors error) -> {
                    result.setErrorCode(error.code()).setLowWatermark(DeleteRecordsResponse.INVALID_LOW_WATERMARK);
                    yield true;
                }
            };
        }
    }

    void handle(InboundRequest request) {
        DeleteRecordsRequestData wanted = ((DeleteRecordsRequest) request.body()).data();
        if (!tryEnter(request)) {
            request.respondError(new ThrottlingQuotaExceededException(
                    "too many deletions of records wait for replicas"));
            return;
        }
        Thread.ofVirtual().name("delete-records").start(() -> {
            try {
                request.respond(new DeleteRecordsResponse(delete(request, wanted)));
            } catch (RuntimeException e) {
                LOG.error("{} failed", request.header(), e);
                request.respondError(e);
            } finally {
                permits.release();
                frames.giveBack(request.frameBytes());
            }
        });
    }

    private boolean tryEnter(InboundRequest request) {
        if (!permits.tryAcquire()) {
            return false;
        }
        boolean room = frames.tryTake(request.frameBytes());
        if (!room) {
            permits.release();
        }
        return room;
    }

    private DeleteRecordsResponseData delete(InboundRequest request, DeleteRecordsRequestData wanted) {
        DeleteRecordsResponseData response = new DeleteRecordsResponseData();
        List<Moved> moved = new ArrayList<>();
        namedOnce(wanted).forEach((topic, partitions) -> {
            DeleteRecordsTopicResult answer = new DeleteRecordsTopicResult().setName(topic);
            partitions.values().forEach(partition -> answer.partitions().add(move(topic, partition, moved)));
            response.topics().add(answer);
        });
        if (!moved.isEmpty() && remembered(moved)) {
            await(request, moved, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Math.clamp(wanted.timeoutMs(), 0,
                    maxWaitMs)));
        }
        return response;
    }

    /** Of a partition that is named several times the last one counts, as in Kafka. */
    private static Map<String, Map<Integer, DeleteRecordsPartition>> namedOnce(DeleteRecordsRequestData wanted) {
        Map<String, Map<Integer, DeleteRecordsPartition>> named = new LinkedHashMap<>();
        for (DeleteRecordsTopic topic : wanted.topics()) {
            Map<Integer, DeleteRecordsPartition> partitions = named.computeIfAbsent(topic.name(),
                    _ -> new LinkedHashMap<>());
            topic.partitions().forEach(partition -> partitions.put(partition.partitionIndex(), partition));
        }
        return named;
    }

    /** What is said to be deleted must not come back with a crash. */
    private boolean remembered(List<Moved> moved) {
        try {
            partitions.rememberLogStarts();
            return true;
        } catch (KafkaStorageException e) {
            LOG.warn("Deleted records may be back after a crash: {}", e.getMessage());
            moved.forEach(each -> each.result().setErrorCode(Errors.KAFKA_STORAGE_ERROR.code()));
            return false;
        }
    }

    private DeleteRecordsPartitionResult move(String topic, DeleteRecordsPartition wanted, List<Moved> moved) {
        DeleteRecordsPartitionResult result = new DeleteRecordsPartitionResult().setPartitionIndex(wanted
                .partitionIndex()).setLowWatermark(DeleteRecordsResponse.INVALID_LOW_WATERMARK);
        if (Topic.isInternal(topic)) {
            return result.setErrorCode(Errors.INVALID_TOPIC_EXCEPTION.code());
        }
        return switch (partitions.locate(topic, wanted.partitionIndex())) {
            case Unknown(Errors error) -> result.setErrorCode(error.code());
            case Elsewhere _ -> result.setErrorCode(Errors.NOT_LEADER_OR_FOLLOWER.code());
            case Here(Partition partition) -> {
                if (!(partition.leadership() instanceof Leading leading)) {
                    yield result.setErrorCode(Errors.NOT_LEADER_OR_FOLLOWER.code());
                }
                try {
                    yield switch (partition.deleteRecords(leading, wanted.offset())) {
                        case Deletion.Low(long start) -> {
                            moved.add(new Moved(partition, leading, start, result));
                            yield result;
                        }
                        case Deletion.Refused(Errors error) -> result.setErrorCode(error.code());
                    };
                } catch (KafkaStorageException e) {
                    yield result.setErrorCode(Errors.KAFKA_STORAGE_ERROR.code());
                }
            }
        };
    }

    private static void await(InboundRequest request, List<Moved> moved, long deadlineNanos) {
        Semaphore news = new Semaphore(0);
        Runnable wake = news::release;
        request.addCloseAction(wake);
        moved.forEach(each -> each.partition().addStartListener(wake));
        try {
            List<Moved> open = moved.stream().filter(each -> !each.settled()).toList();
            long leftNanos;
            while (!open.isEmpty() && request.connectionOpen() && (leftNanos = deadlineNanos - System.nanoTime()) > 0) {
                if (news.tryAcquire(leftNanos, TimeUnit.NANOSECONDS)) {
                    news.drainPermits();
                }
                open = open.stream().filter(each -> !each.settled()).toList();
            }
            open.forEach(each -> each.result().setErrorCode(Errors.REQUEST_TIMED_OUT.code()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            request.removeCloseAction(wake);
            moved.forEach(each -> each.partition().removeStartListener(wake));
        }
    }
}
