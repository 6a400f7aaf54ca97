package io.millrace.gateway.brokers;

import io.millrace.common.api.TopicPartition;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData.DescribableLogDirTopic;
import org.apache.kafka.common.message.DescribeLogDirsRequestData.DescribableLogDirTopicCollection;
import org.apache.kafka.common.message.DescribeLogDirsResponseData.DescribeLogDirsResult;
import org.apache.kafka.common.requests.DescribeLogDirsRequest;
import org.apache.kafka.common.requests.DescribeLogDirsResponse;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Asks brokers how large their replicas are; all at once, each once. */
@Component
public final class ReplicaSizes {
    /** A figure that is merely shown is not worth a longer wait for a broker that hangs. */
    private static final Duration TIMEOUT = Duration.ofSeconds(2);
    private static final Lane LANE = new Lane("sizes", true);

    private final ClusterImages images;
    private final BrokerClient client;

    public ReplicaSizes(ClusterImages images, BrokerClient client) {
        this.images = images;
        this.client = client;
    }

    /** One broker's replica of a partition. */
    public record Replica(int broker, TopicPartition partition) {}

    /** In bytes; those of which no broker has told anything are missing. */
    public Map<Replica, Long> of(Collection<Replica> replicas) {
        Map<Integer, Map<String, TreeSet<Integer>>> byBroker = new HashMap<>();
        for (Replica replica : replicas) {
            byBroker.computeIfAbsent(replica.broker, _ -> new TreeMap<>())
                    .computeIfAbsent(replica.partition.topic(), _ -> new TreeSet<>())
                    .add(replica.partition.partition());
        }
        Map<Integer, CompletableFuture<DescribeLogDirsResponse>> asked = new HashMap<>();
        byBroker.forEach((id, topics) -> {
            BrokerImage broker = images.current().brokers().get(id);
            if (broker != null && !broker.fenced()) {
                asked.put(id, client.send(new BrokerEndpoint(id, broker.host(), broker.kafkaPort()), LANE, request(
                        topics), DescribeLogDirsResponse.class, TIMEOUT));
            }
        });
        Map<Replica, Long> sizes = new HashMap<>();
        asked.forEach((id, answer) -> read(id, answered(answer), sizes));
        return sizes;
    }

    private static DescribeLogDirsRequest.Builder request(Map<String, TreeSet<Integer>> topics) {
        DescribableLogDirTopicCollection wanted = new DescribableLogDirTopicCollection();
        topics.forEach((topic, partitions) -> wanted.add(new DescribableLogDirTopic().setTopic(topic)
                .setPartitions(new ArrayList<>(partitions))));
        return new DescribeLogDirsRequest.Builder(new DescribeLogDirsRequestData().setTopics(wanted));
    }

    private static @Nullable DescribeLogDirsResponse answered(CompletableFuture<DescribeLogDirsResponse> answer) {
        try {
            return answer.join();
        } catch (CompletionException e) {
            return null; // away, or an older one that does not know the question
        }
    }

    private static void read(int broker, @Nullable DescribeLogDirsResponse answer, Map<Replica, Long> sizes) {
        if (answer == null) {
            return;
        }
        for (DescribeLogDirsResult directory : answer.data().results()) {
            directory.topics().forEach(topic -> topic.partitions().forEach(partition -> sizes.put(new Replica(broker,
                    new TopicPartition(topic.name(), partition.partitionIndex())), partition.partitionSize())));
        }
    }
}
