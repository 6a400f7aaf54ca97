package io.millrace.coordinator.listener;

import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.wire.InboundRequest;
import io.millrace.coordinator.group.Member;
import io.millrace.coordinator.group.runtime.GroupRuntime;
import io.millrace.coordinator.group.runtime.Shards;
import io.millrace.coordinator.group.runtime.TopicsFeed;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.StaleMemberEpochException;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.requests.OffsetFetchRequest;
import org.apache.kafka.common.requests.OffsetFetchResponse;
import org.springframework.stereotype.Component;

/** What groups have committed, over whichever protocol. */
@Component
class OffsetFetchHandler {
    /** Answers of before are not by group. */
    private static final short GROUPS_VERSION = 8;

    private final Shards shards;
    private final GroupRuntime runtime;
    private final TopicsFeed topics;
    private final ServiceClients services;

    OffsetFetchHandler(Shards shards, GroupRuntime runtime, TopicsFeed topics, ServiceClients services) {
        this.shards = shards;
        this.runtime = runtime;
        this.topics = topics;
        this.services = services;
    }

    void handle(InboundRequest request) {
        var fetch = (OffsetFetchRequest) request.body();
        var answers = new ArrayList<OffsetFetchResponseGroup>();
        AnswerRoom room = AnswerRoom.forGroups(AnswerRoom.MAX_ASKED);
        var byId = new LinkedHashMap<String, OffsetFetchRequestGroup>();
        Set<String> repeated = new HashSet<>();
        for (OffsetFetchRequestGroup group : fetch.groups()) {
            if (byId.putIfAbsent(group.groupId(), group) != null) {
                repeated.add(group.groupId());
            }
        }
        for (OffsetFetchRequestGroup group : byId.values()) {
            try {
                if (repeated.contains(group.groupId())) {
                    throw new InvalidRequestException("the group is named twice in the request");
                }
                room.enter();
                answers.add(room.took(fetch(group, new WireTopics(topics.current(), OffsetFetchRequest.useTopicIds(
                        request.version()))), request.version() < GROUPS_VERSION ? GROUPS_VERSION : request.version()));
            } catch (RuntimeException e) {
                answers.add(OffsetFetchResponse.groupError(group, WireErrors.ofFenced(WireErrors.of(e).code()), request
                        .version()));
            }
        }
        request.respond(new OffsetFetchResponse.Builder(answers).build(request.version()));
    }

    private OffsetFetchResponseGroup fetch(OffsetFetchRequestGroup group, WireTopics topics) {
        shards.of(Names.group(group.groupId()));
        String memberId = group.memberId();
        if (memberId != null && group.memberEpoch() >= 0 && !isClassic(group.groupId())) {
            requireMember(group.groupId(), memberId, group.memberEpoch());
        }
        boolean all = OffsetFetchRequest.requestAllOffsets(group);
        List<TopicPartition> wanted = all ? List.of() : CommittedOffsets.wanted(group, topics);
        var committed = all || !wanted.isEmpty()
                ? services.offsets().fetch(group.groupId(), new OffsetsApi.Fetch(all ? null : wanted)).offsets()
                : new ArrayList<OffsetsApi.Committed>();
        return all ? CommittedOffsets.all(group.groupId(), committed, topics)
                : CommittedOffsets.answer(group, committed, topics);
    }

    /** Its members say no epoch; one that does is a stranger, who may ask as anybody may. */
    private boolean isClassic(String groupId) {
        return runtime.classicIfAny(groupId) != null;
    }

    /** Of a group that is not there nothing is committed, whoever asks. */
    private void requireMember(String groupId, String memberId, int memberEpoch) {
        Member member;
        try {
            member = runtime.find(groupId).member(memberId);
        } catch (RefusedException e) {
            if (e.code() != ErrorCode.UNKNOWN_GROUP) {
                throw e;
            }
            return;
        }
        if (member == null) {
            throw new RefusedException(ErrorCode.UNKNOWN_MEMBER, "group '%s' has no member '%s'".formatted(groupId,
                    memberId));
        }
        if (member.epoch() != memberEpoch) {
            throw new StaleMemberEpochException("member '%s' has epoch %d, the request names %d".formatted(memberId,
                    member.epoch(), memberEpoch));
        }
    }
}
