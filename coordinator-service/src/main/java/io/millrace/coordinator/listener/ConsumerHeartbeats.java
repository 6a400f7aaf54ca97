package io.millrace.coordinator.listener;

import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.Member;
import io.millrace.coordinator.group.MemberProfile;
import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.Subscription;
import io.millrace.coordinator.group.TopicPattern;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData.TopicPartitions;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.requests.ConsumerGroupHeartbeatRequest;
import org.jspecify.annotations.Nullable;

/**
 * Heartbeats of Kafka's consumers (KIP-848, "ConsumerGroupHeartbeat API") in the terms of the group machine, and back. What a heartbeat
 * leaves out is as the member said before. Pure.
 */
final class ConsumerHeartbeats {
    private static final int UNCHANGED = -1;

    /** @param sessionTimeoutMs silence after which a member counts as dead; the client has no say in it */
    record Sender(String clientId, String clientHost, int sessionTimeoutMs) {}

    private ConsumerHeartbeats() {}

    static boolean isJoin(ConsumerGroupHeartbeatRequestData heartbeat) {
        return heartbeat.memberEpoch() == ConsumerGroupHeartbeatRequest.JOIN_GROUP_MEMBER_EPOCH;
    }

    /** @return whether a static member goes to come back */
    static boolean isGoForNow(ConsumerGroupHeartbeatRequestData heartbeat) {
        return heartbeat.memberEpoch() == ConsumerGroupHeartbeatRequest.LEAVE_GROUP_STATIC_MEMBER_EPOCH;
    }

    static boolean isLeave(ConsumerGroupHeartbeatRequestData heartbeat) {
        return heartbeat.memberEpoch() == ConsumerGroupHeartbeatRequest.LEAVE_GROUP_MEMBER_EPOCH;
    }

    /** @throws org.apache.kafka.common.errors.ApiException where it is refused whatever the group is like */
    static void check(ConsumerGroupHeartbeatRequestData heartbeat, short version) {
        Names.group(heartbeat.groupId());
        boolean idIsMade = isJoin(heartbeat)
                && version < ConsumerGroupHeartbeatRequest.CONSUMER_GENERATED_MEMBER_ID_REQUIRED_VERSION;
        if (!idIsMade || !heartbeat.memberId().isEmpty()) {
            Names.member(heartbeat.memberId());
        }
        if (heartbeat.instanceId() != null) {
            Names.instance(heartbeat.instanceId());
        }
        if (isGoForNow(heartbeat) ? heartbeat.instanceId() == null
                : heartbeat.memberEpoch() < ConsumerGroupHeartbeatRequest.LEAVE_GROUP_MEMBER_EPOCH) {
            throw new InvalidRequestException("there is no member epoch " + heartbeat.memberEpoch());
        }
        if (heartbeat.rebalanceTimeoutMs() < UNCHANGED) {
            throw new InvalidRequestException("the rebalance timeout must not be negative: " + heartbeat
                    .rebalanceTimeoutMs());
        }
        List<String> topics = heartbeat.subscribedTopicNames();
        if (topics != null && !topics.stream().allMatch(Names::isStorable)) {
            throw new InvalidRequestException("the subscription names what cannot be a topic");
        }
        String assignor = heartbeat.serverAssignor();
        if (assignor != null) {
            WireAssignors.named(assignor);
        }
        if (isJoin(heartbeat)) {
            checkJoin(heartbeat);
        }
    }

    private static void checkJoin(ConsumerGroupHeartbeatRequestData heartbeat) {
        if (heartbeat.rebalanceTimeoutMs() == UNCHANGED) {
            throw new InvalidRequestException("a member says its rebalance timeout when it joins");
        }
        if (heartbeat.topicPartitions() == null || !heartbeat.topicPartitions().isEmpty()) {
            throw new InvalidRequestException("a member owns no partition when it joins, and says so");
        }
        // One of no topics is one too: a consumer has it whose pattern, which it looks up itself, matches nothing yet.
        if (heartbeat.subscribedTopicNames() == null && heartbeat.subscribedTopicRegex() == null) {
            throw new InvalidRequestException("a member says what it subscribes to when it joins");
        }
    }

