package io.millrace.coordinator.group.classic;

import io.millrace.coordinator.group.classic.ClassicMember.Awaits;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The rules of a classic group, as Kafka's: whoever comes, goes or says other things than before makes all members join again; the
 * generation begins when they have, or their time is up, and one of them assigns to all. Ids are given out before they count
 * (KIP-394), static members come back under their own name without a rebalance (KIP-345, KIP-814).
 *
 * <p>
 * Requests are answered in the step that they come in, or in a later one; each exactly once, unless its sender goes away
 * ({@link ClassicEvent.Disconnect}).
 */
public final class ClassicMachine {
    /** What the sender of a request is told. */
    public record Answer(long request, ClassicReply reply) {}

    /**
     * The group after an event.
     *
     * @param mustBeStored whether the next coordinator must find the group so: before the answers are given
     */
    public record Step(ClassicGroup group, List<Answer> answers, boolean mustBeStored) {}

    private final ClassicLimits limits;
    private final Admission admission;

    public ClassicMachine(ClassicLimits limits) {
        this.limits = limits;
        this.admission = new Admission(limits);
    }

    /** Why an event is refused whatever its group is like; null where it depends on that. */
    public @Nullable ClassicFault refusalOf(ClassicEvent event) {
        return admission.refusalOf(event);
    }

    public Step apply(ClassicGroup group, ClassicEvent event, long nowMs) {
        var draft = new ClassicDraft(group, limits, nowMs);
        switch (event) {
            case ClassicEvent.Join join -> join(draft, join);
            case ClassicEvent.Sync sync -> sync(draft, sync);
            case ClassicEvent.Heartbeat heartbeat -> heartbeat(draft, heartbeat);
            case ClassicEvent.Commit commit -> commit(draft, commit);
            case ClassicEvent.Leave leave -> leave(draft, leave);
            case ClassicEvent.Disconnect(long request) -> disconnect(draft, request);
            case ClassicEvent.Tick() -> tick(draft);
            case ClassicEvent.Restart() -> restart(draft);
        }
        return draft.finished();
    }

    // --- joining ---

    private void join(ClassicDraft draft, ClassicEvent.Join join) {
        ClassicFault fault = admission.faultOf(draft, join);
        if (fault != null) {
            boolean forgets = fault == ClassicFault.GROUP_MAX_SIZE_REACHED;
            if (forgets) {
                leaveOutside(draft, join.memberId());
            }
            draft.refuse(join.request(), forgets ? "" : join.memberId(), fault);
        } else if (join.memberId().isEmpty()) {
            joinNew(draft, join);
        } else if (draft.pending.containsKey(join.memberId()) && join.profile().instanceId() == null) {
            addMember(draft, join, join.memberId(), true);
        } else {
            joinAgain(draft, join);
        }
    }

    private static void leaveOutside(ClassicDraft draft, String memberId) {
        ClassicMember member = draft.members.get(memberId);
        draft.pending.remove(memberId);
        if (member != null) {
            draft.remove(member);
        }
        draft.completeIfAllJoined();
    }

    private void joinNew(ClassicDraft draft, ClassicEvent.Join join) {
        ClassicMember replaced = draft.staticMember(join.profile().instanceId());
        if (replaced != null) {
            joinInPlaceOf(draft, replaced, join);
        } else if (join.idRequired() && join.profile().instanceId() == null) {
            draft.pending.put(join.freshId(), draft.nowMs + join.profile().sessionTimeoutMs());
            draft.refuse(join.request(), join.freshId(), ClassicFault.MEMBER_ID_REQUIRED);
        } else {
            // A static member finds back by its instance's id.
            addMember(draft, join, join.freshId(), join.profile().instanceId() != null);
        }
    }

    private static void addMember(ClassicDraft draft, ClassicEvent.Join join, String memberId, boolean knowsItsId) {
        draft.add(memberId, join.profile(), new Awaits.Generation(join.request(), knowsItsId));
        rebalance(draft);
    }

