package io.millrace.gateway.testing;

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
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.Uuid;

/** The cluster as a test wants it. */
public final class FakeImages implements ClusterImages {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Listener> listeners = new ArrayList<>();
    private volatile ClusterImage current = new ClusterImage("fake", 0, Map.of(), Map.of(), Map.of(), Map.of());

    @Override
    public ClusterImage current() {
        return current;
    }

    @Override
    public boolean awaitVersion(long version, Duration timeout) throws InterruptedException {
        long left = timeout.toNanos();
        lock.lock();
        try {
            while (current.version() < version) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void subscribe(Listener listener) {
        lock.lock();
        try {
            listeners.add(listener);
            listener.imageChanged(ClusterImage.EMPTY, current);
        } finally {
            lock.unlock();
        }
    }

    public void broker(int id, int port, boolean fenced) {
        change(image -> {
            Map<Integer, BrokerImage> brokers = new HashMap<>(image.brokers());
            brokers.put(id, new BrokerImage(id, image.version() + 1, "127.0.0.1", port, "http://127.0.0.1:1", fenced));
            return new ClusterImage(image.clusterId(), image.version() + 1, brokers, image.topicsByName(), image
                    .topicsById(), Map.of());
        });
    }

    /** Puts a topic in, all led by one broker; {@link PartitionImage#NO_LEADER} for none. */
    public TopicImage topic(String name, Uuid id, int partitions, int leader, Map<String, String> configs) {
        List<PartitionImage> parts = new ArrayList<>();
        for (int i = 0; i < partitions; i++) {
            parts.add(new PartitionImage(i, List.of(Math.max(0, leader)), List.of(Math.max(0, leader)), leader, 0, 0));
        }
        return put(new TopicImage(id, name, configs, parts));
    }

    /**
     * Puts a topic in, of a new id, or gives it another number of partitions under its old one. Partition p is led by broker p % 2.
     */
    public TopicImage topic(String name, int partitions) {
        TopicImage known = current.topic(name);
        List<PartitionImage> parts = new ArrayList<>();
        for (int i = 0; i < partitions; i++) {
            parts.add(new PartitionImage(i, List.of(i % 2), List.of(i % 2), i % 2, 0, 0));
        }
        return put(new TopicImage(known == null ? Uuid.randomUuid() : known.id(), name, Map.of(), parts));
    }

    /** Gives a topic other settings. */
    public void configure(String name, Map<String, String> configs) {
        TopicImage topic = current.topicsByName().get(name);
        put(new TopicImage(topic.id(), name, configs, topic.partitions()));
    }

    /** Takes the topic's leaders away, or gives the preferred ones back. */
    public void leaderless(String name, boolean isLeaderless) {
        for (PartitionImage partition : current.topicsByName().get(name).partitions()) {
            lead(name, partition.index(), isLeaderless ? PartitionImage.NO_LEADER : partition.replicas().getFirst());
        }
    }

    /** Gives a partition another leader, or none, in the next epoch. */
    public void lead(String name, int partition, int leader) {
        update(name, partition, old -> new PartitionImage(old.index(), old.replicas(), old.isr(), leader, old
                .leaderEpoch() + 1, old.partitionEpoch() + 1));
    }

    /** Says that a broker leads in the given epoch, as metadata of another past may. */
    public void leadIn(int leaderEpoch, String name, int partition, int leader) {
        update(name, partition, old -> new PartitionImage(old.index(), old.replicas(), old.isr(), leader, leaderEpoch,
                old.partitionEpoch() - 1));
    }

    /** Gives a partition other in-sync replicas under the same leader. */
    public void inSync(String name, int partition, List<Integer> isr) {
        update(name, partition, old -> new PartitionImage(old.index(), old.replicas(), isr, old.leader(), old
                .leaderEpoch(), old.partitionEpoch() + 1));
    }

    /** Sets a partition on its way to other brokers. */
    public void move(String name, int partition, List<Integer> adding, List<Integer> removing) {
        update(name, partition, old -> {
            var replicas = new ArrayList<>(adding);
            replicas.addAll(old.replicas());
            return new PartitionImage(old.index(), replicas, old.isr(), old.leader(), old.leaderEpoch(), old
                    .partitionEpoch() + 1, List.of(), old.leader(), adding, removing);
        });
    }

    private void update(String name, int partition, UnaryOperator<PartitionImage> change) {
        lock.lock();
        try {
            TopicImage topic = current.topicsByName().get(name);
            List<PartitionImage> parts = new ArrayList<>(topic.partitions());
            parts.set(partition, change.apply(parts.get(partition)));
            put(new TopicImage(topic.id(), name, topic.configs(), parts));
        } finally {
            lock.unlock();
        }
    }

    private TopicImage put(TopicImage topic) {
        change(image -> {
            Map<String, TopicImage> byName = new HashMap<>(image.topicsByName());
            Map<Uuid, TopicImage> byId = new HashMap<>(image.topicsById());
            byName.put(topic.name(), topic);
            byId.put(topic.id(), topic);
            return new ClusterImage(image.clusterId(), image.version() + 1, image.brokers(), byName, byId, Map.of());
        });
        return topic;
    }

    public void remove(String name) {
        change(image -> {
            Map<String, TopicImage> byName = new HashMap<>(image.topicsByName());
            Map<Uuid, TopicImage> byId = new HashMap<>(image.topicsById());
            TopicImage gone = byName.remove(name);
            if (gone != null) {
                byId.remove(gone.id());
            }
            return new ClusterImage(image.clusterId(), image.version() + 1, image.brokers(), byName, byId, Map.of());
        });
    }

    private void change(UnaryOperator<ClusterImage> change) {
        lock.lock();
        try {
            ClusterImage previous = current;
            current = change.apply(previous);
            changed.signalAll();
            listeners.forEach(listener -> listener.imageChanged(previous, current));
        } finally {
            lock.unlock();
        }
    }
}
