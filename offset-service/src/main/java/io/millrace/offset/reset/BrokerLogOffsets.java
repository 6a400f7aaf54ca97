package io.millrace.offset.reset;

import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import io.millrace.offset.database.NewestImage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ListOffsetsResponse;
import org.springframework.stereotype.Component;

/**
 * Asks the leaders by ListOffsets, all of them at once, and again those that have moved or, being new, do not know their high watermark
 * yet (KIP-207), until the time-out.
 */
@Component
final class BrokerLogOffsets implements LogOffsets {
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final BrokerClient client;
    private final NewestImage images;
    private final Duration timeout;

    BrokerLogOffsets(BrokerClient client, NewestImage images, ResetSettings settings) {
        this.client = client;
        this.images = images;
        this.timeout = settings.leaderTimeout();
    }

    @Override
    public Map<TopicPartition, Long> at(long timestampMs, Collection<TopicPartition> partitions) {
        long deadlineNanos = System.nanoTime() + timeout.toNanos();
        var offsets = new HashMap<TopicPartition, Long>();
        while (true) {
            var missing = partitions.stream().filter(partition -> !offsets.containsKey(partition)).toList();
            try {
                ask(timestampMs, missing, Duration.ofNanos(deadlineNanos - System.nanoTime()), offsets);
                return offsets;
            } catch (RefusedException refusal) {
                if (refusal.code() != ErrorCode.LEADER_UNAVAILABLE
                        || deadlineNanos - System.nanoTime() <= PAUSE.toNanos()) {
                    throw refusal;
                }
            }
            pause();
        }
    }

    private void ask(long timestampMs, Collection<TopicPartition> partitions, Duration left,
            Map<TopicPartition, Long> offsets) {
        var asked = new ArrayList<CompletableFuture<ListOffsetsResponse>>();
        byLeader(partitions).forEach((leader, topics) -> asked.add(client.send(
                new BrokerEndpoint(leader.id(), leader.host(), leader.kafkaPort()),
                Lane.DATA,
                request(timestampMs, topics),
                ListOffsetsResponse.class,
                left)));
        asked.forEach(answer -> take(answer, offsets));
        for (var partition : partitions) {
            if (!offsets.containsKey(partition)) {
                throw new RefusedException(ErrorCode.LEADER_UNAVAILABLE, "The leader said nothing about " + partition);
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException(ErrorCode.UNAVAILABLE, "The offset service is shutting down");
        }
    }

    private Map<BrokerImage, Map<String, ListOffsetsTopic>> byLeader(Collection<TopicPartition> partitions) {
        var image = imageWith(partitions);
        var byLeader = new HashMap<BrokerImage, Map<String, ListOffsetsTopic>>();
        for (var wanted : partitions) {
            var topic = image.topic(wanted.topic());
            if (topic == null) {
                throw new RefusedException(ErrorCode.UNKNOWN_TOPIC, "There is no topic '" + wanted.topic() + "'");
            }
            var partition = topic.partition(wanted.partition());
            if (partition == null) {
                throw new RefusedException(ErrorCode.UNKNOWN_PARTITION, "Topic '" + wanted.topic() + "' has "
                        + topic.partitions().size() + " partitions, there is no partition " + wanted.partition());
            }
            var leader = image.leader(partition);
            if (leader == null) {
                throw new RefusedException(ErrorCode.LEADER_UNAVAILABLE, "Partition " + wanted + " has no leader now");
            }
            byLeader.computeIfAbsent(leader, _ -> new HashMap<>())
                    .computeIfAbsent(wanted.topic(), name -> new ListOffsetsTopic().setName(name))
                    .partitions()
                    .add(new ListOffsetsPartition()
                            .setPartitionIndex(wanted.partition())
                            .setCurrentLeaderEpoch(partition.leaderEpoch()));
        }
        return byLeader;
    }

    private ClusterImage imageWith(Collection<TopicPartition> partitions) {
        var current = images.current();
        return partitions.stream().allMatch(partition -> exists(current, partition)) ? current : images.await();
    }

    private static boolean exists(ClusterImage image, TopicPartition partition) {
        var topic = image.topic(partition.topic());
        return topic != null && topic.partition(partition.partition()) != null;
    }

    private static ListOffsetsRequest.Builder request(long timestampMs, Map<String, ListOffsetsTopic> topics) {
        topics.values().forEach(topic -> topic.partitions().forEach(partition -> partition.setTimestamp(timestampMs)));
        return ListOffsetsRequest.Builder.forConsumer(true, IsolationLevel.READ_UNCOMMITTED)
                .setTargetTimes(List.copyOf(topics.values()));
    }

    private static void take(CompletableFuture<ListOffsetsResponse> answer, Map<TopicPartition, Long> offsets) {
        for (var topic : await(answer).topics()) {
            for (var partition : topic.partitions()) {
                var asked = new TopicPartition(topic.name(), partition.partitionIndex());
                var error = Errors.forCode(partition.errorCode());
                if (error != Errors.NONE) {
                    throw new RefusedException(ErrorCode.LEADER_UNAVAILABLE,
                            "The leader of " + asked + " answered " + error.name() + "; try again");
                }
                offsets.put(asked, partition.offset());
            }
        }
    }

    private static ListOffsetsResponse await(CompletableFuture<ListOffsetsResponse> answer) {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            throw new RefusedException(ErrorCode.LEADER_UNAVAILABLE, "A leader does not answer: " + e.getCause()
                    .getMessage(),
                    e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RefusedException(ErrorCode.UNAVAILABLE, "The offset service is shutting down");
        }
    }
}
