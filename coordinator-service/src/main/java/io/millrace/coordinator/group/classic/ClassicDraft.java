package io.millrace.coordinator.group.classic;

import io.millrace.coordinator.group.classic.ClassicMember.Awaits;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A group while one event changes it, with the replies that come of it. Lives for one step. */
final class ClassicDraft {
    final ClassicGroup before;
    final ClassicLimits limits;
    final long nowMs;
    int generation;
    ClassicPhase phase;
    @Nullable
    String protocolType;
    @Nullable
    String protocolName;
    @Nullable
    String leaderId;
    final TreeMap<String, ClassicMember> members;
    final TreeMap<String, Long> pending;
    final List<ClassicMachine.Answer> answers = new ArrayList<>();
    /** Something was decided that the next coordinator must know before anybody is told. */
    boolean mustBeStored;

    ClassicDraft(ClassicGroup before, ClassicLimits limits, long nowMs) {
        this.before = before;
        this.limits = limits;
        this.nowMs = nowMs;
        this.generation = before.generation();
        this.phase = before.phase();
        this.protocolType = before.protocolType();
        this.protocolName = before.protocolName();
        this.leaderId = before.leaderId();
        this.members = new TreeMap<>(before.members());
        this.pending = new TreeMap<>(before.pending());
    }

    ClassicMachine.Step finished() {
        return new ClassicMachine.Step(new ClassicGroup(before.groupId(), generation, phase, protocolType, protocolName,
                leaderId, members, pending), answers, mustBeStored);
    }

    // --- replies ---

    void answer(long request, ClassicReply reply) {
        answers.add(new ClassicMachine.Answer(request, reply));
    }

    void refuse(long request, String memberId, ClassicFault fault) {
        answer(request, new ClassicReply.Refused(memberId, fault));
    }

    /** Ends what the member waits for, if anything. */
    private void turnAway(ClassicMember member, ClassicFault fault) {
        switch (member.awaits()) {
            case Awaits.Nothing(),Awaits.Unheard() -> {}
            case Awaits.Generation(long request, _) -> refuse(request, member.memberId(), fault);
            case Awaits.Assignment(long request) -> refuse(request, member.memberId(), fault);
        }
    }

    /** @param skipAssignment see {@link ClassicReply.Joined} */
    ClassicReply.Joined joined(ClassicMember member, String toldLeader, boolean withMembers, boolean skipAssignment) {
        List<ClassicReply.JoinedMember> told = !withMembers ? List.of()
                : members.values().stream().map(it -> new ClassicReply.JoinedMember(it.memberId(), it.profile()
                        .instanceId(), it.profile().metadataOf(protocolName))).toList();
        return new ClassicReply.Joined(member.memberId(), generation, member.profile().protocolType(), protocolName,
                toldLeader, skipAssignment, told);
    }

    // --- members ---

    @Nullable
    ClassicMember staticMember(@Nullable String instanceId) {
        return ClassicGroup.staticMember(members, instanceId);
    }

    /** The member that joins again, or in whose place one joins. */
    @Nullable
    ClassicMember known(ClassicEvent.Join join) {
        ClassicMember known = members.get(join.memberId());
        return known == null ? staticMember(join.profile().instanceId()) : known;
    }

    /** Why the sender cannot speak for a member; null where it can. */
    @Nullable
    ClassicFault faultOf(ClassicEvent.Sender sender) {
        return ClassicGroup.faultOf(members, sender);
    }

    void put(ClassicMember member) {
        members.put(member.memberId(), member);
    }

    void add(String memberId, ClassicProfile profile, Awaits.Generation awaits) {
        if (members.isEmpty()) {
            protocolType = profile.protocolType();
        }
        if (leaderId == null) {
            leaderId = memberId;
        }
        pending.remove(memberId);
        put(new ClassicMember(memberId, profile, Opaque.EMPTY, awaits, false, nowMs + limits.newMemberTimeoutMs(),
                ClassicGroup.NEVER));
        if (phase instanceof ClassicPhase.PreparingRebalance(boolean isFirst, _, long extensibleMs, long endsAtMs)
                && isFirst) {
            phase = new ClassicPhase.PreparingRebalance(true, true, extensibleMs, endsAtMs);
        }
    }

    /** The member says what it said anew, and waits for the next generation; what it waited for before is over. */
    void awaitGeneration(ClassicMember member, ClassicProfile profile, Awaits.Generation awaits) {
        turnAway(member, ClassicFault.REBALANCE_IN_PROGRESS);
        put(member.saying(profile).awaiting(awaits));
    }

    void remove(ClassicMember member) {
        members.remove(member.memberId());
        turnAway(member, ClassicFault.UNKNOWN_MEMBER_ID);
        if (member.memberId().equals(leaderId)) {
            leaderId = members.isEmpty() ? null : members.firstKey();
        }
    }

    /** A static member comes back under a new id: the old one is fenced, and all that it had is the new one's. */
    ClassicMember replace(ClassicMember old, String newId) {
        members.remove(old.memberId());
        turnAway(old, ClassicFault.FENCED_INSTANCE_ID);
        ClassicMember replaced = old.named(newId).heard(nowMs);
        put(replaced);
        if (old.memberId().equals(leaderId)) {
            leaderId = newId;
        }
        return replaced;
    }

    // --- phases ---

    int rebalanceTimeoutMs() {
        return members.values().stream().mapToInt(member -> member.profile().rebalanceTimeoutMs()).max().orElse(0);
    }