    private static void rebalance(ClassicDraft draft) {
        if (draft.phase instanceof ClassicPhase.PreparingRebalance) {
            draft.completeIfAllJoined();
        } else {
            draft.prepareRebalance();
        }
    }

    private static void joinAgain(ClassicDraft draft, ClassicEvent.Join join) {
        ClassicFault fault = draft.faultOf(new ClassicEvent.Sender(join.memberId(), join.profile().instanceId()));
        ClassicMember member = draft.members.get(join.memberId());
        if (fault != null || member == null) {
            draft.refuse(join.request(), join.memberId(), fault == null ? ClassicFault.UNKNOWN_MEMBER_ID : fault);
            return;
        }
        boolean saysTheSame = member.profile().protocols().equals(join.profile().protocols());
        boolean leads = member.memberId().equals(draft.leaderId);
        switch (draft.phase) {
            // It did not get the answer that began the generation.
            case ClassicPhase.CompletingRebalance _ when saysTheSame -> tellPresent(draft, member, join, leads);
            // A follower with nothing new; the leader joins again because it wants to assign anew.
            case ClassicPhase.Stable _ when saysTheSame && !leads -> tellPresent(draft, member, join, false);
            case ClassicPhase.Empty _ -> draft.refuse(join.request(), join.memberId(), ClassicFault.UNKNOWN_MEMBER_ID);
            case ClassicPhase.CompletingRebalance _,ClassicPhase.Stable _,ClassicPhase.PreparingRebalance _ -> {
                draft.awaitGeneration(member, join.profile(), new Awaits.Generation(join.request(), true));
                rebalance(draft);
            }
        }
    }

    private static void tellPresent(ClassicDraft draft, ClassicMember member, ClassicEvent.Join join, boolean leads) {
        ClassicMember heard = quiet(draft, member);
        draft.answer(join.request(), draft.joined(heard, draft.leader(), leads, false));
    }

    /** Whoever asks something else has given up what it waited for. */
    private static ClassicMember quiet(ClassicDraft draft, ClassicMember member) {
        if (member.awaits() instanceof Awaits.Assignment(long request)) {
            draft.refuse(request, member.memberId(), ClassicFault.REBALANCE_IN_PROGRESS);
        }
        ClassicMember heard = member.heard(draft.nowMs);
        draft.put(heard);
        return heard;
    }

    private static void joinInPlaceOf(ClassicDraft draft, ClassicMember old, ClassicEvent.Join join) {
        String toldLeader = draft.leader();
        ClassicMember member = draft.replace(old, join.freshId()).saying(join.profile());
        draft.put(member);
        var awaits = new Awaits.Generation(join.request(), true);
        boolean staysAsItIs = draft.phase instanceof ClassicPhase.Stable && subscribesAlike(old.profile(), member
                .profile()) && ProtocolVote.chosenBy(draft.members.values()).equals(draft.protocolName);
        if (staysAsItIs) {
            ClassicMember heard = member.heard(draft.nowMs);
            draft.put(heard);
            draft.mustBeStored = true;
            boolean leads = heard.memberId().equals(draft.leaderId);
            // An older leader is told the id that it had: it takes itself for a follower, and assigns nothing.
            draft.answer(join.request(), join.skipsAssignment() ? draft.joined(heard, draft.leader(), leads, leads)
                    : draft.joined(heard, toldLeader, false, false));
        } else {
            draft.put(member.awaiting(awaits));
            rebalance(draft);
        }
    }

    /** Of consumers, the topics count; what they owned and which generation they saw is another with every start. */
    private static boolean subscribesAlike(ClassicProfile before, ClassicProfile after) {
        if (!after.protocolType().equals(ConsumerMetadata.PROTOCOL_TYPE)) {
            return true;
        }
        return topics(before).equals(topics(after));
    }

