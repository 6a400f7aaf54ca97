package io.millrace.coordinator.listener;

import io.millrace.common.api.GroupsApi;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.wire.InboundRequest;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.Topic;
import io.millrace.coordinator.group.Topics;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ConsumerMetadata;
import io.millrace.coordinator.group.runtime.GroupRuntime;
import io.millrace.coordinator.group.runtime.Shards;
import io.millrace.coordinator.group.runtime.TopicsFeed;
import java.util.LinkedHashSet;
import java.util.List;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.message.DeleteGroupsResponseData;
import org.apache.kafka.common.message.DeleteGroupsResponseData.DeletableGroupResult;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestPartition;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteResponseData;
import org.apache.kafka.common.message.OffsetDeleteResponseData.OffsetDeleteResponsePartition;
import org.apache.kafka.common.message.OffsetDeleteResponseData.OffsetDeleteResponseTopic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DeleteGroupsRequest;
import org.apache.kafka.common.requests.DeleteGroupsResponse;
import org.apache.kafka.common.requests.ListGroupsRequest;
import org.apache.kafka.common.requests.ListGroupsResponse;
import org.apache.kafka.common.requests.OffsetDeleteRequest;
import org.apache.kafka.common.requests.OffsetDeleteResponse;
import org.springframework.stereotype.Component;

/** Lists and deletes the groups of this coordinator, and what they have committed. */
@Component
class GroupsHandler {
    private final GroupsApi groups;
    private final Shards shards;
    private final GroupRuntime runtime;
    private final TopicsFeed topics;
    private final ServiceClients services;

    GroupsHandler(GroupsApi groups, Shards shards, GroupRuntime runtime, TopicsFeed topics, ServiceClients services) {
        this.groups = groups;
        this.shards = shards;
        this.runtime = runtime;
        this.topics = topics;
        this.services = services;
    }

    void handleList(InboundRequest request) {
        ListGroupsRequestData wanted = ((ListGroupsRequest) request.body()).data();
        var response = new ListGroupsResponseData();
        try {
            runtime.list().forEach(group -> {
                ListGroupsResponseData.ListedGroup listed = listed(group);
                if (isWanted(listed.groupState(), wanted.statesFilter()) && isWanted(listed.groupType(), wanted
                        .typesFilter())) {
                    response.groups().add(listed);
                }
            });
        } catch (RuntimeException e) {
            response.setErrorCode(WireErrors.of(e).code().code());
        }
        request.respond(new ListGroupsResponse(response));
    }

    private static ListGroupsResponseData.ListedGroup listed(GroupRuntime.Listed group) {
        if (group.classic() != null) {
            return ClassicDescriptions.listed(group.classic());
        }
        boolean simple = GroupDescriptions.isSimple(group.group());
        return new ListGroupsResponseData.ListedGroup().setGroupId(group.group().groupId()).setProtocolType(simple ? ""
                : GroupDescriptions.PROTOCOL_TYPE).setGroupState(GroupDescriptions.state(group.group().phase()))
                .setGroupType(simple ? ClassicDescriptions.TYPE : GroupDescriptions.TYPE);
    }

    /** No filter is every group's. */
    private static boolean isWanted(String value, List<String> filter) {
        return filter.isEmpty() || filter.stream().anyMatch(value::equalsIgnoreCase);
    }

    void handleDelete(InboundRequest request) {
        var response = new DeleteGroupsResponseData();
        AnswerRoom room = AnswerRoom.forGroups(AnswerRoom.MAX_ASKED);
        // One that is named twice is answered once.
        for (String groupId : new LinkedHashSet<>(((DeleteGroupsRequest) request.body()).data().groupsNames())) {
            response.results().add(new DeletableGroupResult().setGroupId(groupId).setErrorCode(delete(groupId, room)
                    .code()));
        }
        request.respond(new DeleteGroupsResponse(response));
    }

    private Errors delete(String groupId, AnswerRoom room) {
        try {
            room.enter();
            groups.delete(Names.group(groupId));
            return Errors.NONE;
        } catch (RuntimeException e) {
            return WireErrors.of(e).code();
        }
    }

    void handleOffsetDelete(InboundRequest request) {
        OffsetDeleteResponseData response;
        try {
            response = delete(((OffsetDeleteRequest) request.body()).data());
        } catch (RuntimeException e) {
            response = new OffsetDeleteResponseData().setErrorCode(WireErrors.of(e).code().code());
        }
        request.respond(new OffsetDeleteResponse(response));
    }

    /** Of topics that nobody in the group subscribes to: of the others, the next commit would bring them back. */
    private OffsetDeleteResponseData delete(OffsetDeleteRequestData wanted) {
        shards.of(Names.group(wanted.groupId()));
        Group group = runtime.find(wanted.groupId());
        ClassicGroup classic = runtime.findClassic(wanted.groupId());
        if (classic != null && !classic.isEmpty() && !ConsumerMetadata.PROTOCOL_TYPE.equals(classic.protocolType())) {
            throw new GroupNotEmptyException("group '%s' has members that are no consumers".formatted(wanted
                    .groupId()));
        }
        Topics now = topics.current();
        var response = new OffsetDeleteResponseData();
        var forgotten = new LinkedHashSet<TopicPartition>();
        for (OffsetDeleteRequestTopic topic : wanted.topics()) {
            Topic known = now.named(topic.name());
            boolean read = known != null && (group.members().values().stream().anyMatch(member -> member.profile()
                    .subscription().covers(known)) || classic != null && ClassicDescriptions.reads(classic, known
                            .name()));
            var answered = new OffsetDeleteResponseTopic().setName(topic.name());
            for (OffsetDeleteRequestPartition partition : topic.partitions()) {
                var answer = new OffsetDeleteResponsePartition().setPartitionIndex(partition.partitionIndex());
                if (answered.partitions().find(partition.partitionIndex()) == null) {
                    answered.partitions().add(answer);
                }
                if (read) {
                    answer.setErrorCode(Errors.GROUP_SUBSCRIBED_TO_TOPIC.code());
                } else if (known == null || !WireTopics.has(known, partition.partitionIndex())) {
                    answer.setErrorCode(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
                } else {
                    forgotten.add(new TopicPartition(topic.name(), partition.partitionIndex()));
                }
            }
            response.topics().add(answered);
        }
        if (!forgotten.isEmpty()) {
            services.offsets().forget(wanted.groupId(), new OffsetsApi.Forget(List.copyOf(forgotten)));
        }
        return response;
    }
}
