package io.millrace.broker.listener;

import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.common.wire.InboundRequest;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData.DescribableLogDirTopic;
import org.apache.kafka.common.message.DescribeLogDirsResponseData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsPartition;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsResult;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsTopic;
import org.apache.kafka.common.requests.DescribeLogDirsRequest;
import org.apache.kafka.common.requests.DescribeLogDirsResponse;

/** Tells how large the replicas are that this broker has, whether it leads them or not (KIP-113). What it does not have is left out. */
final class LogDirsHandler {
    private final Partitions partitions;
    private final Path directory;

    LogDirsHandler(Partitions partitions) {
        this.partitions = partitions;
        this.directory = partitions.directory();
    }

    void handle(InboundRequest request) {
        DescribeLogDirsRequestData wanted = ((DescribeLogDirsRequest) request.body()).data();
        Map<String, Set<Integer>> named = named(wanted);
        Map<String, DescribeLogDirsTopic> topics = new TreeMap<>();
        for (Partition partition : partitions.all()) {
            if (wanted.topics() == null || named.getOrDefault(partition.topic(), Set.of()).contains(partition
                    .index())) {
                topics.computeIfAbsent(partition.topic(), name -> new DescribeLogDirsTopic().setName(name)).partitions()
                        .add(describe(partition));
            }
        }
        DescribeLogDirsResult result = new DescribeLogDirsResult().setLogDir(directory.toString())
                .setTopics(List.copyOf(topics.values())).setTotalBytes(bytes(FileStore::getTotalSpace))
                .setUsableBytes(bytes(FileStore::getUsableSpace));
        request.respond(new DescribeLogDirsResponse(new DescribeLogDirsResponseData().setResults(List.of(result))));
    }

    private interface Space {
        long bytes(FileStore store) throws IOException;
    }

    /** Of the volume (KIP-827); as large as can be said where it has more. */
    private long bytes(Space space) {
        try {
            long bytes = space.bytes(Files.getFileStore(directory));
            return bytes < 0 ? Long.MAX_VALUE : bytes;
        } catch (IOException e) {
            return DescribeLogDirsResponse.UNKNOWN_VOLUME_BYTES;
        }
    }

    private static Map<String, Set<Integer>> named(DescribeLogDirsRequestData wanted) {
        Map<String, Set<Integer>> named = new HashMap<>();
        if (wanted.topics() != null) {
            for (DescribableLogDirTopic topic : wanted.topics()) {
                named.computeIfAbsent(topic.topic(), _ -> new HashSet<>()).addAll(topic.partitions());
            }
        }
        return named;
    }

    private static DescribeLogDirsPartition describe(Partition partition) {
        long behind = Math.max(0, partition.log().highWatermark() - partition.log().logEndOffset());
        return new DescribeLogDirsPartition().setPartitionIndex(partition.index())
                .setPartitionSize(partition.log().sizeBytes()).setOffsetLag(behind);
    }
}
