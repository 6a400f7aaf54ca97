package io.millrace.coordinator.group.classic;

import org.jspecify.annotations.Nullable;

/** Who is let into a classic group, and what its members may say: Kafka's rules, and the limits of what a group holds. */
record Admission(ClassicLimits limits) {
    /** Why an event is refused whatever its group is like; null where it depends on that. */
    @Nullable
    ClassicFault refusalOf(ClassicEvent event) {
        return switch (event) {
            case ClassicEvent.Join join -> refusalOf(join.profile());
            case ClassicEvent.Leave(_, var leavers) when leavers.size() > limits.maxMembers() ->
                ClassicFault.INVALID_REQUEST;
            case ClassicEvent.Sync _,ClassicEvent.Heartbeat _,ClassicEvent.Commit _,ClassicEvent.Leave _,ClassicEvent.Disconnect _,ClassicEvent.Tick _,ClassicEvent.Restart _ ->
                null;
        };
    }

    private @Nullable ClassicFault refusalOf(ClassicProfile profile) {
        int sessionTimeoutMs = profile.sessionTimeoutMs();
        if (sessionTimeoutMs < limits.minSessionTimeoutMs() || sessionTimeoutMs > limits.maxSessionTimeoutMs()) {
            return ClassicFault.INVALID_SESSION_TIMEOUT;
        }
        if (profile.protocolType().isEmpty() || profile.protocols().isEmpty()) {
            return ClassicFault.INCONSISTENT_GROUP_PROTOCOL;
        }
        boolean fits = profile.sizeBytes() <= limits.maxMetadataBytes() && profile.protocols().size() <= limits
                .maxProtocols();
        return fits ? null : ClassicFault.INVALID_REQUEST;
    }

    @Nullable
    ClassicFault faultOf(ClassicDraft draft, ClassicEvent.Join join) {
        ClassicFault refusal = refusalOf(join.profile());
        if (refusal != null) {
            return refusal;
        }
        if (!hasRoomFor(draft, join) || !holds(draft, join)) {
            return ClassicFault.GROUP_MAX_SIZE_REACHED;
        }
        return agrees(draft, join.profile()) ? null : ClassicFault.INCONSISTENT_GROUP_PROTOCOL;
    }

    /** While a group gathers, those count who have joined: of more members than it may have, the last to join have to go. */
    private boolean hasRoomFor(ClassicDraft draft, ClassicEvent.Join join) {
        if (join.memberId().isEmpty() && draft.pending.size() >= limits.maxMembers()) {
            return false;
        }
        ClassicMember known = draft.known(join);
        if (draft.phase instanceof ClassicPhase.PreparingRebalance) {
            return known != null && known.awaitsGeneration() || draft.members.values().stream().filter(
                    ClassicMember::awaitsGeneration).count() < limits.maxMembers();
        }
        return known != null || draft.members.size() < limits.maxMembers();
    }

    private boolean holds(ClassicDraft draft, ClassicEvent.Join join) {
        ClassicMember known = draft.known(join);
        long otherBytes = ClassicGroup.heldBytes(draft.members, draft.pending) - (known == null ? 0
                : known
                        .heldBytes());
        String memberId = join.memberId().isEmpty() ? join.freshId() : join.memberId();
        return otherBytes + ClassicMember.heldBytes(memberId, join.profile()) <= limits.maxGroupBytes();
    }

    private static boolean agrees(ClassicDraft draft, ClassicProfile profile) {
        return draft.members.isEmpty() || profile.protocolType().equals(draft.protocolType) && ProtocolVote
                .agree(draft.members.values(), profile);
    }

    @Nullable
    ClassicFault faultOf(ClassicDraft draft, ClassicEvent.Sync sync) {
        ClassicFault fault = draft.faultOf(sync.sender());
        if (fault != null) {
            return fault;
        }
        if (sync.generation() != draft.generation) {
            return ClassicFault.ILLEGAL_GENERATION;
        }
        if (sync.protocolType() != null && !sync.protocolType().equals(draft.protocolType)
                || sync.protocolName() != null && !sync.protocolName().equals(draft.protocolName)) {
            return ClassicFault.INCONSISTENT_GROUP_PROTOCOL;
        }
        long allBytes = 0;
        for (Opaque assignment : sync.assignments().values()) {
            if (assignment.sizeBytes() > limits.maxAssignmentBytes()) {
                return ClassicFault.INVALID_REQUEST;
            }
            allBytes += assignment.sizeBytes();
        }
        for (ClassicMember member : draft.members.values()) {
            allBytes += ClassicMember.heldBytes(member.memberId(), member.profile());
        }
        return allBytes <= limits.maxGroupBytes() ? null : ClassicFault.INVALID_REQUEST;
    }
}
