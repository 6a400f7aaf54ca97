package io.millrace.gateway.running;

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
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;

/** A cluster image that tests change. Two brokers, 0 and 1; partition p of a topic is led by broker p % 2. */
public final class FakeImages implements ClusterImages {
    private final List<Listener> listeners = new ArrayList<>();
    private ClusterImage image;

    public FakeImages() {
        var brokers = Map.of(0, new BrokerImage(0, 1, "127.0.0.1", 1, "http://127.0.0.1:1", false),
                1, new BrokerImage(1, 1, "127.0.0.1", 2, "http://127.0.0.1:2", false));
        image = new ClusterImage("fake", 1, brokers, Map.of(), Map.of(), Map.of());
    }

    /** Makes the topic, with a new id, or gives it another number of partitions under its old one. */
    public synchronized TopicImage topic(String name, int partitions) {
        var known = image.topic(name);
        var topic = new TopicImage(known == null ? Uuid.randomUuid() : known.id(), name, Map.of(), IntStream.range(0,
                partitions)
                .mapToObj(p -> new PartitionImage(p, List.of(p % 2), List.of(p % 2), p % 2, 0, 0)).toList());
        change(topics -> {
            topics.put(name, topic);
            return topics;
        });
        return topic;
    }

    public synchronized void delete(String name) {
        change(topics -> {
            topics.remove(name);
            return topics;
        });
    }

    /** Whether anybody leads the topic's partitions. */
    public synchronized void leaderless(String name, boolean leaderless) {
        var known = image.topicsByName().get(name);
        change(topics -> {
            topics.put(name, new TopicImage(known.id(), name, Map.of(), known.partitions().stream()
                    .map(p -> new PartitionImage(p.index(), p.replicas(), p.isr(),
                            leaderless ? PartitionImage.NO_LEADER : p.replicas().getFirst(), p.leaderEpoch() + 1, p
                                    .partitionEpoch() + 1))
                    .toList()));
            return topics;
        });
    }

    private void change(UnaryOperator<Map<String, TopicImage>> topics) {
        var previous = image;
        var byName = topics.apply(new HashMap<>(image.topicsByName()));
        var byId = new HashMap<Uuid, TopicImage>();
        byName.values().forEach(topic -> byId.put(topic.id(), topic));
        image = new ClusterImage("fake", image.version() + 1, image.brokers(), byName, byId, Map.of());
        notifyAll();
        listeners.forEach(listener -> listener.imageChanged(previous, image));
    }

    @Override
    public synchronized ClusterImage current() {
        return image;
    }

    @Override
    public synchronized boolean awaitVersion(long version, Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (image.version() < version) {
            long leftMs = (deadline - System.nanoTime()) / 1_000_000;
            if (leftMs <= 0) {
                return false;
            }
            wait(leftMs);
        }
        return true;
    }

    @Override
    public synchronized void subscribe(Listener listener) {
        listeners.add(listener);
        listener.imageChanged(image, image);
    }
}
