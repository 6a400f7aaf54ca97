package io.millrace.gateway.testing;

import io.millrace.common.wire.SupportedApis;
import io.millrace.common.wire.SupportedApis.Api;
import io.millrace.common.wire.WireServer;
import io.millrace.common.wire.WireServerConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsPartition;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsResult;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsTopic;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.DescribeLogDirsRequest;
import org.apache.kafka.common.requests.DescribeLogDirsResponse;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ListOffsetsResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.jspecify.annotations.Nullable;

/**
 * A broker in memory. It checks sequences as a broker does, so that a producer which repeats or loses one is found out. Reached through a
 * real listener ({@link #listen}) or without one ({@link FakeBrokerClient}). Faults are put in by {@link #onProduce}.
 */
public final class FakeBroker implements AutoCloseable {
    /** What becomes of a partition's part of a produce request. */
    public enum Verdict {
        STORE,
        /** Stored, but the answer never comes. */
        STORE_AND_CUT,
        /** Not stored, and no answer. */
        CUT,
        /** Not stored, and the answer never comes, though the connection stays. */
        SILENT,
        NOT_LEADER,
        TOO_FEW_REPLICAS,
        OUT_OF_ORDER,
        TOO_MANY_KEYS,
        /** Stored, and answered with an error that may follow an append. */
        STORE_AND_STORAGE_ERROR,
        STORE_AND_TOO_FEW_REPLICAS,
        STORE_AND_TIME_OUT,
        /** Stored, and answered only after {@link FakeBroker#release}. */
        HOLD
    }

    /** In place of an answer. */
    static final class CutException extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private record Key(Uuid topic, int partition) {}

    private final Map<Uuid, String> namesById = new ConcurrentHashMap<>();
    private final Map<String, Uuid> idsByName = new ConcurrentHashMap<>();
    private final Map<Uuid, AtomicInteger> fetches = new ConcurrentHashMap<>();
    private final Map<Key, FakePartition> partitions = new ConcurrentHashMap<>();
    private final AtomicLong nextProducerId = new AtomicLong(100);
    private final AtomicInteger produceRequests = new AtomicInteger();
    private final AtomicInteger requests = new AtomicInteger();
    private final List<Runnable> held = new ArrayList<>();
    private volatile BiFunction<String, Integer, Verdict> onProduce = (_, _) -> Verdict.STORE;
    private volatile boolean silent;
    private @Nullable WireServer server;

