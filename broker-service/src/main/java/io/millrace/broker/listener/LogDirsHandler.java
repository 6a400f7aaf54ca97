package io.millrace.broker.listener;

import io.millrace.broker.partition.Partition;
import io.millrace.broker.partition.Partitions;
import io.millrace.common.wire.InboundRequest;
import java.util.HashMap;
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
    private final String directory;

    LogDirsHandler(Partitions partitions) {
        this.partitions = partitions;
        this.directory = partitions.directory().toString();
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
        request.respond(new DescribeLogDirsResponse(new DescribeLogDirsResponseData().setResults(List.of(
                new DescribeLogDirsResult().setLogDir(directory).setTopics(List.copyOf(topics.values()))))));
    }

    private static Map<String, Set<Integer>> named(DescribeLogDirsRequestData wanted) {
        Map<String, Set<Integer>> named = new HashMap<>();
        if (wanted.topics() != null) {
            for (DescribableLogDirTopic topic : wanted.topics()) {
                named.put(topic.topic(), Set.copyOf(topic.partitions()));
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
