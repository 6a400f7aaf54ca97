package io.millrace.common.listener;

import io.millrace.common.autocreate.AutoCreation;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.InboundRequest;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.DescribeClusterResponseData.DescribeClusterBroker;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseBroker;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeClusterRequest;
import org.apache.kafka.common.requests.DescribeClusterResponse;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.MetadataResponse;

/**
 * Shows clients the cluster as the image has it, and begins to create unknown topics that they ask for where the cluster is set to do so.
 * Coordinators are nodes that lead nothing; DescribeCluster, which is for operators, names brokers alone.
 */
public final class MetadataHandler {
    private static final byte BROKER_ENDPOINTS = 1;
    private static final short TOPIC_ID_VERSION = 12;
    private static final int NO_BROKER = -1;

    private final ClusterImages images;
    private final AutoCreation autoCreation;
    private final int brokerId;

    private MetadataHandler(ClusterImages images, AutoCreation autoCreation, int brokerId) {
        this.images = images;
        this.autoCreation = autoCreation;
        this.brokerId = brokerId;
    }

    public static MetadataHandler ofBroker(ClusterImages images, AutoCreation autoCreation, int brokerId) {
        return new MetadataHandler(images, autoCreation, brokerId);
    }

    public static MetadataHandler ofCoordinator(ClusterImages images, AutoCreation autoCreation) {
        return new MetadataHandler(images, autoCreation, NO_BROKER);
    }

    public void handleMetadata(InboundRequest request) {
        MetadataRequestData wanted = ((MetadataRequest) request.body()).data();
        if (request.version() < TOPIC_ID_VERSION && wanted.topics() != null
                && wanted.topics().stream().anyMatch(topic -> topic.name() == null)) {
            // There is no answer to it: these versions can ask by id alone, and cannot answer without a name.
            request.disconnect("metadata by topic id, which begins with version " + TOPIC_ID_VERSION);
            return;
        }
        if (request.version() < TOPIC_ID_VERSION && wanted.topics() != null
                && wanted.topics().stream().anyMatch(topic -> !Uuid.ZERO_UUID.equals(topic.topicId()))) {
            request.respondError(new InvalidRequestException("topic ids are taken from version " + TOPIC_ID_VERSION
                    + " on"));
            return;
        }
        ClusterImage image = images.current();
        MetadataResponseData response = new MetadataResponseData().setClusterId(image.clusterId()).setControllerId(
                controllerId(image));
        image.brokers().values().stream().filter(broker -> !broker.fenced()).sorted(Comparator.comparingInt(
                BrokerImage::id))
                .forEach(broker -> response.brokers()
                        .add(new MetadataResponseBroker().setNodeId(broker.id()).setHost(broker.host()).setPort(broker
                                .kafkaPort())));
        // Admin clients go to a group's coordinator only where they know it as a node of the cluster, and ask all nodes for their groups.
        image.coordinatorNodes().forEach(node -> response.brokers().add(new MetadataResponseBroker().setNodeId(node
                .id()).setHost(node.host()).setPort(node.port())));
        List<MetadataRequestTopic> topics = wanted.topics();
        // Version 0 says "all" by naming none; later ones mean none then, and say "all" by null.
        if (topics == null || topics.isEmpty() && request.version() == 0) {
            image.topicsByName().values().stream().sorted(Comparator.comparing(TopicImage::name))
                    .forEach(topic -> response.topics().add(describe(image, topic)));
        } else {
            // Versions below 4 cannot say no.
            boolean mayCreate = wanted.allowAutoTopicCreation();
            Set<Object> named = new HashSet<>();
            topics.stream().filter(topic -> named.add(key(topic))).forEach(topic -> response.topics().add(describe(
                    image, topic, mayCreate)));
        }
        if (wanted.includeClusterAuthorizedOperations()) {
            response.setClusterAuthorizedOperations(AuthorizedOperations.OF_CLUSTER);
        }
        if (wanted.includeTopicAuthorizedOperations()) {
            response.topics().forEach(topic -> topic.setTopicAuthorizedOperations(AuthorizedOperations.OF_TOPIC));
        }
        request.respond(new MetadataResponse(response, request.version()));
    }

