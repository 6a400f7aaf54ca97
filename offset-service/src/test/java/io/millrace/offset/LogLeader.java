package io.millrace.offset;

import io.millrace.common.wire.InboundRequest;
import io.millrace.common.wire.SupportedApis;
import io.millrace.common.wire.WireServer;
import io.millrace.common.wire.WireServerConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsTopicResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ListOffsetsResponse;

/** A broker, over a real connection, that knows of its logs where they begin and end; record n of a log has the timestamp n. */
public final class LogLeader implements AutoCloseable {
    private final WireServer server;
    private final Map<String, Log> logs = new ConcurrentHashMap<>();
    private final AtomicInteger answersToSettle = new AtomicInteger();

    private record Log(long beginning, long end) {
        long at(long timestampMs) {
            if (timestampMs == ListOffsetsRequest.EARLIEST_TIMESTAMP) {
                return beginning;
            }
            if (timestampMs == ListOffsetsRequest.LATEST_TIMESTAMP) {
                return end;
            }
            return timestampMs < end ? Math.max(timestampMs, beginning) : ListOffsetsResponse.UNKNOWN_OFFSET;
        }
    }

    public LogLeader() {
        try {
            server = WireServer.bind(WireServerConfig.onLoopback(0),
                    new SupportedApis(List.of(SupportedApis.Api.of(ApiKeys.LIST_OFFSETS, 1, 10))), this::answer);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.start();
    }

    public int port() {
        return server.port();
    }

    public void setLog(String topic, int partition, long beginning, long end) {
        logs.put(topic + "-" + partition, new Log(beginning, end));
    }

    /** It leads since a moment ago: so many times it answers that it does not know its high watermark yet (KIP-207). */
    public void settlesAfter(int answers) {
        answersToSettle.set(answers);
    }

    private void answer(InboundRequest request) {
        boolean isSettled = answersToSettle.getAndUpdate(left -> Math.max(0, left - 1)) == 0;
        var topics = ((ListOffsetsRequest) request.body()).data().topics().stream()
                .map(topic -> new ListOffsetsTopicResponse()
                        .setName(topic.name())
                        .setPartitions(topic.partitions().stream()
                                .map(partition -> answer(
                                        logs.get(topic.name() + "-" + partition.partitionIndex()),
                                        partition.partitionIndex(),
                                        partition.timestamp(),
                                        isSettled))
                                .toList()))
                .toList();
        request.respond(new ListOffsetsResponse(new ListOffsetsResponseData().setTopics(topics)));
    }

    private static ListOffsetsPartitionResponse answer(Log log, int partition, long timestampMs,
            boolean isSettled) {
        var answer = new ListOffsetsPartitionResponse().setPartitionIndex(partition);
        return log == null ? answer.setErrorCode(Errors.NOT_LEADER_OR_FOLLOWER.code())
                : !isSettled ? answer.setErrorCode(Errors.OFFSET_NOT_AVAILABLE.code())
                        : answer.setOffset(log.at(timestampMs));
    }

    @Override
    public void close() {
        server.shutdown(Duration.ofSeconds(5));
    }
}
