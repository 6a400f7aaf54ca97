package io.millrace.coordinator.listener;

import io.millrace.common.metadata.CoordinatorNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData.SyncGroupRequestAssignment;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.HeartbeatRequest;
import org.apache.kafka.common.requests.HeartbeatResponse;
import org.apache.kafka.common.requests.JoinGroupRequest;
import org.apache.kafka.common.requests.JoinGroupResponse;
import org.apache.kafka.common.requests.SyncGroupRequest;
import org.apache.kafka.common.requests.SyncGroupResponse;
import org.jspecify.annotations.Nullable;

/** A member that sends single requests of the classic protocol over a connection of its own. */
final class ClassicClient implements AutoCloseable {
    static final int TIMEOUT_MS = 30_000;

    final WireClient wire;
    private final String group;
    String type = "consumer";
    byte[] metadata = Requests.subscription("orders");
    @Nullable
    String instanceId;
    String memberId = "";
    int generation = -1;

    ClassicClient(CoordinatorNode node, String group) {
        this.wire = new WireClient(node);
        this.group = group;
    }

    CompletableFuture<JoinGroupResponseData> beginJoin(int asked) {
        var protocols = new JoinGroupRequestData.JoinGroupRequestProtocolCollection();
        protocols.add(new JoinGroupRequestProtocol().setName("range").setMetadata(metadata));
        var join = new JoinGroupRequestData().setGroupId(group).setMemberId(memberId).setProtocolType(type)
                .setGroupInstanceId(instanceId).setSessionTimeoutMs(TIMEOUT_MS).setRebalanceTimeoutMs(TIMEOUT_MS)
                .setProtocols(protocols);
        return wire.begin(ApiKeys.JOIN_GROUP, asked, version -> new JoinGroupRequest(join, version),
                JoinGroupResponse.class).thenApply(response -> {
                    JoinGroupResponseData data = response.data();
                    Errors error = Errors.forCode(data.errorCode());
                    if (error == Errors.NONE) {
                        generation = data.generationId();
                    }
                    if (error == Errors.NONE || error == Errors.MEMBER_ID_REQUIRED) {
                        memberId = data.memberId();
                    }
                    return data;
                });
    }

    /** Until it is a member of a generation. */
    JoinGroupResponseData join() {
        JoinGroupResponseData joined = beginJoin(9).join();
        return joined.errorCode() == Errors.MEMBER_ID_REQUIRED.code() ? beginJoin(9).join() : joined;
    }

    CompletableFuture<SyncGroupResponseData> beginSync(Map<String, byte[]> assignments) {
        var sync = new SyncGroupRequestData().setGroupId(group).setMemberId(memberId).setGenerationId(generation)
                .setGroupInstanceId(instanceId).setProtocolType(type).setProtocolName("range").setAssignments(
                        assignments.entrySet().stream().map(entry -> new SyncGroupRequestAssignment().setMemberId(entry
                                .getKey()).setAssignment(entry.getValue())).toList());
        return wire.begin(ApiKeys.SYNC_GROUP, 5, version -> new SyncGroupRequest.Builder(sync).build(version),
                SyncGroupResponse.class).thenApply(SyncGroupResponse::data);
    }

    Errors heartbeat() {
        return wire.send(ApiKeys.HEARTBEAT, 4, version -> new HeartbeatRequest.Builder(new HeartbeatRequestData()
                .setGroupId(group).setMemberId(memberId).setGenerationId(generation).setGroupInstanceId(instanceId))
                .build(version), HeartbeatResponse.class).error();
    }

    /** One turn of a consumer's life: to join where it must, and to assign where it leads. */
    Errors turn() {
        if (generation < 0) {
            JoinGroupResponseData joined = join();
            if (joined.errorCode() != Errors.NONE.code()) {
                return Errors.forCode(joined.errorCode());
            }
            boolean leads = joined.leader().equals(memberId);
            var assigned = beginSync(leads ? assignAll(joined) : Map.of()).join();
            if (assigned.errorCode() != Errors.NONE.code()) {
                generation = -1;
            }
            return Errors.forCode(assigned.errorCode());
        }
        Errors error = heartbeat();
        if (error != Errors.NONE) {
            generation = -1;
        }
        return error;
    }

    private static Map<String, byte[]> assignAll(JoinGroupResponseData joined) {
        var assignments = new HashMap<String, byte[]>();
        List<JoinGroupResponseData.JoinGroupResponseMember> members = joined.members();
        members.forEach(member -> assignments.put(member.memberId(), new byte[]{(byte) members.size()}));
        return assignments;
    }

    @Override
    public void close() {
        wire.close();
    }
}