    /** All are to join again. Whoever waits for an assignment of the present generation is told so at once. */
    void prepareRebalance() {
        switch (phase) {
            case ClassicPhase.PreparingRebalance _ -> {}
            case ClassicPhase.Empty _ -> phase = new ClassicPhase.PreparingRebalance(true, false, Math.max(
                    rebalanceTimeoutMs() - limits.initialDelayMs(), 0), nowMs + limits.initialDelayMs());
            case ClassicPhase.CompletingRebalance _ -> {
                for (ClassicMember member : List.copyOf(members.values())) {
                    if (member.awaits() instanceof Awaits.Assignment) {
                        turnAway(member, ClassicFault.REBALANCE_IN_PROGRESS);
                        put(member.heard(nowMs));
                    }
                }
                prepareFor(rebalanceTimeoutMs());
            }
            case ClassicPhase.Stable _ -> prepareFor(rebalanceTimeoutMs());
        }
        completeIfAllJoined();
    }

    private void prepareFor(int timeoutMs) {
        phase = new ClassicPhase.PreparingRebalance(false, false, 0, nowMs + timeoutMs);
    }

    /** The first generation of a group waits for its time, unless all have gone again. */
    void completeIfAllJoined() {
        if (phase instanceof ClassicPhase.PreparingRebalance preparing && pending.isEmpty()) {
            boolean isTime = !preparing.isFirst() || members.isEmpty() || preparing.endsAtMs() <= nowMs;
            if (isTime && members.values().stream().allMatch(ClassicMember::awaitsGeneration)) {
                beginGeneration();
            }
        }
    }

    /** The time to join is up. */
    void endPreparing(ClassicPhase.PreparingRebalance preparing) {
        if (preparing.isFirst() && preparing.moreCame() && preparing.extensibleMs() > 0) {
            long byMs = Math.min(limits.initialDelayMs(), preparing.extensibleMs());
            phase = new ClassicPhase.PreparingRebalance(true, false, preparing.extensibleMs() - byMs, nowMs + byMs);
        } else {
            beginGeneration();
        }
    }

    private void beginGeneration() {
        for (ClassicMember member : List.copyOf(members.values())) {
            if (!member.awaitsGeneration() && !member.isStatic()) {
                remove(member);
            }
        }
        if (!members.isEmpty() && !electLeader()) {
            // Static members alone, and none has come back: their sessions end, or one comes.
            prepareFor(rebalanceTimeoutMs());
            return;
        }
        generation++;
        mustBeStored = true;
        if (members.isEmpty()) {
            phase = new ClassicPhase.Empty();
            protocolName = null;
            leaderId = null;
            return;
        }
        protocolName = ProtocolVote.chosenBy(members.values());
        phase = new ClassicPhase.CompletingRebalance(nowMs + rebalanceTimeoutMs());
        members.replaceAll((_, member) -> member.given(Opaque.EMPTY).synced(false).joinedBy(
                ClassicGroup.NEVER));
        for (ClassicMember member : List.copyOf(members.values())) {
            if (member.awaits() instanceof Awaits.Generation(long request, _)) {
                boolean leads = member.memberId().equals(leaderId);
                answer(request, joined(member, leader(), leads, false));
            }
            if (member.awaitsGeneration()) {
                put(member.heard(nowMs));
            }
        }
    }

    String leader() {
        return leaderId == null ? "" : leaderId;
    }

    /** Of those who have joined; one that listens rather than one of which nobody knows whether it lives. */
    private boolean electLeader() {
        return electLeader(ClassicMember::listens) || electLeader(ClassicMember::awaitsGeneration);
    }

    private boolean electLeader(Predicate<ClassicMember> mayLead) {
        ClassicMember leader = leaderId == null ? null : members.get(leaderId);
        if (leader != null && mayLead.test(leader)) {
            return true;
        }
        for (ClassicMember member : members.values()) {
            if (mayLead.test(member)) {
                leaderId = member.memberId();
                return true;
            }
        }
        return false;
    }

    /** The leader has assigned; whoever waits is told. */
    void assign(Map<String, Opaque> assignments) {
        mustBeStored = true;
        for (ClassicMember member : List.copyOf(members.values())) {
            ClassicMember given = member.given(assignments.getOrDefault(member.memberId(), Opaque.EMPTY));
            if (member.awaits() instanceof Awaits.Assignment(long request)) {
                answer(request, new ClassicReply.Synced(protocolType, protocolName, given.assignment()));
                given = given.heard(nowMs);
            }
            put(given);
        }
        phase = new ClassicPhase.Stable(phase instanceof ClassicPhase.CompletingRebalance(long syncedByMs) ? syncedByMs
                : ClassicGroup.NEVER);
        noteSynced();
    }

    /** Nothing is waited for any more once all have asked for their assignment. */
    void noteSynced() {
        if (phase instanceof ClassicPhase.Stable && members.values().stream().allMatch(ClassicMember::synced)) {
            phase = new ClassicPhase.Stable(ClassicGroup.NEVER);
        }
    }

    /** Those who have not asked for their assignment in all that time are taken for dead. */
    void removeUnsynced() {
        boolean removed = false;
        for (ClassicMember member : List.copyOf(members.values())) {
            if (!member.synced()) {
                remove(member);
                removed = true;
            }
        }
        if (removed) {
            prepareRebalance();
        } else {
            noteSynced();
        }
    }
}