    private static List<Optional<SortedSet<String>>> topics(ClassicProfile profile) {
        var topics = new ArrayList<Optional<SortedSet<String>>>();
        profile.protocols().forEach(protocol -> topics.add(ConsumerMetadata.topics(protocol.metadata()).map(
                TreeSet::new)));
        return topics;
    }

    // --- the rest of a member's life ---

    private void sync(ClassicDraft draft, ClassicEvent.Sync sync) {
        ClassicFault fault = admission.faultOf(draft, sync);
        ClassicMember member = draft.members.get(sync.sender().memberId());
        if (fault != null || member == null) {
            draft.refuse(sync.request(), sync.sender().memberId(), fault == null ? ClassicFault.UNKNOWN_MEMBER_ID
                    : fault);
            return;
        }
        switch (draft.phase) {
            case ClassicPhase.Empty _ -> draft.refuse(sync.request(), member.memberId(),
                    ClassicFault.UNKNOWN_MEMBER_ID);
            case ClassicPhase.PreparingRebalance _ -> draft.refuse(sync.request(), member.memberId(),
                    ClassicFault.REBALANCE_IN_PROGRESS);
            case ClassicPhase.CompletingRebalance _ -> {
                quiet(draft, member);
                draft.put(member.synced(true).awaiting(new Awaits.Assignment(sync.request())));
                if (member.memberId().equals(draft.leaderId)) {
                    draft.assign(sync.assignments());
                }
            }
            case ClassicPhase.Stable _ -> {
                draft.answer(sync.request(), new ClassicReply.Synced(draft.protocolType, draft.protocolName, member
                        .assignment()));
                draft.put(member.synced(true).heard(draft.nowMs));
                draft.noteSynced();
            }
        }
    }

    private static void heartbeat(ClassicDraft draft, ClassicEvent.Heartbeat heartbeat) {
        ClassicFault fault = draft.faultOf(heartbeat.sender());
        ClassicMember member = draft.members.get(heartbeat.sender().memberId());
        if (fault == null && heartbeat.generation() != draft.generation) {
            fault = ClassicFault.ILLEGAL_GENERATION;
        }
        if (fault != null || member == null) {
            draft.refuse(heartbeat.request(), heartbeat.sender().memberId(),
                    fault == null ? ClassicFault.UNKNOWN_MEMBER_ID : fault);
            return;
        }
        draft.put(member.alive(draft.nowMs));
        if (draft.phase instanceof ClassicPhase.PreparingRebalance) {
            draft.refuse(heartbeat.request(), member.memberId(), ClassicFault.REBALANCE_IN_PROGRESS);
        } else {
            draft.answer(heartbeat.request(), new ClassicReply.Alive());
        }
    }

    /** Some clients heartbeat only when they poll, and commit in between. */
    private static void commit(ClassicDraft draft, ClassicEvent.Commit commit) {
        ClassicFault fault = draft.before.faultOfCommit(commit.sender(), commit.generation());
        if (fault != null) {
            draft.refuse(commit.request(), commit.sender().memberId(), fault);
            return;
        }
        ClassicMember member = draft.members.get(commit.sender().memberId());
        if (member != null) {
            draft.put(member.alive(draft.nowMs));
        }
        draft.answer(commit.request(), new ClassicReply.Alive());
    }

    private void leave(ClassicDraft draft, ClassicEvent.Leave leave) {
        ClassicFault refusal = admission.refusalOf(leave);
        if (refusal != null) {
            draft.refuse(leave.request(), "", refusal);
        } else {
            leave(draft, leave.request(), leave.leavers());
        }
    }

    private static void leave(ClassicDraft draft, long request, List<ClassicEvent.Sender> leavers) {
        var left = new ArrayList<ClassicReply.Leaver>();
        boolean anybody = false;
        for (ClassicEvent.Sender leaver : leavers) {
            ClassicFault fault = null;
            ClassicMember member = draft.members.get(leaver.memberId());
            if (leaver.memberId().isEmpty() && leaver.instanceId() != null) {
                member = draft.staticMember(leaver.instanceId());
                fault = member == null ? ClassicFault.UNKNOWN_MEMBER_ID : null;
            } else if (leaver.instanceId() != null || draft.pending.remove(leaver.memberId()) == null) {
                fault = draft.faultOf(leaver);
            }
            if (fault == null && member != null) {
                draft.remove(member);
            }
            anybody |= fault == null;
            left.add(new ClassicReply.Leaver(leaver, fault));
        }
        draft.answer(request, new ClassicReply.Left(left));
        if (anybody) {
            membersWent(draft);
        }
    }