    /** Of a heartbeat that was {@linkplain #check checked}, and joins. */
    static GroupEvent.Join join(ConsumerGroupHeartbeatRequestData heartbeat, Sender sender, Group group) {
        String assignor = heartbeat.serverAssignor();
        String instanceId = heartbeat.instanceId();
        Member named = group.named(instanceId);
        boolean isAnother = named != null && !named.memberId().equals(heartbeat.memberId());
        if (isAnother && !named.isAway()) {
            throw new UnreleasedInstanceIdException("group.instance.id '%s' is member '%s', which has not left"
                    .formatted(
                            instanceId, named.memberId()));
        }
        return new GroupEvent.Join(heartbeat.memberId(), new MemberProfile(sender.clientId(), sender.clientHost(),
                subscription(heartbeat, Subscription.NONE), assignor == null ? null : WireAssignors.named(assignor),
                sender.sessionTimeoutMs(), heartbeat.rebalanceTimeoutMs(), instanceId, null), PartitionId.sorted(List
                        .of()),
                isAnother ? named.memberId() : null);
    }

    /** Of a heartbeat that was {@linkplain #check checked}, and does not join. */
    static GroupEvent event(ConsumerGroupHeartbeatRequestData heartbeat, Group group) {
        String memberId = heartbeat.memberId();
        Member named = group.named(heartbeat.instanceId());
        if (named != null && !named.memberId().equals(memberId)) {
            throw new FencedInstanceIdException("group.instance.id '%s' is member '%s' now".formatted(heartbeat
                    .instanceId(), named.memberId()));
        }
        if (isLeave(heartbeat)) {
            return new GroupEvent.Leave(memberId);
        }
        if (isGoForNow(heartbeat)) {
            return new GroupEvent.GoForNow(memberId);
        }
        Member member = group.member(memberId);
        boolean silent = heartbeat.subscribedTopicNames() == null && heartbeat.subscribedTopicRegex() == null;
        Subscription changed = member == null || silent ? null
                : subscription(heartbeat, member.profile().subscription());
        List<TopicPartitions> owned = heartbeat.topicPartitions();
        String assignor = heartbeat.serverAssignor();
        return new GroupEvent.Heartbeat(memberId, heartbeat.memberEpoch(), owned == null ? null : owned(owned),
                changed, assignor == null ? null : WireAssignors.named(assignor),
                heartbeat.rebalanceTimeoutMs() == UNCHANGED ? null : heartbeat.rebalanceTimeoutMs());
    }

    private static Subscription subscription(ConsumerGroupHeartbeatRequestData heartbeat, Subscription before) {
        List<String> names = heartbeat.subscribedTopicNames();
        String regex = heartbeat.subscribedTopicRegex();
        return new Subscription(names == null ? before.topics() : new TreeSet<>(names),
                regex == null ? before.pattern() : pattern(regex));
    }

    /** An empty one takes back the one before. */
    private static @Nullable TopicPattern pattern(String regex) {
        if (regex.isEmpty()) {
            return null;
        }
        if (regex.indexOf('\0') >= 0) {
            throw new InvalidRegularExpression("a topic pattern holds no NUL");
        }
        try {
            return TopicPattern.of(regex);
        } catch (IllegalArgumentException e) {
            throw new InvalidRegularExpression(e.getMessage());
        }
    }

    private static SortedSet<PartitionId> owned(List<TopicPartitions> topics) {
        var owned = new ArrayList<PartitionId>();
        for (TopicPartitions topic : topics) {
            UUID id = new UUID(topic.topicId().getMostSignificantBits(), topic.topicId().getLeastSignificantBits());
            topic.partitions().forEach(partition -> owned.add(new PartitionId(id, partition)));
        }
        return PartitionId.sorted(owned);
    }

    static ConsumerGroupHeartbeatResponseData.Assignment assignment(SortedSet<PartitionId> assigned) {
        var assignment = new ConsumerGroupHeartbeatResponseData.Assignment();
        byTopic(assigned).forEach((topicId, partitions) -> assignment.topicPartitions().add(
                new ConsumerGroupHeartbeatResponseData.TopicPartitions().setTopicId(topicId).setPartitions(
                        partitions)));
        return assignment;
    }

    static SortedMap<Uuid, List<Integer>> byTopic(SortedSet<PartitionId> partitions) {
        var byTopic = new TreeMap<Uuid, List<Integer>>();
        for (PartitionId partition : partitions) {
            byTopic.computeIfAbsent(new Uuid(partition.topicId().getMostSignificantBits(), partition.topicId()
                    .getLeastSignificantBits()), _ -> new ArrayList<>()).add(partition.partition());
        }
        return byTopic;
    }
}
