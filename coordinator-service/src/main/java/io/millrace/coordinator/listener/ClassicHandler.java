package io.millrace.coordinator.listener;

import io.millrace.common.wire.InboundRequest;
import io.millrace.coordinator.group.classic.ClassicEvent;
import io.millrace.coordinator.group.classic.ClassicFault;
import io.millrace.coordinator.group.classic.ClassicReply;
import io.millrace.coordinator.group.runtime.ClassicGroups;
import io.millrace.coordinator.group.runtime.Shard;
import io.millrace.coordinator.group.runtime.Shards;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.HeartbeatRequest;
import org.apache.kafka.common.requests.JoinGroupRequest;
import org.apache.kafka.common.requests.LeaveGroupRequest;
import org.apache.kafka.common.requests.SyncGroupRequest;
import org.springframework.stereotype.Component;

/**
 * Takes the classic protocol's requests to their groups. Those that wait for other members are answered by whoever ends their waiting;
 * when their connection ends before, they are taken back.
 */
@Component
class ClassicHandler {
    private final Shards shards;
    private final ClassicGroups groups;

    ClassicHandler(Shards shards, ClassicGroups groups) {
        this.shards = shards;
        this.groups = groups;
    }

    void handleJoin(InboundRequest request) {
        var join = ((JoinGroupRequest) request.body()).data();
        short version = request.version();
        Function<Errors, AbstractResponse> refusal = error -> ClassicResponses.join(error, join.memberId(), version);
        answering(request, refusal, () -> {
            Shard shard = shards.of(Names.group(join.groupId()));
            var sender = new ClassicRequests.Sender(Names.shown(request.header().clientId()), "/" + request.peer()
                    .getHostAddress(), UUID.randomUUID().toString());
            // What is wrong with it whatever the group is like, before there is one.
            ClassicEvent.Join checked = ClassicRequests.join(0, join, version, sender);
            ClassicFault fault = groups.refusalOf(checked);
            if (fault != null) {
                throw ClassicResponses.error(fault).exception();
            }
            if (checked.memberId().isEmpty()) {
                groups.make(shard, join.groupId());
            }
            return new Question(shard, join.groupId(), number -> ClassicRequests.join(number, join, version, sender),
                    reply -> ClassicResponses.join(reply, version));
        });
    }

    void handleSync(InboundRequest request) {
        var sync = ((SyncGroupRequest) request.body()).data();
        answering(request, ClassicResponses::sync, () -> {
            Shard shard = shards.of(Names.group(sync.groupId()));
            ClassicEvent.Sync event = ClassicRequests.sync(0, sync, request.version());
            return new Question(shard, sync.groupId(), number -> new ClassicEvent.Sync(number, event.sender(), event
                    .generation(), event.protocolType(), event.protocolName(), event.assignments()),
                    ClassicResponses::sync);
        });
    }

    void handleHeartbeat(InboundRequest request) {
        var heartbeat = ((HeartbeatRequest) request.body()).data();
        answering(request, ClassicResponses::heartbeat, () -> new Question(shards.of(Names.group(heartbeat
                .groupId())), heartbeat.groupId(), number -> new ClassicEvent.Heartbeat(number,
                        new ClassicEvent.Sender(heartbeat.memberId(), heartbeat.groupInstanceId()), heartbeat
                                .generationId()),
                ClassicResponses::heartbeat));
    }

    void handleLeave(InboundRequest request) {
        var leave = (LeaveGroupRequest) request.body();
        short version = request.version();
        answering(request, error -> ClassicResponses.leave(error, version), () -> new Question(shards.of(Names
                .group(leave.data().groupId())), leave.data().groupId(), number -> ClassicRequests.leave(number, leave
                        .members()),
                reply -> ClassicResponses.leave(reply, version)));
    }

    private record Question(Shard shard, String groupId, LongFunction<ClassicEvent> event,
            Function<ClassicReply, AbstractResponse> response) {}

    /** Something that finds out what to ask, or refuses. */
    @FunctionalInterface
    private interface Asking {
        Question question();
    }

    private void answering(InboundRequest request, Function<Errors, AbstractResponse> refusal,
            Asking asking) {
        var answered = new CompletableFuture<Void>();
        try {
            Question question = asking.question();
            ClassicGroups.Asked asked = groups.ask(question.shard(), question.groupId(), question.event(), reply -> {
                request.respond(question.response().apply(reply));
                answered.complete(null);
            });
            if (!answered.isDone()) {
                request.holdNextBack();
                takeBackWithItsConnection(request, asked, answered);
            }
        } catch (RuntimeException e) {
            request.respond(refusal.apply(told(WireErrors.of(e).code())));
        }
    }

    private static void takeBackWithItsConnection(InboundRequest request, ClassicGroups.Asked asked,
            CompletableFuture<Void> answered) {
        Runnable takeBack = () -> {
            answered.complete(null);
            Thread.ofVirtual().name("join-taken-back").start(asked::takeBack);
        };
        request.addCloseAction(takeBack);
        answered.thenRun(() -> request.removeCloseAction(takeBack));
    }

    /**
     * A group that is not there is one that does not know the member; of what may succeed later, clients understand but this. Where there
     * are too many groups, one may go: it is not that this one has too many members.
     */
    static Errors told(Errors error) {
        return switch (error) {
            case GROUP_ID_NOT_FOUND -> Errors.UNKNOWN_MEMBER_ID;
            case COORDINATOR_LOAD_IN_PROGRESS, GROUP_MAX_SIZE_REACHED -> Errors.COORDINATOR_NOT_AVAILABLE;
            default -> error;
        };
    }
}
