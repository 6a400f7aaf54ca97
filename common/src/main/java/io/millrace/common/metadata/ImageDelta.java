package io.millrace.common.metadata;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * What changed in the cluster between two versions; applied to the image of the one it yields the image of the other. Topics it does not
 * name are shared between both images. Applying a change that the image already contains leaves it as it is.
 *
 * @param version       of the image that results
 * @param reassignmentRate of the image that results
 * @param brokers       registered or changed
 * @param removedBrokers taken out of the cluster
 * @param topics        created, or with changed configs
 * @param partitions    created or changed, by topic
 * @param deletedTopics gone, with the version in which they went; ids are never reused
 * @param prunedBefore  deletions up to this version are remembered no longer
 * @param leases        with a new holder
 * @param freeLeases    names of leases that were given back
 */
record ImageDelta(
        String clusterId,
        long version,
        @Nullable Long reassignmentRate,
        List<BrokerImage> brokers,
        Collection<Integer> removedBrokers,
        List<TopicChange> topics,
        Map<Uuid, List<PartitionImage>> partitions,
        Map<Uuid, Long> deletedTopics,
        long prunedBefore,
        List<LeaseImage> leases,
        Collection<String> freeLeases) {

    /** A change that takes no broker out and limits no reassignment. */
    ImageDelta(String clusterId, long version, List<BrokerImage> brokers, List<TopicChange> topics,
            Map<Uuid, List<PartitionImage>> partitions, Map<Uuid, Long> deletedTopics, long prunedBefore,
            List<LeaseImage> leases, Collection<String> freeLeases) {
        this(clusterId, version, null, brokers, List.of(), topics, partitions, deletedTopics, prunedBefore, leases,
                freeLeases);
    }

    record TopicChange(Uuid id, String name, Map<String, String> configs) {}

    ClusterImage applyTo(ClusterImage image) {
        var brokersById = image.brokers();
        if (!brokers.isEmpty() || !removedBrokers.isEmpty()) {
            brokersById = new HashMap<>(brokersById);
            brokersById.keySet().removeAll(removedBrokers);
            for (var broker : brokers) {
                brokersById.put(broker.id(), broker);
            }
        }
        var topicsById = image.topicsById();
        var topicsByName = image.topicsByName();
        if (!topics.isEmpty() || !partitions.isEmpty() || !deletedTopics.isEmpty()) {
            topicsById = changedTopics(topicsById);
            topicsByName = HashMap.newHashMap(topicsById.size());
            for (var topic : topicsById.values()) {
                topicsByName.put(topic.name(), topic);
            }
        }
        var leasesByName = image.leases();
        if (!leases.isEmpty() || !freeLeases.isEmpty()) {
            leasesByName = new HashMap<>(leasesByName);
            leasesByName.keySet().removeAll(freeLeases);
            for (var lease : leases) {
                leasesByName.put(lease.name(), lease);
            }
        }
        return new ClusterImage(clusterId, version, brokersById, topicsByName, topicsById, leasesByName,
                remembered(image.deletedTopics()), reassignmentRate);
    }

    private Map<Uuid, Long> remembered(Map<Uuid, Long> before) {
        if (deletedTopics.isEmpty() && before.values().stream().noneMatch(deletedIn -> deletedIn <= prunedBefore)) {
            return before;
        }
        var after = new HashMap<>(before);
        after.putAll(deletedTopics);
        after.values().removeIf(deletedIn -> deletedIn <= prunedBefore);
        return after;
    }

    private Map<Uuid, TopicImage> changedTopics(Map<Uuid, TopicImage> before) {
        var after = new HashMap<>(before);
        after.keySet().removeAll(deletedTopics.keySet());
        var unseenPartitions = new HashMap<>(partitions);
        for (var topic : topics) {
            var known = after.get(topic.id());
            var changed = unseenPartitions.remove(topic.id());
            after.put(topic.id(), new TopicImage(
                    topic.id(),
                    topic.name(),
                    topic.configs(),
                    merge(known == null ? List.of() : known.partitions(), changed == null ? List.of() : changed)));
        }
        unseenPartitions.forEach((topicId, changed) -> after.computeIfPresent(topicId,
                (_, known) -> new TopicImage(known.id(), known.name(), known.configs(), merge(known.partitions(),
                        changed))));
        return after;
    }

    private static List<PartitionImage> merge(List<PartitionImage> known, List<PartitionImage> changed) {
        if (changed.isEmpty()) {
            return known;
        }
        var merged = new ArrayList<>(known);
        var added = new TreeMap<Integer, PartitionImage>();
        for (var partition : changed) {
            if (partition.index() < merged.size()) {
                merged.set(partition.index(), partition);
            } else {
                added.put(partition.index(), partition);
            }
        }
        merged.addAll(added.values());
        return merged;
    }
}
