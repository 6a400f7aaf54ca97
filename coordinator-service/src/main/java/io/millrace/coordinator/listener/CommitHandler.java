package io.millrace.coordinator.listener;

import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.wire.InboundRequest;
import io.millrace.coordinator.group.runtime.GroupRuntime;
import io.millrace.coordinator.group.runtime.Shard;
import io.millrace.coordinator.group.runtime.Shards;
import io.millrace.coordinator.group.runtime.TopicsFeed;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetCommitRequest;
import org.apache.kafka.common.requests.OffsetCommitResponse;
import org.springframework.stereotype.Component;

/** Commits of Kafka clients, to where those over HTTP go. The offset service fences them by the member's stored epoch. */
@Component
class CommitHandler {
    private final Shards shards;
    private final GroupRuntime runtime;
    private final TopicsFeed topics;
    private final ServiceClients services;

    CommitHandler(Shards shards, GroupRuntime runtime, TopicsFeed topics, ServiceClients services) {
        this.shards = shards;
        this.runtime = runtime;
        this.topics = topics;
        this.services = services;
    }

    void handle(InboundRequest request) {
        var commit = ((OffsetCommitRequest) request.body()).data();
        OffsetCommitResponseData response;
        try {
            response = store(commit, OffsetCommitResponse.useTopicIds(request.version()));
        } catch (RuntimeException e) {
            response = OffsetCommits.refused(commit, WireErrors.ofFenced(WireErrors.of(e).code()));
        }
        request.respond(new OffsetCommitResponse(response));
    }

    private OffsetCommitResponseData store(OffsetCommitRequestData commit, boolean byId) {
        Shard shard = shards.of(Names.group(commit.groupId()));
        if (commit.groupInstanceId() != null) {
            throw new InvalidRequestException("static membership (group.instance.id) is not available");
        }
        OffsetsApi.Member member = null;
        if (commit.generationIdOrMemberEpoch() >= 0) {
            member = new OffsetsApi.Member(Names.member(commit.memberId()), commit.generationIdOrMemberEpoch());
        } else {
            // So that a group that only commits is listed, and goes once its offsets have.
            runtime.within(shard, commit.groupId(), () -> {});
        }
        OffsetCommits commits = OffsetCommits.of(commit, new WireTopics(topics.current(), byId));
        if (!commits.offsets().isEmpty()) {
            try {
                services.offsets().commit(commit.groupId(), new OffsetsApi.Commit(member, commits.offsets()));
            } catch (RuntimeException e) {
                Errors error = WireErrors.ofFenced(WireErrors.of(e).code());
                commits.failed(error);
            }
        }
        return commits.response();
    }
}
