package io.millrace.broker.listener;

import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;

/** A cluster image that a test writes by hand; listeners are told before the writer goes on. */
final class SettableImages implements ClusterImages {
    static final String CLUSTER_ID = "AAAAAAAAAAAAAAAAAAAAAA";

    private final List<Listener> listeners = new ArrayList<>();
    private volatile ClusterImage current = new ClusterImage(CLUSTER_ID, 0, Map.of(), Map.of(), Map.of(), Map.of());

    @Override
    public ClusterImage current() {
        return current;
    }

    @Override
    public synchronized boolean awaitVersion(long version, Duration timeout) throws InterruptedException {
        long deadlineNanos = System.nanoTime() + timeout.toNanos();
        while (current.version() < version) {
            long leftNanos = deadlineNanos - System.nanoTime();
            if (leftNanos <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, leftNanos);
        }
        return true;
    }

    @Override
    public synchronized void subscribe(Listener listener) {
        listeners.add(listener);
        listener.imageChanged(ClusterImage.EMPTY, current);
    }

    synchronized void putBroker(BrokerImage broker) {
        Map<Integer, BrokerImage> brokers = new HashMap<>(current.brokers());
        brokers.put(broker.id(), broker);
        publish(brokers, current.topicsByName());
    }

    /** A topic of which one broker has and leads everything. */
    TopicImage createTopic(String name, int partitionCount, int leader, Map<String, String> configs) {
        List<PartitionImage> partitions = IntStream.range(0, partitionCount)
                .mapToObj(index -> new PartitionImage(index, List.of(leader), List.of(leader), leader, 0, 0)).toList();
        TopicImage topic = new TopicImage(Uuid.randomUuid(), name, configs, partitions);
        putTopic(topic);
        return topic;
    }

    synchronized void putTopic(TopicImage topic) {
        Map<String, TopicImage> topics = new HashMap<>(current.topicsByName());
        topics.put(topic.name(), topic);
        publish(current.brokers(), topics);
    }

    synchronized void deleteTopic(String name) {
        Map<String, TopicImage> topics = new HashMap<>(current.topicsByName());
        Map<Uuid, Long> deleted = new HashMap<>(current.deletedTopics());
        deleted.put(topics.remove(name).id(), current.version() + 1);
        publish(current.brokers(), topics, deleted);
    }

    private void publish(Map<Integer, BrokerImage> brokers, Map<String, TopicImage> topics) {
        publish(brokers, topics, current.deletedTopics());
    }

    private void publish(Map<Integer, BrokerImage> brokers, Map<String, TopicImage> topics, Map<Uuid, Long> deleted) {
        Map<Uuid, TopicImage> byId = new HashMap<>();
        topics.values().forEach(topic -> byId.put(topic.id(), topic));
        publish(new ClusterImage(CLUSTER_ID, current.version() + 1, brokers, topics, byId, Map.of(), deleted));
    }

    /** Any image at all, such as that of another database. */
    synchronized void publish(ClusterImage image) {
        ClusterImage previous = current;
        current = image;
        notifyAll();
        listeners.forEach(listener -> listener.imageChanged(previous, current));
    }
}
