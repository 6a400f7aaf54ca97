package io.millrace.broker.listener;

import io.millrace.common.metadata.TopicImage;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignablePartition;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicCollection;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.TopicRequest;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopicCollection;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AlterPartitionReassignmentsRequest;
import org.apache.kafka.common.requests.CreateTopicsRequest;
import org.apache.kafka.common.requests.DeleteRecordsRequest;
import org.apache.kafka.common.requests.DeleteTopicsRequest;
import org.apache.kafka.common.requests.DescribeClusterRequest;
import org.apache.kafka.common.requests.DescribeLogDirsRequest;
import org.apache.kafka.common.requests.DescribeProducersRequest;
import org.apache.kafka.common.requests.DescribeTopicPartitionsRequest;
import org.apache.kafka.common.requests.ElectLeadersRequest;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.ListGroupsRequest;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ListPartitionReassignmentsRequest;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.OffsetsForLeaderEpochRequest;
import org.apache.kafka.common.requests.ProduceRequest;

/** A request of each kind that a broker answers. */
final class SampleRequests {
    private final TopicImage here;
    private final TopicImage elsewhere;
    private final TopicImage missing;

    SampleRequests(TopicImage here, TopicImage elsewhere, TopicImage missing) {
        this.here = here;
        this.elsewhere = elsewhere;
        this.missing = missing;
    }

    /** In this version, about a topic that is here, one that another broker leads, and one that there is not. */
    AbstractRequest of(ApiKeys key, short version) {
        return switch (key) {
            case PRODUCE -> new ProduceRequest(produce(version), version);
            case FETCH -> new FetchRequest(fetch(version), version);
            case LIST_OFFSETS -> ListOffsetsRequest.parse(new ByteBufferAccessor(
                    MessageUtil
                            .toByteBufferAccessor(listOffsets(), version).buffer()), version);
            case OFFSET_FOR_LEADER_EPOCH -> OffsetsForLeaderEpochRequest.parse(
                    MessageUtil
                            .toByteBufferAccessor(leaderEpochs(), version), version);
            case METADATA -> new MetadataRequest(new MetadataRequestData().setTopics(topics(version)), version);
            case CREATE_TOPICS -> new CreateTopicsRequest.Builder(createTopics(version)).build(version);
            case DELETE_TOPICS -> new DeleteTopicsRequest.Builder(deleteTopics(version)).build(version);
            case CREATE_PARTITIONS, DESCRIBE_CONFIGS, ALTER_CONFIGS, INCREMENTAL_ALTER_CONFIGS, LIST_CONFIG_RESOURCES ->
                AbstractRequest.parseRequest(key, version, MessageUtil.toByteBufferAccessor(ConfigRequests.of(key,
                        version, here.name(), missing.name()), version)).request;
            case INIT_PRODUCER_ID -> new InitProducerIdRequest.Builder(
                    new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(1_000)).build(
                            version);
            case LIST_GROUPS -> new ListGroupsRequest(new ListGroupsRequestData(), version);
            case FIND_COORDINATOR -> new FindCoordinatorRequest.Builder(version < 4
                    ? new FindCoordinatorRequestData().setKey("g")
                    : new FindCoordinatorRequestData().setCoordinatorKeys(List.of("g"))).build(version);
            case DESCRIBE_CLUSTER -> new DescribeClusterRequest(new DescribeClusterRequestData(), version);
            case DESCRIBE_TOPIC_PARTITIONS -> new DescribeTopicPartitionsRequest(
                    new DescribeTopicPartitionsRequestData()
                            .setTopics(Stream.of(here, elsewhere, missing).map(topic -> new TopicRequest().setName(topic
                                    .name())).toList()));
            case DELETE_RECORDS -> new DeleteRecordsRequest.Builder(deleteRecords()).build(version);
            case DESCRIBE_PRODUCERS -> new DescribeProducersRequest.Builder(new DescribeProducersRequestData()
                    .setTopics(Stream.of(here, elsewhere, missing).map(
                            topic -> new DescribeProducersRequestData.TopicRequest().setName(topic.name())
                                    .setPartitionIndexes(List.of(0))).toList())).build(version);
            case ELECT_LEADERS -> new ElectLeadersRequest.Builder(ElectionType.PREFERRED, Stream.of(here, missing).map(
                    topic -> new TopicPartition(topic.name(), 0)).toList(), 1_000).build(version);
            case ALTER_PARTITION_REASSIGNMENTS -> new AlterPartitionReassignmentsRequest.Builder(reassignments()).build(
                    version);
            case LIST_PARTITION_REASSIGNMENTS -> new ListPartitionReassignmentsRequest.Builder(
                    new ListPartitionReassignmentsRequestData().setTopics(null)).build(version);
            case DESCRIBE_LOG_DIRS -> new DescribeLogDirsRequest(new DescribeLogDirsRequestData().setTopics(null),
                    version);
            case JOIN_GROUP, SYNC_GROUP, HEARTBEAT, LEAVE_GROUP, CONSUMER_GROUP_HEARTBEAT, CONSUMER_GROUP_DESCRIBE,
                    OFFSET_COMMIT, OFFSET_FETCH, OFFSET_DELETE, DESCRIBE_GROUPS, DELETE_GROUPS ->
                GroupRequests.of(key, version);
            default -> throw new IllegalStateException("no request is made for " + key);
        };
    }