    /** Listens on a free port of the loopback interface. */
    public int listen() {
        var apis = new SupportedApis(List.of(
                Api.of(ApiKeys.PRODUCE, 9, 13), Api.of(ApiKeys.FETCH, 12, 17), Api.of(ApiKeys.LIST_OFFSETS, 6, 9),
                Api.of(ApiKeys.INIT_PRODUCER_ID, 2, 5), Api.of(ApiKeys.DESCRIBE_LOG_DIRS, 1, 5)));
        try {
            WireServer started = WireServer.bind(WireServerConfig.onLoopback(0), apis, request -> answer(request.body())
                    .thenAccept(request::respond));
            started.start();
            server = started;
            return started.port();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Decides on a partition's part of each produce request by its name ({@code topic-0}) and how many came for it before. */
    public void onProduce(BiFunction<String, Integer, Verdict> decision) {
        onProduce = decision;
    }

    /** From now on no request is answered, or again. */
    public void silent(boolean isSilent) {
        silent = isSilent;
    }

    /** Answers what is held. */
    public void release() {
        List<Runnable> answers;
        synchronized (held) {
            answers = List.copyOf(held);
            held.clear();
        }
        answers.forEach(Runnable::run);
    }

    public int heldAnswers() {
        synchronized (held) {
            return held.size();
        }
    }

    /** All that came, answered or not. */
    public int requests() {
        return requests.get();
    }

    public int produceRequests() {
        return produceRequests.get();
    }

    /** How many fetch requests for the topic came. */
    public int fetches(String topic) {
        AtomicInteger count = fetches.get(idsByName.getOrDefault(topic, Uuid.ZERO_UUID));
        return count == null ? 0 : count.get();
    }

    /** Takes the topic's partitions, or those that are new. */
    public void host(String topic, Uuid id, int count) {
        namesById.put(id, topic);
        idsByName.put(topic, id);
        for (int i = 0; i < count; i++) {
            partitions.putIfAbsent(new Key(id, i), new FakePartition());
        }
    }

    /** Shares the other broker's logs of the topic: a follower that has all that its leader has. */
    public void follow(FakeBroker other, String topic, Uuid id) {
        namesById.put(id, topic);
        idsByName.put(topic, id);
        other.partitions.forEach((key, partition) -> {
            if (key.topic.equals(id)) {
                partitions.put(key, partition);
            }
        });
    }

    public void drop(String topic) {
        Uuid id = idsByName.remove(topic);
        partitions.keySet().removeIf(key -> key.topic.equals(id));
    }

    public FakePartition partition(String topic, int index) {
        FakePartition partition = find(topic, Uuid.ZERO_UUID, index);
        if (partition == null) {
            throw new IllegalArgumentException("not hosted: " + topic + "-" + index);
        }
        return partition;
    }

    private @Nullable FakePartition find(String name, Uuid id, int index) {
        Uuid known = id.equals(Uuid.ZERO_UUID) ? idsByName.get(name) : id;
        return known == null ? null : partitions.get(new Key(known, index));
    }

    CompletableFuture<AbstractResponse> answer(AbstractRequest request) {
        requests.incrementAndGet();
        if (silent) {
            return new CompletableFuture<>();
        }
        return switch (request) {
            case ProduceRequest produce -> produce(produce.data());
            case FetchRequest fetch -> fetch(fetch.data());
            case ListOffsetsRequest offsets -> CompletableFuture.completedFuture(listOffsets(offsets.data()));
            case DescribeLogDirsRequest sizes -> CompletableFuture.completedFuture(sizes(sizes.data()));
            default -> CompletableFuture.completedFuture(new InitProducerIdResponse(
                    new InitProducerIdResponseData().setProducerId(nextProducerId.getAndIncrement()).setProducerEpoch(
                            (short) 0)));
        };
    }

    private String nameOf(String name, Uuid id) {
        return id.equals(Uuid.ZERO_UUID) ? name : namesById.getOrDefault(id, "");
    }

    private CompletableFuture<AbstractResponse> produce(ProduceRequestData data) {
        produceRequests.incrementAndGet();
        var answer = new ProduceResponseData();
        boolean cut = false;
        boolean hold = false;
        boolean isSilent = false;
        for (var topic : data.topicData()) {
            var topicAnswer = new ProduceResponseData.TopicProduceResponse().setName(topic.name()).setTopicId(topic
                    .topicId());
            answer.responses().add(topicAnswer);
            for (var part : topic.partitionData()) {
                String name = nameOf(topic.name(), topic.topicId()) + "-" + part.index();
                FakePartition partition = find(topic.name(), topic.topicId(), part.index());
                var partAnswer = new ProduceResponseData.PartitionProduceResponse().setIndex(part.index());
                topicAnswer.partitionResponses().add(partAnswer);
                if (partition == null) {
                    partAnswer.setErrorCode(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
                    continue;
                }
                Verdict verdict = onProduce.apply(name, partition.attempts());
                cut |= verdict == Verdict.CUT || verdict == Verdict.STORE_AND_CUT;
                hold |= verdict == Verdict.HOLD;
                isSilent |= verdict == Verdict.SILENT;
                switch (verdict) {
                    case NOT_LEADER -> partAnswer.setErrorCode(Errors.NOT_LEADER_OR_FOLLOWER.code());
                    case TOO_FEW_REPLICAS -> partAnswer.setErrorCode(Errors.NOT_ENOUGH_REPLICAS.code());
                    case OUT_OF_ORDER -> partAnswer.setErrorCode(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code());
                    case TOO_MANY_KEYS -> partAnswer.setErrorCode(Errors.THROTTLING_QUOTA_EXCEEDED.code());
                    case STORE_AND_STORAGE_ERROR -> appendAndAnswer(partition, part, partAnswer,
                            Errors.KAFKA_STORAGE_ERROR);
                    case STORE_AND_TOO_FEW_REPLICAS -> appendAndAnswer(partition, part, partAnswer,
                            Errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND);
                    case STORE_AND_TIME_OUT -> appendAndAnswer(partition, part, partAnswer, Errors.REQUEST_TIMED_OUT);
                    case CUT, SILENT -> {}
                    case STORE, STORE_AND_CUT, HOLD -> partition.append((MemoryRecords) part.records(), partAnswer);
                }
                partition.attempted();
            }
        }
        var future = new CompletableFuture<AbstractResponse>();
        if (cut) {
            future.completeExceptionally(new CutException());
        } else if (isSilent) {
            return future;
        } else if (hold) {
            synchronized (held) {
                held.add(() -> future.complete(new ProduceResponse(answer)));
            }
        } else {
            future.complete(new ProduceResponse(answer));
        }
        return future;
    }

    private static void appendAndAnswer(FakePartition partition, ProduceRequestData.PartitionProduceData part,
            ProduceResponseData.PartitionProduceResponse answer, Errors error) {
        partition.append((MemoryRecords) part.records(), answer);
        answer.setBaseOffset(-1).setErrorCode(error.code());
    }

    /** Done already when there is no need to wait. */
    private CompletableFuture<AbstractResponse> fetch(FetchRequestData data) {
        data.topics().forEach(topic -> fetches.computeIfAbsent(topic.topicId(), _ -> new AtomicInteger())
                .incrementAndGet());
        AbstractResponse atOnce = read(data, 0);
        return atOnce != null ? CompletableFuture.completedFuture(atOnce)
                : CompletableFuture.supplyAsync(() -> read(data, data.maxWaitMs()), Thread::startVirtualThread);
    }

    /** @return null when there is nothing yet, though the request would wait longer */
    private @Nullable AbstractResponse read(FetchRequestData data, int waitMs) {
        long deadline = System.nanoTime() + waitMs * 1_000_000L;
        while (true) {
            FetchResponseData answer = new FetchResponseData();
            boolean enough = false;
            long seen = FakePartition.appends();
            int room = data.maxBytes();
            for (var topic : data.topics()) {
                var topicAnswer = new FetchResponseData.FetchableTopicResponse().setTopic(topic.topic()).setTopicId(
                        topic.topicId());
                answer.responses().add(topicAnswer);
                for (var part : topic.partitions()) {
                    FakePartition partition = find(topic.topic(), topic.topicId(), part.partition());
                    var partAnswer = new FetchResponseData.PartitionData().setPartitionIndex(part.partition());
                    topicAnswer.partitions().add(partAnswer);
                    if (partition == null) {
                        enough |= unknown(partAnswer);
                    } else {
                        // The first batch comes however large it is (KIP-74).
                        enough |= partition.read(part.fetchOffset(), Math.min(room, part.partitionMaxBytes()),
                                room == data
                                        .maxBytes(), partAnswer);
                        room -= partAnswer.records().sizeInBytes();
                    }
                }
            }
            if (enough || !FakePartition.awaitAppend(seen, deadline)) {
                return enough || waitMs == data.maxWaitMs() ? FetchResponse.of(answer) : null;
            }
        }
    }

    private static boolean unknown(FetchResponseData.PartitionData answer) {
        answer.setErrorCode(Errors.UNKNOWN_TOPIC_OR_PARTITION.code()).setRecords(MemoryRecords.EMPTY);
        return true;
    }

    private AbstractResponse sizes(DescribeLogDirsRequestData data) {
        var directory = new DescribeLogDirsResult().setLogDir("fake");
        for (var topic : data.topics()) {
            var topicAnswer = new DescribeLogDirsTopic().setName(topic.topic());
            directory.topics().add(topicAnswer);
            for (int index : topic.partitions()) {
                FakePartition partition = find(topic.topic(), Uuid.ZERO_UUID, index);
                if (partition != null) {
                    topicAnswer.partitions().add(new DescribeLogDirsPartition().setPartitionIndex(index)
                            .setPartitionSize(partition.sizeBytes()));
                }
            }
        }
        return new DescribeLogDirsResponse(new DescribeLogDirsResponseData().setResults(List.of(directory)));
    }

    private AbstractResponse listOffsets(ListOffsetsRequestData data) {
        var answer = new ListOffsetsResponseData();
        for (var topic : data.topics()) {
            var topicAnswer = new ListOffsetsResponseData.ListOffsetsTopicResponse().setName(topic.name());
            answer.topics().add(topicAnswer);
            for (var part : topic.partitions()) {
                FakePartition partition = find(topic.name(), Uuid.ZERO_UUID, part.partitionIndex());
                var partAnswer = new ListOffsetsResponseData.ListOffsetsPartitionResponse().setPartitionIndex(part
                        .partitionIndex());
                topicAnswer.partitions().add(partAnswer);
                if (partition == null) {
                    partAnswer.setErrorCode(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
                } else if (partition.isSettling()) {
                    partAnswer.setErrorCode(Errors.OFFSET_NOT_AVAILABLE.code());
                } else {
                    partAnswer.setOffset(partition.offsetOf(part.timestamp(), data
                            .isolationLevel() == IsolationLevel.READ_COMMITTED.id()));
                }
            }
        }
        return new ListOffsetsResponse(answer);
    }

    @Override
    public void close() {
        if (server != null) {
            server.close();
        }
    }
}