    /** Any live broker forwards what is for the controller; this one is known to be reachable. */
    private int controllerId(ClusterImage image) {
        if (brokerId == NO_BROKER) {
            return image.brokers().values().stream().filter(broker -> !broker.fenced()).mapToInt(BrokerImage::id).min()
                    .orElse(MetadataResponse.NO_CONTROLLER_ID);
        }
        BrokerImage self = image.brokers().get(brokerId);
        return self == null || self.fenced() ? MetadataResponse.NO_CONTROLLER_ID : brokerId;
    }

    /** What it is asked for by: a topic that is named time and again is described once, or a small request would have an answer without bounds. */
    private static Object key(MetadataRequestTopic wanted) {
        Uuid id = wanted.topicId();
        if (id != null && !Uuid.ZERO_UUID.equals(id)) {
            return id;
        }
        return wanted.name() == null ? "" : wanted.name();
    }

    private MetadataResponseTopic describe(ClusterImage image, MetadataRequestTopic wanted, boolean mayCreate) {
        Uuid id = wanted.topicId();
        if (id != null && !Uuid.ZERO_UUID.equals(id)) {
            TopicImage topic = image.topic(id);
            return topic == null
                    ? new MetadataResponseTopic().setTopicId(id).setName(null).setErrorCode(Errors.UNKNOWN_TOPIC_ID
                            .code())
                    : describe(image, topic);
        }
        String name = wanted.name() == null ? "" : wanted.name();
        TopicImage topic = image.topic(name);
        if (topic != null) {
            return describe(image, topic);
        }
        Errors error = !Topic.isValid(name) ? Errors.INVALID_TOPIC_EXCEPTION
                : mayCreate ? autoCreation.begin(name) : Errors.UNKNOWN_TOPIC_OR_PARTITION;
        return new MetadataResponseTopic().setName(name).setErrorCode(error.code());
    }

    private static MetadataResponseTopic describe(ClusterImage image, TopicImage topic) {
        MetadataResponseTopic described = new MetadataResponseTopic().setName(topic.name()).setTopicId(topic.id());
        for (PartitionImage partition : topic.partitions()) {
            BrokerImage leader = image.leader(partition);
            described.partitions().add(new MetadataResponsePartition().setPartitionIndex(partition.index())
                    .setErrorCode((leader == null ? Errors.LEADER_NOT_AVAILABLE : Errors.NONE).code())
                    .setLeaderId(leader == null ? MetadataResponse.NO_LEADER_ID : leader.id()).setLeaderEpoch(partition
                            .leaderEpoch())
                    .setReplicaNodes(partition.replicas()).setIsrNodes(partition.isr())
                    .setOfflineReplicas(partition.replicas().stream().filter(id -> isOffline(image, id)).toList()));
        }
        return described;
    }

    static boolean isOffline(ClusterImage image, int brokerId) {
        BrokerImage broker = image.brokers().get(brokerId);
        return broker == null || broker.fenced();
    }

    public void handleDescribeCluster(InboundRequest request) {
        DescribeClusterRequestData wanted = ((DescribeClusterRequest) request.body()).data();
        if (wanted.endpointType() != BROKER_ENDPOINTS) {
            request.respond(new DescribeClusterResponse(new DescribeClusterResponseData()
                    .setErrorCode(Errors.MISMATCHED_ENDPOINT_TYPE.code())
                    .setErrorMessage("this listener knows of brokers, not of endpoints of the type " + wanted
                            .endpointType())));
            return;
        }
        ClusterImage image = images.current();
        DescribeClusterResponseData response = new DescribeClusterResponseData().setClusterId(image.clusterId())
                .setControllerId(controllerId(image)).setEndpointType(BROKER_ENDPOINTS)
                .setClusterAuthorizedOperations(wanted.includeClusterAuthorizedOperations()
                        ? AuthorizedOperations.OF_CLUSTER
                        : AuthorizedOperations.NOT_ASKED);
        image.brokers().values().stream().filter(broker -> !broker.fenced() || wanted.includeFencedBrokers())
                .sorted(Comparator.comparingInt(BrokerImage::id))
                .forEach(broker -> response.brokers().add(new DescribeClusterBroker().setBrokerId(broker.id()).setHost(
                        broker.host())
                        .setPort(broker.kafkaPort()).setIsFenced(broker.fenced())));
        request.respond(new DescribeClusterResponse(response));
    }
}
