package io.millrace.coordinator.listener;

import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.wire.InboundRequest;
import io.millrace.coordinator.group.classic.ClassicEvent;
import io.millrace.coordinator.group.classic.ClassicFault;
import io.millrace.coordinator.group.classic.ClassicReply;
import io.millrace.coordinator.group.runtime.ClassicGroups;
import io.millrace.coordinator.group.runtime.GroupRuntime;
import io.millrace.coordinator.group.runtime.Shard;
import io.millrace.coordinator.group.runtime.Shards;
import io.millrace.coordinator.group.runtime.TopicsFeed;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
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
    private final ClassicGroups classic;
    private final TopicsFeed topics;
    private final ServiceClients services;

    CommitHandler(Shards shards, GroupRuntime runtime, ClassicGroups classic, TopicsFeed topics,
            ServiceClients services) {
        this.shards = shards;
        this.runtime = runtime;
        this.classic = classic;
        this.topics = topics;
        this.services = services;
    }

    void handle(InboundRequest request) {
        var commit = ((OffsetCommitRequest) request.body()).data();
        OffsetCommitResponseData response;
        try {
            response = store(commit, OffsetCommitResponse.useTopicIds(request.version()));
        } catch (RuntimeException e) {
            response = OffsetCommits.refused(commit, fenced(commit, WireErrors.of(e).code()));
        }
        request.respond(new OffsetCommitResponse(response));
    }

    private OffsetCommitResponseData store(OffsetCommitRequestData commit, boolean byId) {
        Shard shard = shards.of(Names.group(commit.groupId()));
        checkClassic(shard, commit);
        OffsetsApi.Member member = commit.generationIdOrMemberEpoch() < 0 ? null
                : new OffsetsApi.Member(Names.member(commit.memberId()), commit.generationIdOrMemberEpoch());
        var wireTopics = new WireTopics(topics.current(), byId);
        OffsetCommits commits = OffsetCommits.of(commit, wireTopics);
        if (member == null && !commits.offsets().isEmpty()) {
            // So that a group that only commits is listed, and goes once its offsets have.
            runtime.within(shard, commit.groupId(), () -> {});
        }
        store(commits, offsets -> stored(commit, new OffsetsApi.Commit(member, offsets), wireTopics));
        return commits.response();
    }

    /**
     * All of a slice or none, but where one of its topics is gone: that is no reason not to store those of the others. Once a slice has
     * failed otherwise, what comes after it would, too.
     */
    private static void store(OffsetCommits commits, Function<List<OffsetsApi.CommitOffset>, Errors> store) {
        int from = 0;
        for (List<OffsetsApi.CommitOffset> slice : commits.slices()) {
            Errors error = store.apply(slice);
            if (isOfOneTopic(error)) {
                storeByTopic(commits, from, slice, store);
            } else if (error != Errors.NONE) {
                commits.failed(from, commits.offsets().size(), error);
                return;
            }
            from += slice.size();
        }
    }

    private static void storeByTopic(OffsetCommits commits, int first, List<OffsetsApi.CommitOffset> slice,
            Function<List<OffsetsApi.CommitOffset>, Errors> store) {
        AnswerRoom room = AnswerRoom.forGroups(AnswerRoom.MAX_ASKED);
        int from = first;
        for (List<OffsetsApi.CommitOffset> topic : OffsetCommits.byTopic(slice)) {
            commits.failed(from, from + topic.size(), room.tryEnter() ? store.apply(topic)
                    : Errors.COORDINATOR_LOAD_IN_PROGRESS);
            from += topic.size();
        }
    }

    private static boolean isOfOneTopic(Errors error) {
        return error == Errors.UNKNOWN_TOPIC_OR_PARTITION || error == Errors.UNKNOWN_TOPIC_ID;
    }

    private Errors stored(OffsetCommitRequestData commit, OffsetsApi.Commit offsets, WireTopics wireTopics) {
        try {
            services.offsets().commit(commit.groupId(), offsets);
            return Errors.NONE;
        } catch (RuntimeException e) {
            Errors error = fenced(commit, WireErrors.of(e).code());
            return isOfOneTopic(error) ? wireTopics.unknown() : error;
        }
    }

    /** What the offset service cannot see in the member's row: what its group is at just now. A commit that is taken is a sign of life. */
    private void checkClassic(Shard shard, OffsetCommitRequestData commit) {
        if (!runtime.speaksClassic(commit.groupId(), commit.memberId())) {
            return;
        }
        var sender = new ClassicEvent.Sender(commit.memberId(), commit.groupInstanceId());
        var told = new AtomicReference<ClassicReply>();
        classic.ask(shard, commit.groupId(), request -> new ClassicEvent.Commit(request, sender, commit
                .generationIdOrMemberEpoch()), told::set);
        if (told.get() instanceof ClassicReply.Refused(_, ClassicFault fault)) {
            throw ClassicResponses.error(fault).exception();
        }
    }

    private Errors fenced(OffsetCommitRequestData commit, Errors error) {
        if (error == Errors.FENCED_MEMBER_EPOCH && runtime.speaksClassic(commit.groupId(), commit.memberId())) {
            return Errors.ILLEGAL_GENERATION;
        }
        return WireErrors.ofFenced(error);
    }
}
