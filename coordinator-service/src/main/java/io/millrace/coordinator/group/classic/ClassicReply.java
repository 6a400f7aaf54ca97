package io.millrace.coordinator.group.classic;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a member is told, at once or later. */
public sealed interface ClassicReply {
    /**
     * A generation begins, or goes on.
     *
     * @param members        for its leader: all members, to assign to
     * @param skipAssignment the leader is not to assign
     */
    record Joined(String memberId, int generation, String protocolType, @Nullable String protocolName, String leaderId,
            boolean skipAssignment, List<JoinedMember> members) implements ClassicReply {}

    /** @param metadata what it says in the protocol that was agreed on */
    record JoinedMember(String memberId, @Nullable String instanceId, Opaque metadata) {}

    record Synced(@Nullable String protocolType, @Nullable String protocolName, Opaque assignment)
            implements
                ClassicReply {}

    record Alive() implements ClassicReply {}

    record Left(List<Leaver> leavers) implements ClassicReply {}

    /** @param fault null where it has left */
    record Leaver(ClassicEvent.Sender sender, @Nullable ClassicFault fault) {}

    /** @param memberId the sender's, a new one where the fault is that it has none, empty where it is to be forgotten */
    record Refused(String memberId, ClassicFault fault) implements ClassicReply {}
}
