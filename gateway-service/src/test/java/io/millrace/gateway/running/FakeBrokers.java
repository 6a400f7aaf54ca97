package io.millrace.gateway.running;

import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsTopicResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ListOffsetsResponse;
import org.jspecify.annotations.Nullable;

/** Brokers that keep their logs in memory and answer Fetch (waiting for records as long as asked) and ListOffsets. */
public final class FakeBrokers implements BrokerClient {
    private record Key(Uuid topic, int partition) {}

    private record Batch(long first, long last, long timestampMs, byte[] bytes) {}

    private static final class Log {
        final List<Batch> batches = new ArrayList<>();
        long start;
        long end;
    }

    private record Waiting(FetchRequestData request, CompletableFuture<FetchResponse> answer) {}

    private final FakeImages images;
    private final Map<Key, Log> logs = new HashMap<>();
    private final Set<Integer> away = new HashSet<>();
    private final List<Waiting> waiting = new ArrayList<>();
    private final Map<Uuid, Integer> fetches = new HashMap<>();

    public FakeBrokers(FakeImages images) {
        this.images = images;
    }

    /** Appends one batch of records that have these values and, as key, {@code k}. */
    public long append(String topic, int partition, String... values) {
        return append(topic, partition, 1_000, values);
    }

    public long append(String topic, int partition, long timestampMs, String... values) {
        var records = new SimpleRecord[values.length];
        for (int i = 0; i < values.length; i++) {
            records[i] = new SimpleRecord(timestampMs, "\"k\"".getBytes(StandardCharsets.UTF_8), values[i].getBytes(
                    StandardCharsets.UTF_8));
        }
        synchronized (this) {
            var log = log(topic, partition);
            long first = log.end;
            var buffer = MemoryRecords.withRecords(first, Compression.NONE, records).buffer();
            var bytes = new byte[buffer.remaining()];
            buffer.get(bytes);
            log.end += values.length;
            log.batches.add(new Batch(first, log.end - 1, timestampMs, bytes));
            for (var each : List.copyOf(waiting)) {
                complete(each, false);
            }
            return first;
        }
    }

    /** Retention: records below the offset are gone. */
    public synchronized void deleteBefore(String topic, int partition, long offset) {
        var log = log(topic, partition);
        log.start = offset;
        log.batches.removeIf(batch -> batch.last() < offset);
    }

    /** The broker answers nothing any more, or again. */
    public synchronized void away(int broker, boolean isAway) {
        if (isAway) {
            away.add(broker);
            for (var each : List.copyOf(waiting)) {
                waiting.remove(each);
                each.answer.completeExceptionally(new IllegalStateException("broker " + broker + " went away"));
            }
        } else {
            away.remove(broker);
        }
    }

    /** How many fetch requests for the topic came. */
    public synchronized int fetches(String topic) {
        return fetches.getOrDefault(images.current().topicsByName().get(topic).id(), 0);
    }

    @Override
    public <R extends AbstractResponse> CompletableFuture<R> send(BrokerEndpoint broker, Lane lane,
            AbstractRequest.Builder<?> request,
            Class<R> responseType, Duration timeout) {
        synchronized (this) {
            if (away.contains(broker.id())) {
                return CompletableFuture.failedFuture(new IllegalStateException("broker " + broker.id() + " is away"));
            }
            return switch (request.build()) {
                case FetchRequest fetch -> fetch(fetch.data()).thenApply(responseType::cast);
                case ListOffsetsRequest list -> CompletableFuture.completedFuture(responseType.cast(offsets(list
                        .data())));
                case AbstractRequest other -> CompletableFuture.failedFuture(new IllegalArgumentException("not played: "
                        + other.apiKey()));
            };
        }
    }

    @Override
    public void close() {}

