package io.millrace.coordinator.listener;

import io.millrace.coordinator.group.classic.ClassicEvent;
import io.millrace.coordinator.group.classic.ClassicProfile;
import io.millrace.coordinator.group.classic.ClassicProfile.Protocol;
import io.millrace.coordinator.group.classic.Opaque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.errors.InconsistentGroupProtocolException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.requests.JoinGroupRequest;
import org.jspecify.annotations.Nullable;

/** Requests of the classic protocol in the terms of its machine. Pure. */
final class ClassicRequests {
    private static final short KNOWS_PROTOCOL_VERSION = 5;
    /** A UUID and a hyphen follow. */
    private static final int MAX_ID_PREFIX_LENGTH = 200;

    private ClassicRequests() {}

    /** @param random what makes a new member's id its own */
    record Sender(String clientId, String clientHost, String random) {}

    static ClassicEvent.Join join(long request, JoinGroupRequestData join, short version, Sender sender) {
        checkInstance(join.groupInstanceId());
        if (!join.memberId().isEmpty()) {
            Names.member(join.memberId());
        }
        if (join.rebalanceTimeoutMs() < 0) {
            throw new InvalidRequestException("the rebalance timeout must not be negative: " + join
                    .rebalanceTimeoutMs());
        }
        var protocols = new LinkedHashMap<String, Protocol>();
        join.protocols().forEach(protocol -> {
            requireStorable(protocol.name());
            protocols.putIfAbsent(protocol.name(), new Protocol(protocol.name(), Opaque.of(protocol.metadata())));
        });
        if (!join.protocolType().isEmpty()) {
            requireStorable(join.protocolType());
        }
        var profile = new ClassicProfile(join.groupInstanceId(), sender.clientId(), sender.clientHost(), join
                .sessionTimeoutMs(), join.rebalanceTimeoutMs(), join.protocolType(), List.copyOf(protocols.values()));
        return new ClassicEvent.Join(request, join.memberId(), freshId(join, sender), profile, JoinGroupRequest
                .requiresKnownMemberId(version), JoinGroupRequest.supportsSkippingAssignment(version));
    }

    private static void requireStorable(String protocol) {
        if (!Names.isStorable(protocol)) {
            throw new InvalidRequestException("a protocol's name has 1 to 255 characters, none of them NUL");
        }
    }

    private static String freshId(JoinGroupRequestData join, Sender sender) {
        String prefix = join.groupInstanceId() == null ? sender.clientId() : join.groupInstanceId();
        return prefix.substring(0, Math.min(prefix.length(), MAX_ID_PREFIX_LENGTH)) + "-" + sender.random();
    }

    private static void checkInstance(@Nullable String instanceId) {
        if (instanceId != null) {
            Names.instance(instanceId);
        }
    }

    static ClassicEvent.Sync sync(long request, SyncGroupRequestData sync, short version) {
        if (version >= KNOWS_PROTOCOL_VERSION && (sync.protocolType() == null || sync.protocolName() == null)) {
            throw new InconsistentGroupProtocolException("the protocol and its type are missing");
        }
        Map<String, Opaque> assignments = new HashMap<>();
        sync.assignments().forEach(assignment -> assignments.put(assignment.memberId(), Opaque.of(assignment
                .assignment())));
        return new ClassicEvent.Sync(request, new ClassicEvent.Sender(sync.memberId(), sync.groupInstanceId()), sync
                .generationId(), sync.protocolType(), sync.protocolName(), assignments);
    }

    static ClassicEvent.Leave leave(long request, List<MemberIdentity> members) {
        return new ClassicEvent.Leave(request, members.stream().map(member -> new ClassicEvent.Sender(member.memberId(),
                member.groupInstanceId())).toList());
    }
}
