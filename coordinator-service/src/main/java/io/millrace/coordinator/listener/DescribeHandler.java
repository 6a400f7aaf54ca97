package io.millrace.coordinator.listener;

import io.millrace.common.listener.AuthorizedOperations;
import io.millrace.common.wire.InboundRequest;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.runtime.GroupRuntime;
import io.millrace.coordinator.group.runtime.Shards;
import io.millrace.coordinator.group.runtime.TopicsFeed;
import java.util.LinkedHashSet;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ConsumerGroupDescribeRequest;
import org.apache.kafka.common.requests.ConsumerGroupDescribeResponse;
import org.apache.kafka.common.requests.DescribeGroupsRequest;
import org.apache.kafka.common.requests.DescribeGroupsResponse;
import org.springframework.stereotype.Component;

/** Shows groups to Kafka's tools. */
@Component
class DescribeHandler {
    /** From here on an unknown group is an error (KIP-1043); before, it is a dead one. */
    private static final short UNKNOWN_GROUP_VERSION = 6;

    private final Shards shards;
    private final GroupRuntime runtime;
    private final TopicsFeed topics;

    DescribeHandler(Shards shards, GroupRuntime runtime, TopicsFeed topics) {
        this.shards = shards;
        this.runtime = runtime;
        this.topics = topics;
    }

    void handleConsumerGroups(InboundRequest request) {
        var response = new ConsumerGroupDescribeResponseData();
        AnswerRoom room = AnswerRoom.forGroups(AnswerRoom.MAX_DESCRIBED);
        var wanted = ((ConsumerGroupDescribeRequest) request.body()).data();
        int operations = operations(wanted.includeAuthorizedOperations());
        // One that is named twice is told once.
        for (String groupId : new LinkedHashSet<>(wanted.groupIds())) {
            try {
                room.enter();
                Group group = find(groupId);
                if (runtime.findClassic(groupId) != null || GroupDescriptions.isSimple(group)) {
                    throw new GroupIdNotFoundException("group '" + groupId + "' is of the classic protocol");
                }
                response.groups().add(room.took(GroupDescriptions.consumerGroup(group, topics.current())
                        .setAuthorizedOperations(operations), request.version()));
            } catch (RuntimeException e) {
                WireErrors.WireError error = WireErrors.of(e);
                response.groups().add(new ConsumerGroupDescribeResponseData.DescribedGroup().setGroupId(groupId)
                        .setErrorCode(error.code().code()).setErrorMessage(error.message()));
            }
        }
        request.respond(new ConsumerGroupDescribeResponse(response));
    }

    void handleGroups(InboundRequest request) {
        var response = new DescribeGroupsResponseData();
        AnswerRoom room = AnswerRoom.forGroups(AnswerRoom.MAX_DESCRIBED);
        var wanted = ((DescribeGroupsRequest) request.body()).data();
        int operations = operations(wanted.includeAuthorizedOperations());
        for (String groupId : new LinkedHashSet<>(wanted.groups())) {
            try {
                room.enter();
                Group group = find(groupId);
                ClassicGroup classic = runtime.findClassic(groupId);
                response.groups().add(room.took((classic == null ? GroupDescriptions.classicGroup(group, topics
                        .current()) : ClassicDescriptions.described(classic)).setAuthorizedOperations(operations),
                        request.version()));
            } catch (RuntimeException e) {
                response.groups().add(failed(groupId, WireErrors.of(e), request.version()));
            }
        }
        request.respond(new DescribeGroupsResponse(response));
    }

    private static int operations(boolean areAskedFor) {
        return areAskedFor ? AuthorizedOperations.OF_GROUP : AuthorizedOperations.NOT_ASKED;
    }

    private static DescribeGroupsResponseData.DescribedGroup failed(String groupId, WireErrors.WireError error,
            short version) {
        var failed = new DescribeGroupsResponseData.DescribedGroup().setGroupId(groupId);
        if (error.code() == Errors.GROUP_ID_NOT_FOUND && version < UNKNOWN_GROUP_VERSION) {
            return failed.setGroupState("Dead");
        }
        failed.setErrorCode(error.code().code());
        return version < UNKNOWN_GROUP_VERSION ? failed : failed.setErrorMessage(error.message());
    }

    private Group find(String groupId) {
        shards.of(Names.group(groupId));
        return runtime.find(groupId);
    }
}