    /** An id that was given out and goes unused makes nobody join again. */
    private static void membersWent(ClassicDraft draft) {
        if (draft.members.size() < draft.before.members().size()) {
            rebalance(draft);
        } else {
            draft.completeIfAllJoined();
        }
    }

    private static void disconnect(ClassicDraft draft, long request) {
        for (ClassicMember member : List.copyOf(draft.members.values())) {
            switch (member.awaits()) {
                case Awaits.Generation(long waiting, boolean knowsItsId) when waiting == request -> {
                    ClassicMember unheard = member.unheard(draft.nowMs);
                    if (knowsItsId) {
                        draft.put(unheard);
                    } else {
                        draft.remove(unheard);
                        membersWent(draft);
                    }
                }
                case Awaits.Assignment(long waiting) when waiting == request -> draft.put(member.heard(draft.nowMs));
                case Awaits.Nothing(),Awaits.Generation _,Awaits.Unheard(),Awaits.Assignment _ -> {}
            }
        }
    }

    // --- time ---

    private static void tick(ClassicDraft draft) {
        boolean anybody = draft.pending.values().removeIf(givenUpAtMs -> givenUpAtMs <= draft.nowMs);
        for (ClassicMember member : List.copyOf(draft.members.values())) {
            if (member.heardByMs() <= draft.nowMs || member.joinedByMs() <= draft.nowMs) {
                draft.remove(member);
                anybody = true;
            }
        }
        if (anybody) {
            membersWent(draft);
        }
        switch (draft.phase) {
            case ClassicPhase.PreparingRebalance preparing when preparing.endsAtMs() <= draft.nowMs -> draft
                    .endPreparing(preparing);
            case ClassicPhase.CompletingRebalance(long syncedByMs) when syncedByMs <= draft.nowMs -> draft
                    .removeUnsynced();
            case ClassicPhase.Stable(long syncedByMs) when syncedByMs <= draft.nowMs -> draft.removeUnsynced();
            case ClassicPhase.Empty _,ClassicPhase.PreparingRebalance _,ClassicPhase.CompletingRebalance _,ClassicPhase.Stable _ ->
                {}
        }
    }

    private static void restart(ClassicDraft draft) {
        draft.pending.replaceAll((_, _) -> draft.nowMs + draft.limits.maxSessionTimeoutMs());
        draft.members.replaceAll((_, member) -> member.alive(draft.nowMs));
        draft.members.replaceAll((_, member) -> member.joinedByMs() == ClassicGroup.NEVER ? member
                : member.joinedBy(draft.nowMs + draft.limits.newMemberTimeoutMs()));
        long endsAtMs = draft.nowMs + draft.rebalanceTimeoutMs();
        switch (draft.phase) {
            case ClassicPhase.PreparingRebalance(boolean isFirst, boolean moreCame, long extensibleMs, _) ->
                draft.phase = new ClassicPhase.PreparingRebalance(isFirst, moreCame, extensibleMs,
                        isFirst ? draft.nowMs + draft.limits.initialDelayMs() : endsAtMs);
            case ClassicPhase.CompletingRebalance _ -> draft.phase = new ClassicPhase.CompletingRebalance(endsAtMs);
            case ClassicPhase.Stable(long syncedByMs) when syncedByMs != ClassicGroup.NEVER ->
                draft.phase = new ClassicPhase.Stable(endsAtMs);
            case ClassicPhase.Empty _,ClassicPhase.Stable _ -> {}
        }
    }
}
