package io.millrace.coordinator.testing;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.CoordinatorNode;
import io.millrace.common.metadata.LeaseImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;

/** A cluster whose topics the test decides. */
public final class FixedImages implements ClusterImages {
    private final List<Listener> listeners = new ArrayList<>();
    private final Map<String, TopicImage> topics = new TreeMap<>();
    private final Map<String, LeaseImage> leases = new TreeMap<>();
    private ClusterImage image = ClusterImage.EMPTY;

    /** Makes the topic, or grows it. */
    public synchronized void topic(String name, int partitionCount) {
        TopicImage known = topics.get(name);
        var partitions = new ArrayList<PartitionImage>();
        for (int index = 0; index < partitionCount; index++) {
            partitions.add(new PartitionImage(index, List.of(0), List.of(0), 0, 0, 0));
        }
        topics.put(name, new TopicImage(known == null ? Uuid.randomUuid() : known.id(), name, Map.of(), partitions));
        publish();
    }

    /** Gives a topic that there is these settings and no others. */
    public synchronized void configure(String name, Map<String, String> configs) {
        topics.computeIfPresent(name, (_, topic) -> new TopicImage(topic.id(), name, configs, topic.partitions()));
        publish();
    }

    public synchronized void delete(String name) {
        topics.remove(name);
        publish();
    }

    /** Makes all shards its. */
    public synchronized void coordinator(CoordinatorNode node) {
        for (int shard = 0; shard < ClusterImage.GROUP_SHARDS; shard++) {
            String lease = ClusterImage.shardLease(shard);
            leases.put(lease, new LeaseImage(lease, "coordinator", "http://coordinator.test", 1, node));
        }
        publish();
    }

    private void publish() {
        var byId = new TreeMap<Uuid, TopicImage>();
        topics.values().forEach(topic -> byId.put(topic.id(), topic));
        var next = new ClusterImage("cluster", image.version() + 1, Map.of(), topics, byId, leases);
        ClusterImage before = image;
        image = next;
        listeners.forEach(listener -> listener.imageChanged(before, next));
    }

    @Override
    public synchronized ClusterImage current() {
        return image;
    }

    @Override
    public boolean awaitVersion(long version, Duration timeout) {
        return current().version() >= version;
    }

    @Override
    public synchronized void subscribe(Listener listener) {
        listeners.add(listener);
        listener.imageChanged(image, image);
    }
}
