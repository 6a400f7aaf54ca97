package io.millrace.common.metadata;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.jspecify.annotations.Nullable;

/**
 * The whole cluster at one version. Immutable and shared freely; a newer image replaces it.
 *
 * @param clusterId    Kafka's cluster id (22 characters of base64)
 * @param version      of the last metadata transaction contained
 * @param brokers      all that ever registered and were not removed, by id; see {@link BrokerImage#fenced()}
 * @param topicsByName all topics
 * @param topicsById   the same topics
 * @param leases       the named leases that have had a holder
 * @param deletedTopics topics that were deleted, and in which version, as far back as the metadata remembers deletions. A topic in neither map was
 *                     deleted long ago, or this is the metadata of another past: what belongs to it must not be destroyed
 * @param reassignmentRate the most bytes a second that each broker takes in for replicas that are being added, 0 without limit; null: as it is
 *                     configured
 */
public record ClusterImage(
        String clusterId,
        long version,
        Map<Integer, BrokerImage> brokers,
        Map<String, TopicImage> topicsByName,
        Map<Uuid, TopicImage> topicsById,
        Map<String, LeaseImage> leases,
        Map<Uuid, Long> deletedTopics,
        @Nullable Long reassignmentRate) {
    public static final ClusterImage EMPTY = new ClusterImage("", -1, Map.of(), Map.of(), Map.of(), Map.of());
    public static final String CONTROLLER_LEASE = "controller";
    /** Groups hash onto this many shards; each is a lease of its own so that coordinators share them. Never changes in a cluster's life. */
    public static final int GROUP_SHARDS = 8;

    public ClusterImage {
        brokers = Map.copyOf(brokers);
        topicsByName = Map.copyOf(topicsByName);
        topicsById = Map.copyOf(topicsById);
        leases = Map.copyOf(leases);
        deletedTopics = Map.copyOf(deletedTopics);
    }

    /** An image in which brokers take in new replicas as they are configured. */
    public ClusterImage(String clusterId, long version, Map<Integer, BrokerImage> brokers,
            Map<String, TopicImage> topicsByName, Map<Uuid, TopicImage> topicsById, Map<String, LeaseImage> leases,
            Map<Uuid, Long> deletedTopics) {
        this(clusterId, version, brokers, topicsByName, topicsById, leases, deletedTopics, null);
    }

    /** An image in which no topic was deleted. */
    public ClusterImage(String clusterId, long version, Map<Integer, BrokerImage> brokers,
            Map<String, TopicImage> topicsByName, Map<Uuid, TopicImage> topicsById, Map<String, LeaseImage> leases) {
        this(clusterId, version, brokers, topicsByName, topicsById, leases, Map.of());
    }

    public @Nullable TopicImage topic(String name) {
        return topicsByName.get(name);
    }

    public @Nullable TopicImage topic(Uuid id) {
        return topicsById.get(id);
    }

    /** The unfenced broker that leads the partition, or null while there is none. */
    public @Nullable BrokerImage leader(PartitionImage partition) {
        var broker = brokers.get(partition.leader());
        return broker == null || broker.fenced() ? null : broker;
    }

    public @Nullable LeaseImage controller() {
        return leases.get(CONTROLLER_LEASE);
    }

    public @Nullable LeaseImage coordinator(String groupId) {
        return leases.get(shardLease(shardOf(groupId)));
    }

    /** The coordinators that clients may know as nodes, by id: those that hold a lease. */
    public Collection<CoordinatorNode> coordinatorNodes() {
        var nodes = new TreeMap<Integer, CoordinatorNode>();
        for (LeaseImage lease : leases.values()) {
            CoordinatorNode node = lease.kafka();
            if (node != null) {
                nodes.put(node.id(), node);
            }
        }
        return nodes.values();
    }

    public static int shardOf(String groupId) {
        return Math.floorMod(groupId.hashCode(), GROUP_SHARDS);
    }

    public static String shardLease(int shard) {
        return "shard-" + shard;
    }
}
