package io.millrace.coordinator.listener;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.wire.InboundRequest;
import io.millrace.coordinator.group.AssignorName;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.runtime.GroupRuntime;
import io.millrace.coordinator.group.runtime.Shard;
import io.millrace.coordinator.group.runtime.Shards;
import java.util.UUID;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ConsumerGroupHeartbeatRequest;
import org.apache.kafka.common.requests.ConsumerGroupHeartbeatResponse;
import org.springframework.stereotype.Component;

/** Takes the heartbeats of Kafka's consumers to their groups, which they share with consumers over HTTP. */
@Component
class HeartbeatHandler {
    private final Shards shards;
    private final GroupRuntime runtime;
    private final int sessionTimeoutMs;
    private final int intervalMs;

    HeartbeatHandler(Shards shards, GroupRuntime runtime, ListenerSettings settings) {
        this.shards = shards;
        this.runtime = runtime;
        this.sessionTimeoutMs = Math.toIntExact(settings.sessionTimeout().toMillis());
        this.intervalMs = Math.toIntExact(settings.heartbeatInterval().toMillis());
    }

    void handle(InboundRequest request) {
        var heartbeat = ((ConsumerGroupHeartbeatRequest) request.body()).data();
        var response = new ConsumerGroupHeartbeatResponseData().setHeartbeatIntervalMs(intervalMs);
        try {
            ConsumerHeartbeats.check(heartbeat, request.version());
            if (heartbeat.memberId().isEmpty()) {
                heartbeat.setMemberId(UUID.randomUUID().toString());
            }
            answer(heartbeat, beat(heartbeat, new ConsumerHeartbeats.Sender(Names.shown(request.header().clientId()),
                    "/" + request.peer().getHostAddress(), sessionTimeoutMs)), response);
        } catch (RuntimeException e) {
            WireErrors.WireError error = WireErrors.of(e);
            // To a consumer its group is gone only with itself: it is to join again, and not to give up.
            Errors told = error.code() == Errors.GROUP_ID_NOT_FOUND ? Errors.UNKNOWN_MEMBER_ID : error.code();
            response.setErrorCode(told.code()).setErrorMessage(error.message());
        }
        request.respond(new ConsumerGroupHeartbeatResponse(response));
    }

    private GroupReply beat(ConsumerGroupHeartbeatRequestData heartbeat, ConsumerHeartbeats.Sender sender) {
        Shard shard = shards.of(heartbeat.groupId());
        if (!ConsumerHeartbeats.isJoin(heartbeat)) {
            return runtime.apply(shard, heartbeat.groupId(), group -> ConsumerHeartbeats.event(heartbeat, group));
        }
        // What is wrong with it whatever the group is like, before there is one.
        GroupReply.Refused refused = runtime.refusalOf(ConsumerHeartbeats.join(heartbeat, sender, Group.empty(heartbeat
                .groupId(), AssignorName.RANGE)).profile());
        if (refused != null) {
            return refused;
        }
        runtime.within(shard, heartbeat.groupId(), () -> {});
        return runtime.apply(shard, heartbeat.groupId(), group -> ConsumerHeartbeats.join(heartbeat, sender, group));
    }

    private static void answer(ConsumerGroupHeartbeatRequestData heartbeat, GroupReply reply,
            ConsumerGroupHeartbeatResponseData response) {
        switch (reply) {
            case GroupReply.Granted(long memberEpoch, var assigned) -> response.setMemberId(heartbeat.memberId())
                    .setMemberEpoch(Math.toIntExact(memberEpoch))
                    .setAssignment(ConsumerHeartbeats.assignment(assigned));
            case GroupReply.Done() -> response.setMemberId(heartbeat.memberId()).setMemberEpoch(heartbeat
                    .memberEpoch());
            case GroupReply.Refused(ErrorCode code, String message) -> response.setErrorCode(WireErrors.of(code)
                    .code()).setErrorMessage(message);
        }
    }
}