    private ProduceRequestData produce(short version) {
        TopicProduceDataCollection data = new TopicProduceDataCollection();
        for (TopicImage topic : List.of(here, elsewhere, missing)) {
            MemoryRecords records = MemoryRecords.withRecords(Compression.NONE, new SimpleRecord("v".getBytes(
                    java.nio.charset.StandardCharsets.UTF_8)));
            TopicProduceData named = new TopicProduceData().setPartitionData(List.of(new PartitionProduceData()
                    .setIndex(0).setRecords(records)));
            data.add(version >= 13 ? named.setTopicId(topic.id()) : named.setName(topic.name()));
        }
        return new ProduceRequestData().setAcks((short) -1).setTimeoutMs(1_000).setTopicData(data);
    }

    private FetchRequestData fetch(short version) {
        List<FetchTopic> topics = Stream.of(here, elsewhere, missing)
                .map(topic -> (version >= 13 ? new FetchTopic().setTopicId(topic.id())
                        : new FetchTopic().setTopic(topic.name()))
                        .setPartitions(List.of(new FetchPartition().setPartition(0).setPartitionMaxBytes(1_000))))
                .toList();
        return new FetchRequestData().setMaxBytes(1_000).setMaxWaitMs(10).setMinBytes(1).setIsolationLevel((byte) 1)
                .setTopics(topics);
    }

    private ListOffsetsRequestData listOffsets() {
        List<ListOffsetsTopic> topics = Stream.of(here, elsewhere, missing)
                .map(topic -> new ListOffsetsTopic().setName(topic.name())
                        .setPartitions(List.of(new ListOffsetsPartition().setPartitionIndex(0).setTimestamp(-1))))
                .toList();
        return new ListOffsetsRequestData().setReplicaId(-1).setTopics(topics);
    }

    private DeleteRecordsRequestData deleteRecords() {
        return new DeleteRecordsRequestData().setTimeoutMs(1_000).setTopics(Stream.of(here, elsewhere, missing).map(
                topic -> new DeleteRecordsTopic().setName(topic.name()).setPartitions(List.of(
                        new DeleteRecordsPartition().setPartitionIndex(0)))).toList());
    }

    private AlterPartitionReassignmentsRequestData reassignments() {
        return new AlterPartitionReassignmentsRequestData().setTopics(List.of(
                new ReassignableTopic().setName("here").setPartitions(List.of(new ReassignablePartition()
                        .setPartitionIndex(0).setReplicas(null))),
                new ReassignableTopic().setName("elsewhere").setPartitions(List.of(new ReassignablePartition()
                        .setPartitionIndex(0).setReplicas(List.of(0))))));
    }

    private OffsetForLeaderEpochRequestData leaderEpochs() {
        OffsetForLeaderTopicCollection topics = new OffsetForLeaderTopicCollection();
        for (TopicImage topic : List.of(here, elsewhere, missing)) {
            topics.add(new OffsetForLeaderTopic().setTopic(topic.name()).setPartitions(List.of(
                    new OffsetForLeaderPartition().setPartition(0).setLeaderEpoch(0))));
        }
        return new OffsetForLeaderEpochRequestData().setTopics(topics);
    }

    private List<MetadataRequestTopic> topics(short version) {
        return Stream.of(here, elsewhere, missing).map(topic -> version >= 12
                ? new MetadataRequestTopic().setName(null).setTopicId(topic.id())
                : new MetadataRequestTopic().setName(topic.name())).toList();
    }

    private static CreateTopicsRequestData createTopics(short version) {
        CreatableTopicCollection topics = new CreatableTopicCollection();
        topics.add(new CreatableTopic().setName("made-" + version).setNumPartitions(1).setReplicationFactor((short) 1));
        topics.add(new CreatableTopic().setName("here").setNumPartitions(1).setReplicationFactor((short) 1));
        return new CreateTopicsRequestData().setTimeoutMs(1_000).setTopics(topics);
    }

    private DeleteTopicsRequestData deleteTopics(short version) {
        DeleteTopicsRequestData data = new DeleteTopicsRequestData().setTimeoutMs(1_000);
        return version < 6 ? data.setTopicNames(List.of("missing", "made-" + version))
                : data.setTopics(List.of(new DeleteTopicState().setName(null).setTopicId(missing.id()),
                        new DeleteTopicState().setName("missing")));
    }
}
