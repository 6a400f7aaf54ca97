package io.millrace.broker.listener;

import io.millrace.broker.partition.Partitions;
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
import io.millrace.common.wire.SupportedApis;
import java.time.Clock;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ListGroupsResponse;

/** Hands each request to its handler. */
public final class BrokerRequests implements RequestHandler {
    private final ProduceHandler produce;
    private final FetchHandler fetch;
    private final ListOffsetsHandler listOffsets;
    private final LeaderEpochHandler leaderEpochs;
    private final MetadataHandler metadata;
    private final TopicPartitionsHandler topicPartitions;
    private final LogDirsHandler logDirs;
    private final DeleteRecordsHandler deletions;
    private final ProducersHandler producers;
    private final ElectionHandler elections;
    private final ReassignmentsHandler reassignments;
    private final TopicsHandler topics;
    private final DescribeConfigsHandler configs;
    private final AlterConfigsHandler configChanges;
    private final ProducerIdsHandler producerIds;
    private final FindCoordinatorHandler findCoordinator;

    public BrokerRequests(NodeConfigs node, Partitions partitions, ClusterImages images, ServiceClients services,
            AutoCreation autoCreation,
            FetchSettings fetchSettings,
            ForwardSettings forwardSettings, ProduceListener produceListener, Clock clock) {
        LeaderHints hints = new LeaderHints(images);
        ControllerCalls calls = new ControllerCalls(images, forwardSettings.maxConcurrent(), forwardSettings
                .maxTimeout());
        produce = new ProduceHandler(partitions, hints, produceListener, clock);
        fetch = new FetchHandler(new FetchReader(partitions, hints, Math.toIntExact(fetchSettings.maxSize().toBytes())),
                fetchSettings);
        listOffsets = new ListOffsetsHandler(partitions);
        leaderEpochs = new LeaderEpochHandler(partitions);
        metadata = MetadataHandler.ofBroker(images, autoCreation, node.nodeId());
        topicPartitions = new TopicPartitionsHandler(images);
        logDirs = new LogDirsHandler(partitions);
        deletions = new DeleteRecordsHandler(partitions, forwardSettings);
        producers = new ProducersHandler(partitions);
        elections = new ElectionHandler(services.cluster(), calls);
        reassignments = new ReassignmentsHandler(services.cluster(), images, calls);
        topics = new TopicsHandler(images, services.topics(), services.cluster(), calls);
        configs = new DescribeConfigsHandler(images, node);
        configChanges = new AlterConfigsHandler(services.topics(), calls, node);
        producerIds = new ProducerIdsHandler(services.producerIds(), forwardSettings.maxWaitingProducers(),
                forwardSettings
                        .producerIdsTimeout());
        findCoordinator = new FindCoordinatorHandler(images);
    }

    /** What this answers. */
    public static SupportedApis supported() {
        return BrokerApis.SUPPORTED;
    }

    @Override
    public void handle(InboundRequest request) {
        switch (request.apiKey()) {
            case PRODUCE -> produce.handle(request);
            case FETCH -> fetch.handle(request);
            case LIST_OFFSETS -> listOffsets.handle(request);
            case OFFSET_FOR_LEADER_EPOCH -> leaderEpochs.handle(request);
            case METADATA -> metadata.handleMetadata(request);
            case DESCRIBE_CLUSTER -> metadata.handleDescribeCluster(request);
            case DESCRIBE_TOPIC_PARTITIONS -> topicPartitions.handle(request);
            case DELETE_RECORDS -> deletions.handle(request);
            case DESCRIBE_PRODUCERS -> producers.handle(request);
            case ELECT_LEADERS -> elections.handle(request);
            case ALTER_PARTITION_REASSIGNMENTS -> reassignments.handleAlter(request);
            case LIST_PARTITION_REASSIGNMENTS -> reassignments.handleList(request);
            case DESCRIBE_LOG_DIRS -> logDirs.handle(request);
            case CREATE_TOPICS -> topics.handleCreate(request);
            case DELETE_TOPICS -> topics.handleDelete(request);
            case CREATE_PARTITIONS -> topics.handleCreatePartitions(request);
            case DESCRIBE_CONFIGS -> configs.handleDescribe(request);
            case LIST_CONFIG_RESOURCES -> configs.handleList(request);
            case INCREMENTAL_ALTER_CONFIGS -> configChanges.handleIncremental(request);
            case ALTER_CONFIGS -> configChanges.handleReplacing(request);
            case INIT_PRODUCER_ID -> producerIds.handle(request);
            case FIND_COORDINATOR -> findCoordinator.handle(request);
            // Clients ask every node for the groups it coordinates, and put the answers together: a broker coordinates none.
            case LIST_GROUPS -> request.respond(new ListGroupsResponse(new ListGroupsResponseData()));
            // kafkajs takes the versions that one node advertises for those of all, so brokers must advertise what coordinators answer.
            case JOIN_GROUP, SYNC_GROUP, HEARTBEAT, LEAVE_GROUP, CONSUMER_GROUP_HEARTBEAT, CONSUMER_GROUP_DESCRIBE,
                    OFFSET_COMMIT, OFFSET_FETCH, OFFSET_DELETE, DESCRIBE_GROUPS, DELETE_GROUPS ->
                request.respondError(Errors.NOT_COORDINATOR.exception());
            default -> throw new UnsupportedVersionException(request.apiKey() + " is advertised and not handled");
        }
    }

    /** Fetch sessions kept now. */
    public int fetchSessions() {
        return fetch.sessions();
    }

    /** Fetches that wait for data now. */
    public int waitingFetches() {
        return fetch.waiting();
    }

    /** Answers every fetch that waits, and lets none wait any more. */
    public void stopWaiting() {
        fetch.stop();
    }
}
