package io.millrace.coordinator.listener;

import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.Member;
import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.Topic;
import io.millrace.coordinator.group.TopicPattern;
import io.millrace.coordinator.group.Topics;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;

/** Groups as Kafka's tools are shown them; members over HTTP look like any other. Pure. */
final class GroupDescriptions {
    static final String PROTOCOL_TYPE = "consumer";
    /** Of KIP-848, whose members share a group with those over HTTP. */
    static final String TYPE = "consumer";
    private static final byte CLASSIC_MEMBER = 0;
    private static final byte CONSUMER_MEMBER = 1;

    private GroupDescriptions() {}

    static String state(Group.Phase phase) {
        return switch (phase) {
            case EMPTY -> "Empty";
            case RECONCILING -> "Reconciling";
            case STABLE -> "Stable";
        };
    }

    /** One that never had members, but offsets that somebody committed for it: to Kafka it is of no protocol, and so of the classic one. */
    static boolean isSimple(Group group) {
        return group.epoch() == 0 && group.members().isEmpty();
    }

    static ConsumerGroupDescribeResponseData.DescribedGroup consumerGroup(Group group, Topics topics) {
        var described = new ConsumerGroupDescribeResponseData.DescribedGroup().setGroupId(group.groupId())
                .setGroupState(state(group.phase())).setGroupEpoch(Math.toIntExact(group.epoch()))
                .setAssignmentEpoch(Math.toIntExact(group.epoch())).setAssignorName(WireAssignors.name(group
                        .assignor()));
        for (Member member : group.members().values()) {
            TopicPattern pattern = member.profile().subscription().pattern();
            described.members().add(new ConsumerGroupDescribeResponseData.Member().setMemberId(member.memberId())
                    .setMemberEpoch(Math.toIntExact(member.epoch())).setClientId(member.profile().clientId())
                    .setClientHost(member.profile().clientHost())
                    .setSubscribedTopicNames(List.copyOf(member.profile().subscription().topics()))
                    .setSubscribedTopicRegex(pattern == null ? null : pattern.source())
                    .setAssignment(assignment(member.state().assigned(), topics))
                    .setTargetAssignment(assignment(group.targetOf(member.memberId()), topics))
                    .setInstanceId(member.profile().instanceId()).setMemberType(member.profile().classic() == null
                            ? CONSUMER_MEMBER
                            : CLASSIC_MEMBER));
        }
        return described;
    }

    /** A partition of a topic that is gone has no name to be shown by. */
    private static ConsumerGroupDescribeResponseData.Assignment assignment(SortedSet<PartitionId> partitions,
            Topics topics) {
        var assignment = new ConsumerGroupDescribeResponseData.Assignment();
        ConsumerHeartbeats.byTopic(partitions).forEach((topicId, indexes) -> {
            Topic topic = new WireTopics(topics, true).find(null, topicId);
            if (topic != null) {
                assignment.topicPartitions().add(new ConsumerGroupDescribeResponseData.TopicPartitions().setTopicId(
                        topicId).setTopicName(topic.name()).setPartitions(indexes));
            }
        });
        return assignment;
    }

    /**
     * For clients that know the classic protocol alone, in its words: a group on its way to its assignment is one that rebalances. Kafka
     * calls such a group dead to them.
     */
    static DescribeGroupsResponseData.DescribedGroup classicGroup(Group group, Topics topics) {
        String state = group.phase() == Group.Phase.RECONCILING ? "PreparingRebalance" : state(group.phase());
        var described = new DescribeGroupsResponseData.DescribedGroup().setGroupId(group.groupId()).setGroupState(
                state);
        if (isSimple(group)) {
            return described;
        }
        described.setProtocolType(PROTOCOL_TYPE).setProtocolData(WireAssignors.name(group.assignor()));
        for (Member member : group.members().values()) {
            var subscribed = new ConsumerPartitionAssignor.Subscription(topics.all().stream().filter(topic -> member
                    .profile().subscription().covers(topic)).map(Topic::name).toList());
            described.members().add(new DescribeGroupsResponseData.DescribedGroupMember().setMemberId(member.memberId())
                    .setGroupInstanceId(member.profile().instanceId()).setClientId(member.profile().clientId())
                    .setClientHost(member.profile().clientHost())
                    .setMemberMetadata(bytes(ConsumerProtocol.serializeSubscription(subscribed)))
                    .setMemberAssignment(bytes(ConsumerProtocol.serializeAssignment(
                            new ConsumerPartitionAssignor.Assignment(named(member.state().assigned(), topics))))));
        }
        return described;
    }

    private static List<TopicPartition> named(SortedSet<PartitionId> partitions, Topics topics) {
        var named = new ArrayList<TopicPartition>();
        for (PartitionId partition : partitions) {
            Topic topic = topics.withId(partition.topicId());
            if (topic != null) {
                named.add(new TopicPartition(topic.name(), partition.partition()));
            }
        }
        return named;
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
