package io.millrace.gateway.events;

import io.millrace.gateway.events.Subscription.SubscribedTopic;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.kafka.common.Uuid;

/**
 * The partitions that a stream reads, in one order that every gateway derives alike: topics by name, partitions by number. Positions are
 * arrays in this order. Equal subscriptions share a feed.
 *
 * @param topics without doubles
 */
record Subscription(List<SubscribedTopic> topics) {
    Subscription {
        topics = topics.stream().sorted(Comparator.comparing(SubscribedTopic::name)).toList();
    }

    /** How many partitions. */
    int size() {
        int size = 0;
        for (var topic : topics) {
            size += topic.partitions().size();
        }
        return size;
    }

    List<SubscribedPartition> partitions() {
        var all = new ArrayList<SubscribedPartition>(size());
        for (var topic : topics) {
            for (int partition : topic.partitions()) {
                all.add(new SubscribedPartition(topic.name(), topic.id(), partition));
            }
        }
        return all;
    }

    /**
     * @param whole      true when all partitions are wanted, also those that the topic gets later
     * @param partitions ascending, without doubles
     */
    record SubscribedTopic(String name, Uuid id, boolean whole, List<Integer> partitions) {
        SubscribedTopic {
            partitions = partitions.stream().sorted().distinct().toList();
        }
    }

    record SubscribedPartition(String topic, Uuid topicId, int partition) {}
}
