package io.millrace.coordinator.group.classic;

import java.util.Collection;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A group of the classic protocol at one moment; immutable. All times are of a clock that only goes forward.
 *
 * @param generation    rises with each rebalance, and fences requests and commits of earlier ones
 * @param protocolType  of its members, and of its last ones when it has none; null before the first
 * @param protocolName  what the members of the present generation agreed on; null where they have not
 * @param leaderId      the member that assigns; null where there is none
 * @param pending       ids that were given out and not come back with yet (KIP-394), and until when that is waited for
 */
public record ClassicGroup(String groupId, int generation, ClassicPhase phase, @Nullable String protocolType,
        @Nullable String protocolName, @Nullable String leaderId, SortedMap<String, ClassicMember> members,
        SortedMap<String, Long> pending) {
    public static final long NEVER = Long.MAX_VALUE;

    public ClassicGroup {
        members = Collections.unmodifiableSortedMap(members);
        pending = Collections.unmodifiableSortedMap(pending);
    }

    /** @param generation the last that a group of this name had, of whatever type */
    public static ClassicGroup empty(String groupId, int generation) {
        return new ClassicGroup(groupId, generation, new ClassicPhase.Empty(), null, null, null, new TreeMap<>(),
                new TreeMap<>());
    }

    /**
     * As it was stored, in the middle of a generation. Its times do not run before {@link ClassicEvent.Restart}.
     *
     * @param isAssigned whether the leader had assigned
     */
    public static ClassicGroup stored(String groupId, int generation, @Nullable String protocolType,
            @Nullable String protocolName, @Nullable String leaderId, Collection<ClassicMember> members,
            boolean isAssigned) {
        var byId = new TreeMap<String, ClassicMember>();
        members.forEach(member -> byId.put(member.memberId(), member));
        ClassicPhase phase;
        if (byId.isEmpty()) {
            phase = new ClassicPhase.Empty();
        } else if (protocolName == null) {
            // Its members had another leader until then, and are to agree first.
            phase = joining(NEVER);
        } else {
            phase = isAssigned ? new ClassicPhase.Stable(NEVER) : new ClassicPhase.CompletingRebalance(NEVER);
        }
        return new ClassicGroup(groupId, generation, phase, protocolType, protocolName, leaderId, byId,
                new TreeMap<>());
    }

    /** Of members that were led otherwise until now: all join again, agree on a protocol, and one of them assigns. */
    public static ClassicGroup joiningAgain(String groupId, int generation, Collection<ClassicMember> members,
            long nowMs) {
        var byId = new TreeMap<String, ClassicMember>();
        members.forEach(member -> byId.put(member.memberId(), member.heard(nowMs)));
        int timeoutMs = members.stream().mapToInt(member -> member.profile().rebalanceTimeoutMs()).max().orElse(0);
        return new ClassicGroup(groupId, generation, joining(nowMs + timeoutMs), ConsumerMetadata.PROTOCOL_TYPE, null,
                byId.firstKey(), byId, new TreeMap<>());
    }

    private static ClassicPhase joining(long endsAtMs) {
        return new ClassicPhase.PreparingRebalance(false, false, 0, endsAtMs);
    }

    /** About the memory that it takes. */
    public long heldBytes() {
        return heldBytes(members, pending);
    }

    static long heldBytes(SortedMap<String, ClassicMember> members, SortedMap<String, Long> pending) {
        long bytes = 0;
        for (ClassicMember member : members.values()) {
            bytes += member.heldBytes();
        }
        for (String memberId : pending.keySet()) {
            bytes += HeldBytes.of(memberId) + HeldBytes.OBJECT;
        }
        return bytes;
    }

    public boolean isEmpty() {
        return phase instanceof ClassicPhase.Empty;
    }

    /** Whether nobody is a member or about to become one. */
    public boolean isUnused() {
        return isEmpty() && pending.isEmpty();
    }

    /** False of one that has only given out ids so far, which nobody has come back with. */
    public boolean hasHadMembers() {
        return protocolType != null;
    }

    public @Nullable ClassicMember member(String memberId) {
        return members.get(memberId);
    }

    /** Whether the present generation has its assignment. */
    public boolean isAssigned() {
        return phase instanceof ClassicPhase.Stable;
    }

    /**
     * Why nothing may be committed under this name; null where it may. While all join again, what was read in the generation before is
     * still taken; once the next has begun, a member that joined it is to get its assignment first.
     *
     * @param generation negative for a sender that is no member
     */
    @Nullable
    ClassicFault faultOfCommit(ClassicEvent.Sender sender, int generation) {
        if (generation < 0 && isEmpty()) {
            return null;
        }
        if (generation < 0 && sender.memberId().isEmpty() && sender.instanceId() == null) {
            return ClassicFault.UNKNOWN_MEMBER_ID;
        }
        ClassicFault fault = faultOf(members, sender);
        if (fault != null) {
            return fault;
        }
        if (generation != this.generation) {
            return ClassicFault.ILLEGAL_GENERATION;
        }
        return phase instanceof ClassicPhase.CompletingRebalance ? ClassicFault.REBALANCE_IN_PROGRESS : null;
    }

    static @Nullable ClassicMember staticMember(SortedMap<String, ClassicMember> members, @Nullable String instanceId) {
        if (instanceId == null) {
            return null;
        }
        for (ClassicMember member : members.values()) {
            if (instanceId.equals(member.profile().instanceId())) {
                return member;
            }
        }
        return null;
    }

    /** Why the sender cannot speak for a member; null where it can. */
    static @Nullable ClassicFault faultOf(SortedMap<String, ClassicMember> members, ClassicEvent.Sender sender) {
        if (sender.instanceId() != null) {
            ClassicMember holder = staticMember(members, sender.instanceId());
            if (holder == null) {
                return ClassicFault.UNKNOWN_MEMBER_ID;
            }
            if (!holder.memberId().equals(sender.memberId())) {
                return ClassicFault.FENCED_INSTANCE_ID;
            }
        }
        return members.containsKey(sender.memberId()) ? null : ClassicFault.UNKNOWN_MEMBER_ID;
    }

    /** When {@link ClassicEvent.Tick} is due. */
    public long nextDeadlineMs() {
        long deadlineMs = switch (phase) {
            case ClassicPhase.Empty _ -> NEVER;
            case ClassicPhase.PreparingRebalance preparing -> preparing.endsAtMs();
            case ClassicPhase.CompletingRebalance(long syncedByMs) -> syncedByMs;
            case ClassicPhase.Stable(long syncedByMs) -> syncedByMs;
        };
        for (ClassicMember member : members.values()) {
            deadlineMs = Math.min(deadlineMs, Math.min(member.heardByMs(), member.joinedByMs()));
        }
        for (long givenUpAtMs : pending.values()) {
            deadlineMs = Math.min(deadlineMs, givenUpAtMs);
        }
        return deadlineMs;
    }
}