    private CompletableFuture<FetchResponse> fetch(FetchRequestData request) {
        request.topics().forEach(topic -> fetches.merge(topic.topicId(), 1, Integer::sum));
        var each = new Waiting(request, new CompletableFuture<>());
        waiting.add(each);
        complete(each, request.maxWaitMs() == 0);
        if (!each.answer.isDone()) {
            CompletableFuture.delayedExecutor(request.maxWaitMs(), TimeUnit.MILLISECONDS).execute(() -> {
                synchronized (this) {
                    complete(each, true);
                }
            });
        }
        return each.answer;
    }

    private void complete(Waiting each, boolean timeIsOver) {
        var response = new FetchResponseData();
        boolean enough = timeIsOver;
        int room = each.request.maxBytes();
        boolean first = true;
        for (var topic : each.request.topics()) {
            var answered = new FetchableTopicResponse().setTopicId(topic.topicId());
            response.responses().add(answered);
            for (var partition : topic.partitions()) {
                var log = logs.get(new Key(topic.topicId(), partition.partition()));
                var data = new PartitionData().setPartitionIndex(partition.partition());
                answered.partitions().add(data);
                if (images.current().topic(topic.topicId()) == null) {
                    data.setErrorCode(Errors.UNKNOWN_TOPIC_ID.code());
                    enough = true;
                } else if (log == null) {
                    data.setHighWatermark(0).setLogStartOffset(0).setRecords(MemoryRecords.EMPTY);
                } else if (partition.fetchOffset() < log.start || partition.fetchOffset() > log.end) {
                    data.setErrorCode(Errors.OFFSET_OUT_OF_RANGE.code()).setHighWatermark(log.end).setLogStartOffset(
                            log.start);
                    enough = true;
                } else {
                    var bytes = read(log, partition.fetchOffset(), Math.min(room, partition.partitionMaxBytes()),
                            first);
                    data.setHighWatermark(log.end).setLogStartOffset(log.start)
                            .setRecords(MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)));
                    room -= bytes.length;
                    first &= bytes.length == 0;
                    enough |= bytes.length > 0;
                }
            }
        }
        if (enough && waiting.remove(each)) {
            each.answer.complete(FetchResponse.of(response));
        }
    }

    private static byte[] read(Log log, long offset, int maxBytes, boolean atLeastOne) {
        var out = new ByteArrayOutputStream();
        for (var batch : log.batches) {
            if (batch.last() >= offset) {
                if (out.size() + batch.bytes().length > maxBytes && !(atLeastOne && out.size() == 0)) {
                    break;
                }
                out.writeBytes(batch.bytes());
            }
        }
        return out.toByteArray();
    }

    private ListOffsetsResponse offsets(ListOffsetsRequestData request) {
        var response = new ListOffsetsResponseData();
        for (var topic : request.topics()) {
            var answered = new ListOffsetsTopicResponse().setName(topic.name());
            response.topics().add(answered);
            for (var partition : topic.partitions()) {
                var log = log(topic.name(), partition.partitionIndex());
                long offset = partition.timestamp() == ListOffsetsRequest.EARLIEST_TIMESTAMP ? log.start
                        : partition.timestamp() == ListOffsetsRequest.LATEST_TIMESTAMP ? log.end
                                : since(log, partition.timestamp());
                answered.partitions().add(new ListOffsetsPartitionResponse().setPartitionIndex(partition
                        .partitionIndex()).setOffset(offset));
            }
        }
        return new ListOffsetsResponse(response);
    }

    private static long since(Log log, long timestampMs) {
        @Nullable
        Batch found = log.batches.stream().filter(batch -> batch.timestampMs() >= timestampMs).findFirst().orElse(null);
        return found == null ? -1 : found.first();
    }

    private Log log(String topic, int partition) {
        var image = images.current().topic(topic);
        if (image == null) {
            throw new IllegalArgumentException("no topic " + topic);
        }
        return logs.computeIfAbsent(new Key(image.id(), partition), _ -> new Log());
    }
}
