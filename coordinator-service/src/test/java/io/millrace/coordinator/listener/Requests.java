package io.millrace.coordinator.listener;

import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/** A plain request of each kind that a coordinator answers. */
final class Requests {
    private Requests() {}

    /** @param orders id of the topic {@code orders} */
    static ApiMessage of(ApiKeys key, short version, String group, Uuid orders) {
        return switch (key) {
            case METADATA -> new MetadataRequestData().setTopics(List.of(new MetadataRequestData.MetadataRequestTopic()
                    .setName("orders").setTopicId(Uuid.ZERO_UUID)));
            case FIND_COORDINATOR -> version < 4 ? new FindCoordinatorRequestData().setKey(group)
                    : new FindCoordinatorRequestData().setCoordinatorKeys(List.of(group));
            case INIT_PRODUCER_ID -> new InitProducerIdRequestData().setTransactionalId(null);
            case DESCRIBE_CLUSTER -> new DescribeClusterRequestData();
            case DESCRIBE_CONFIGS -> new DescribeConfigsRequestData().setIncludeSynonyms(true).setIncludeDocumentation(
                    version >= 3).setResources(List.of(new DescribeConfigsRequestData.DescribeConfigsResource()
                            .setResourceType(ConfigResource.Type.TOPIC.id()).setResourceName("orders")
                            .setConfigurationKeys(null)));
            case ALTER_CONFIGS -> new AlterConfigsRequestData();
            case INCREMENTAL_ALTER_CONFIGS -> new IncrementalAlterConfigsRequestData();
            case LIST_CONFIG_RESOURCES -> new ListConfigResourcesRequestData();
            case DESCRIBE_TOPIC_PARTITIONS -> new DescribeTopicPartitionsRequestData();
            case JOIN_GROUP -> {
                var protocols = new JoinGroupRequestData.JoinGroupRequestProtocolCollection();
                protocols.add(new JoinGroupRequestData.JoinGroupRequestProtocol().setName("range").setMetadata(
                        subscription("orders")));
                yield new JoinGroupRequestData().setGroupId(group).setProtocolType("consumer").setSessionTimeoutMs(
                        30_000).setRebalanceTimeoutMs(version < 1 ? -1 : 30_000).setProtocols(protocols);
            }
            case SYNC_GROUP -> new SyncGroupRequestData().setGroupId(group).setMemberId("a").setGenerationId(1)
                    .setProtocolType(version < 5 ? null : "consumer").setProtocolName(version < 5 ? null : "range");
            case HEARTBEAT -> new HeartbeatRequestData().setGroupId(group).setMemberId("a").setGenerationId(1);
            case LEAVE_GROUP -> version < 3 ? new LeaveGroupRequestData().setGroupId(group).setMemberId("nobody")
                    : new LeaveGroupRequestData().setGroupId(group).setMembers(List.of(
                            new LeaveGroupRequestData.MemberIdentity().setMemberId("nobody")));
            case CONSUMER_GROUP_HEARTBEAT -> new ConsumerGroupHeartbeatRequestData().setGroupId(group).setMemberId("a")
                    .setRebalanceTimeoutMs(60_000).setSubscribedTopicNames(List.of("orders")).setTopicPartitions(List
                            .of());
            case CONSUMER_GROUP_DESCRIBE -> new ConsumerGroupDescribeRequestData().setGroupIds(List.of(group));
            case OFFSET_COMMIT -> new OffsetCommitRequestData().setGroupId(group).setTopics(List.of(
                    new OffsetCommitRequestData.OffsetCommitRequestTopic().setName("orders").setTopicId(orders)
                            .setPartitions(List.of(
                                    new OffsetCommitRequestData.OffsetCommitRequestPartition()))));
            case OFFSET_FETCH -> version < 8
                    ? new OffsetFetchRequestData().setGroupId(group).setTopics(List.of())
                    : new OffsetFetchRequestData().setGroups(List.of(
                            new OffsetFetchRequestData.OffsetFetchRequestGroup()
                                    .setGroupId(group).setTopics(null)));
            case OFFSET_DELETE -> new OffsetDeleteRequestData().setGroupId(group);
            case LIST_GROUPS -> new ListGroupsRequestData();
            case DESCRIBE_GROUPS -> new DescribeGroupsRequestData().setGroups(List.of(group));
            case DELETE_GROUPS -> new DeleteGroupsRequestData().setGroupsNames(List.of(group, group));
            default -> throw new IllegalArgumentException("a request of the kind " + key + " is wanted here too");
        };
    }

    /** What a consumer of the classic protocol says of itself. */
    static byte[] subscription(String... topics) {
        return bytes(ConsumerProtocol.serializeSubscription(new Subscription(List.of(topics))));
    }

    static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
