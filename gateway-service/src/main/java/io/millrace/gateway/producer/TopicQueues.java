package io.millrace.gateway.producer;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.gateway.brokers.RetryBackoff;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** One topic's queues, its limits, and the partition that takes records without key for now. */
final class TopicQueues {
    private record Seen(TopicImage topic, TopicLimits limits) {}

    private final BatchBuffers buffers;
    private final int stickyBytes;
    private final long deliveryTimeoutNanos;
    private final RetryBackoff backoff;
    private volatile PartitionQueue[] queues = new PartitionQueue[0];
    private volatile Seen seen;
    /** Of requests under keys: each carries one batch and is gone. */
    private final Set<PartitionQueue> singles = ConcurrentHashMap.newKeySet();
    private int stickyPartition = Delivery.NONE;
    private int stickyUsedBytes;

    TopicQueues(TopicImage topic, BatchBuffers buffers, ProducerProperties properties) {
        this.buffers = buffers;
        this.stickyBytes = (int) properties.stickySize().toBytes();
        this.deliveryTimeoutNanos = properties.deliveryTimeout().toNanos();
        this.backoff = properties.backoff();
        this.seen = new Seen(topic, TopicLimits.of(topic));
    }

    TopicLimits limits(TopicImage topic) {
        Seen last = seen;
        if (last.topic != topic) {
            last = new Seen(topic, TopicLimits.of(topic));
            seen = last;
        }
        return last.limits;
    }

    PartitionQueue queue(TopicImage topic, int partition) {
        PartitionQueue[] present = queues;
        return partition < present.length ? present[partition] : grow(topic, partition);
    }

    /** A queue for one batch that has its identity. */
    PartitionQueue single(TopicImage topic, int partition) {
        var queue = PartitionQueue.single(topic.id(), topic.name(), partition, buffers, backoff, singles::remove);
        singles.add(queue);
        return queue;
    }

    private synchronized PartitionQueue grow(TopicImage topic, int partition) {
        PartitionQueue[] present = queues;
        if (partition >= present.length) {
            PartitionQueue[] grown = Arrays.copyOf(present, Math.max(partition + 1, topic.partitions().size()));
            for (int i = present.length; i < grown.length; i++) {
                grown[i] = new PartitionQueue(topic.id(), topic.name(), i, buffers, deliveryTimeoutNanos,
                        backoff);
            }
            queues = grown;
            return grown[partition];
        }
        return present[partition];
    }

    /** Where a record without key goes: to the same partition as the one before, until that has got its share (KIP-480, KIP-794). */
    synchronized int stickyPartition(TopicImage topic, int sizeBytes, ClusterImage image, RandomGenerator random) {
        if (stickyPartition == Delivery.NONE || stickyUsedBytes >= stickyBytes || stickyPartition >= topic.partitions()
                .size()
                || !hasLeader(topic, image, stickyPartition)) {
            stickyPartition = choose(topic, image, random);
            stickyUsedBytes = 0;
        }
        stickyUsedBytes += sizeBytes;
        return stickyPartition;
    }

    private int choose(TopicImage topic, ClusterImage image, RandomGenerator random) {
        List<Integer> candidates = new ArrayList<>();
        for (PartitionImage partition : topic.partitions()) {
            if (partition.index() != stickyPartition && image.leader(partition) != null) {
                candidates.add(partition.index());
            }
        }
        if (!candidates.isEmpty()) {
            return candidates.get(random.nextInt(candidates.size()));
        }
        return stickyPartition >= 0 && stickyPartition < topic.partitions().size() ? stickyPartition
                : random.nextInt(topic.partitions().size());
    }

    private static boolean hasLeader(TopicImage topic, ClusterImage image, int index) {
        @Nullable
        PartitionImage partition = topic.partition(index);
        return partition != null && image.leader(partition) != null;
    }

    /** Those that have been used. */
    List<PartitionQueue> all() {
        List<PartitionQueue> all = new ArrayList<>(List.of(queues));
        all.addAll(singles);
        return all;
    }

    void close(ErrorCode error) {
        all().forEach(queue -> queue.close(error));
    }
}
