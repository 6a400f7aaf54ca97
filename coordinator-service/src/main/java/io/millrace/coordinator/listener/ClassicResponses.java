package io.millrace.coordinator.listener;

import io.millrace.coordinator.group.classic.ClassicFault;
import io.millrace.coordinator.group.classic.ClassicReply;
import java.util.List;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.JoinGroupResponseData.JoinGroupResponseMember;
import org.apache.kafka.common.message.LeaveGroupResponseData.MemberResponse;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.HeartbeatResponse;
import org.apache.kafka.common.requests.JoinGroupRequest;
import org.apache.kafka.common.requests.JoinGroupResponse;
import org.apache.kafka.common.requests.LeaveGroupResponse;
import org.apache.kafka.common.requests.SyncGroupResponse;

/** Replies of the classic machine in the words of the protocol. Pure. */
final class ClassicResponses {
    private static final int NO_THROTTLE_MS = 0;

    private ClassicResponses() {}

    static Errors error(ClassicFault fault) {
        return Errors.valueOf(fault.name());
    }

    static AbstractResponse join(ClassicReply reply, short version) {
        return switch (reply) {
            case ClassicReply.Joined joined -> new JoinGroupResponse(new JoinGroupResponseData().setGenerationId(joined
                    .generation()).setProtocolType(joined.protocolType()).setProtocolName(joined.protocolName())
                    .setLeader(joined.leaderId()).setSkipAssignment(joined.skipAssignment()).setMemberId(joined
                            .memberId())
                    .setMembers(joined.members().stream().map(member -> new JoinGroupResponseMember().setMemberId(member
                            .memberId()).setGroupInstanceId(member.instanceId()).setMetadata(member.metadata()
                                    .bytes())).toList()),
                    version);
            case ClassicReply.Refused(String memberId, ClassicFault fault) -> join(error(fault), memberId, version);
            case ClassicReply.Synced _,ClassicReply.Alive _,ClassicReply.Left _ -> throw mismatched(reply);
        };
    }

    static AbstractResponse join(Errors error, String memberId, short version) {
        return new JoinGroupResponse(new JoinGroupResponseData().setErrorCode(error.code()).setGenerationId(
                JoinGroupRequest.UNKNOWN_GENERATION_ID).setProtocolName(JoinGroupRequest.UNKNOWN_PROTOCOL_NAME)
                .setLeader(JoinGroupRequest.UNKNOWN_MEMBER_ID).setMemberId(memberId).setMembers(List.of()), version);
    }

    static AbstractResponse sync(ClassicReply reply) {
        return switch (reply) {
            case ClassicReply.Synced synced -> new SyncGroupResponse(new SyncGroupResponseData().setProtocolType(synced
                    .protocolType()).setProtocolName(synced.protocolName()).setAssignment(synced.assignment()
                            .bytes()));
            case ClassicReply.Refused(_, ClassicFault fault) -> sync(error(fault));
            case ClassicReply.Joined _,ClassicReply.Alive _,ClassicReply.Left _ -> throw mismatched(reply);
        };
    }

    static AbstractResponse sync(Errors error) {
        return new SyncGroupResponse(new SyncGroupResponseData().setErrorCode(error.code()).setAssignment(new byte[0]));
    }

    static AbstractResponse heartbeat(ClassicReply reply) {
        return switch (reply) {
            case ClassicReply.Alive() -> heartbeat(Errors.NONE);
            case ClassicReply.Refused(_, ClassicFault fault) -> heartbeat(error(fault));
            case ClassicReply.Joined _,ClassicReply.Synced _,ClassicReply.Left _ -> throw mismatched(reply);
        };
    }

    static AbstractResponse heartbeat(Errors error) {
        return new HeartbeatResponse(new HeartbeatResponseData().setErrorCode(error.code()));
    }

    static AbstractResponse leave(ClassicReply reply, short version) {
        return switch (reply) {
            case ClassicReply.Left(var leavers) -> new LeaveGroupResponse(leavers.stream().map(leaver -> {
                ClassicFault fault = leaver.fault();
                return new MemberResponse().setMemberId(leaver.sender().memberId()).setGroupInstanceId(leaver.sender()
                        .instanceId()).setErrorCode((fault == null ? Errors.NONE : error(fault)).code());
            }).toList(), Errors.NONE, NO_THROTTLE_MS, version);
            case ClassicReply.Refused(_, ClassicFault fault) -> leave(error(fault), version);
            case ClassicReply.Joined _,ClassicReply.Synced _,ClassicReply.Alive _ -> throw mismatched(reply);
        };
    }

    static AbstractResponse leave(Errors error, short version) {
        return new LeaveGroupResponse(List.of(), error, NO_THROTTLE_MS, version);
    }

    private static IllegalStateException mismatched(ClassicReply reply) {
        return new IllegalStateException("the reply is to another kind of request: " + reply);
    }
}
