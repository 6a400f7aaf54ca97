package io.millrace.coordinator.listener;

import io.millrace.common.api.ServiceClients;
import io.millrace.common.autocreate.AutoCreation;
import io.millrace.common.listener.AlterConfigsHandler;
import io.millrace.common.listener.ControllerCalls;
import io.millrace.common.listener.DescribeConfigsHandler;
import io.millrace.common.listener.FindCoordinatorHandler;
import io.millrace.common.listener.MetadataHandler;
import io.millrace.common.listener.NodeConfigs;
import io.millrace.common.listener.ProducerIdsHandler;
import io.millrace.common.listener.TopicPartitionsHandler;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.wire.InboundRequest;
import io.millrace.common.wire.RequestHandler;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.springframework.stereotype.Component;

/**
 * Hands each request to its handler. Those for groups are answered before the connection's next is read, as Kafka's brokers do: so
 * commits and heartbeats of a client take effect in the order it sent them in, and no client has more than one under way. What waits
 * for other members holds no thread, but the connection's next request back.
 */
@Component
class CoordinatorRequests implements RequestHandler {
    private final MetadataHandler metadata;
    private final TopicPartitionsHandler topicPartitions;
    private final FindCoordinatorHandler findCoordinator;
    private final ProducerIdsHandler producerIds;
    private final DescribeConfigsHandler configs;
    private final AlterConfigsHandler configChanges;
    private final ClassicHandler classic;
    private final HeartbeatHandler heartbeats;
    private final GroupsHandler groups;
    private final DescribeHandler descriptions;
    private final CommitHandler commits;
    private final OffsetFetchHandler offsets;

    CoordinatorRequests(ClusterImages images, ServiceClients services, AutoCreation autoCreation,
            ListenerSettings settings, ClassicHandler classic, HeartbeatHandler heartbeats, GroupsHandler groups,
            DescribeHandler descriptions, CommitHandler commits,
            OffsetFetchHandler offsets) {
        this.metadata = MetadataHandler.ofCoordinator(images, autoCreation);
        this.topicPartitions = new TopicPartitionsHandler(images);
        this.findCoordinator = new FindCoordinatorHandler(images);
        this.producerIds = new ProducerIdsHandler(services.producerIds(), settings.maxWaitingProducers(), settings
                .producerIdsTimeout());
        this.configs = new DescribeConfigsHandler(images, NodeConfigs.ofCoordinator());
        this.configChanges = new AlterConfigsHandler(services.topics(), new ControllerCalls(images, settings
                .maxForwarded(), settings.forwardTimeout()), NodeConfigs.ofCoordinator());
        this.classic = classic;
        this.heartbeats = heartbeats;
        this.groups = groups;
        this.descriptions = descriptions;
        this.commits = commits;
        this.offsets = offsets;
    }

    @Override
    public void handle(InboundRequest request) {
        switch (request.apiKey()) {
            case METADATA -> metadata.handleMetadata(request);
            case DESCRIBE_CLUSTER -> metadata.handleDescribeCluster(request);
            case DESCRIBE_TOPIC_PARTITIONS -> topicPartitions.handle(request);
            case FIND_COORDINATOR -> findCoordinator.handle(request);
            case INIT_PRODUCER_ID -> producerIds.handle(request);
            case DESCRIBE_CONFIGS -> configs.handleDescribe(request);
            case LIST_CONFIG_RESOURCES -> configs.handleList(request);
            case INCREMENTAL_ALTER_CONFIGS -> configChanges.handleIncremental(request);
            case ALTER_CONFIGS -> configChanges.handleReplacing(request);
            case JOIN_GROUP -> classic.handleJoin(request);
            case SYNC_GROUP -> classic.handleSync(request);
            case HEARTBEAT -> classic.handleHeartbeat(request);
            case LEAVE_GROUP -> classic.handleLeave(request);
            case CONSUMER_GROUP_HEARTBEAT -> heartbeats.handle(request);
            case CONSUMER_GROUP_DESCRIBE -> descriptions.handleConsumerGroups(request);
            case DESCRIBE_GROUPS -> descriptions.handleGroups(request);
            case LIST_GROUPS -> groups.handleList(request);
            case DELETE_GROUPS -> groups.handleDelete(request);
            case OFFSET_DELETE -> groups.handleOffsetDelete(request);
            case OFFSET_COMMIT -> commits.handle(request);
            case OFFSET_FETCH -> offsets.handle(request);
            default -> throw new UnsupportedVersionException(request.apiKey() + " is advertised and not handled");
        }
    }
}
