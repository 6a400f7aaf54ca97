package io.millrace.coordinator.group.runtime;

import io.millrace.common.error.ErrorCode;
import io.millrace.coordinator.group.ClassicMembers;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.Member;
import io.millrace.coordinator.group.classic.ClassicEvent;
import io.millrace.coordinator.group.classic.ClassicFault;
import io.millrace.coordinator.group.classic.ClassicLimits;
import io.millrace.coordinator.group.classic.ClassicProfile;
import io.millrace.coordinator.group.classic.ClassicReply;
import io.millrace.coordinator.group.classic.ConsumerMetadata;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Requests of the classic protocol to a group that others lead with it; all are answered at once. Inside the group's turnstile. */
final class ClassicDialect {
    private final GroupSteps steps;
    private final TopicsFeed topics;
    private final ClassicLimits limits;
    private final MonotonicClock clock;

    ClassicDialect(GroupSteps steps, TopicsFeed topics, ClassicLimits limits, MonotonicClock clock) {
        this.steps = steps;
        this.topics = topics;
        this.limits = limits;
        this.clock = clock;
    }

    /** @param refusal of the event, whatever its group is like */
    void answer(GroupCell cell, Group group, ClassicEvent event, @Nullable ClassicFault refusal) {
        switch (event) {
            case ClassicEvent.Join join when refusal != null -> cell.waiting.tell(join.request(),
                    new ClassicReply.Refused(join.memberId(), refusal));
            case ClassicEvent.Leave leave when refusal != null -> cell.waiting.tell(leave.request(),
                    new ClassicReply.Refused("", refusal));
            case ClassicEvent.Join join -> cell.waiting.tell(join.request(), join(cell, group, join));
            case ClassicEvent.Sync sync -> cell.waiting.tell(sync.request(), sync(cell, group, sync));
            case ClassicEvent.Heartbeat beat -> cell.waiting.tell(beat.request(), heartbeat(cell, group, beat));
            case ClassicEvent.Commit commit -> cell.waiting.tell(commit.request(), commit(cell, group, commit));
            case ClassicEvent.Leave(long request, var leavers) -> cell.waiting.tell(request, leave(cell, leavers));
            case ClassicEvent.Disconnect _,ClassicEvent.Tick _,ClassicEvent.Restart _ -> {}
        }
    }

    private ClassicReply join(GroupCell cell, Group group, ClassicEvent.Join join) {
        ClassicProfile classic = join.profile();
        ClassicMembers.Spoken spoken = ClassicMembers.spoken(classic, topics.current()).orElse(null);
        if (spoken == null) {
            return new ClassicReply.Refused(join.memberId(), ClassicFault.INCONSISTENT_GROUP_PROTOCOL);
        }
        if (othersBytes(group, join) + classic.heldBytes() > limits.maxGroupBytes()) {
            return new ClassicReply.Refused("", ClassicFault.GROUP_MAX_SIZE_REACHED);
        }
        boolean isNew = join.memberId().isEmpty();
        if (isNew && join.idRequired() && classic.instanceId() == null) {
            return new ClassicReply.Refused(join.freshId(), ClassicFault.MEMBER_ID_REQUIRED);
        }
        // One that was given its id holds nothing; one that was a member and is none any more is to forget what it held.
        boolean comesWithFreshId = !isNew && group.member(join.memberId()) == null && classic.instanceId() == null
                && spoken.owned().isEmpty();
        if (!isNew && !comesWithFreshId) {
            ClassicFault fault = ClassicMembers.faultOf(group, new ClassicEvent.Sender(join.memberId(), classic
                    .instanceId()));
            if (fault != null) {
                return new ClassicReply.Refused(join.memberId(), fault);
            }
        }
        String memberId = isNew ? join.freshId() : join.memberId();
        Member replaced = isNew ? group.named(classic.instanceId()) : null;
        var event = new GroupEvent.Join(memberId, ClassicMembers.profile(classic, spoken.subscription()), spoken
                .owned(), replaced == null ? null : replaced.memberId());
        return switch (steps.step(cell, event)) {
            case GroupReply.Granted(long memberEpoch, _) -> {
                heard(cell, steps.present(cell), memberId);
                yield new ClassicReply.Joined(memberId, Math.toIntExact(memberEpoch), ConsumerMetadata.PROTOCOL_TYPE,
                        classic.protocols().getFirst().name(), "", false, List.of());
            }
            case GroupReply.Refused(ErrorCode code, _) -> new ClassicReply.Refused(join.memberId(), fault(code));
            case GroupReply.Done() -> throw new IllegalStateException("a join is granted or refused");
        };
    }

    private static long othersBytes(Group group, ClassicEvent.Join join) {
        long bytes = 0;
        for (Member member : group.members().values()) {
            ClassicProfile said = member.profile().classic();
            if (said != null && !member.memberId().equals(join.memberId())) {
                bytes += said.heldBytes();
            }
        }
        return bytes;
    }

    private static ClassicFault fault(ErrorCode code) {
        return switch (code) {
            case TOO_MANY -> ClassicFault.GROUP_MAX_SIZE_REACHED;
            default -> ClassicFault.INVALID_REQUEST;
        };
    }

    private void heard(GroupCell cell, Group group, String memberId) {
        Member member = group.member(memberId);
        if (member != null) {
            cell.sessions.heard(member, ClassicMembers.mustJoinAgain(group, member), clock.nowMs());
        }
    }

    private ClassicReply sync(GroupCell cell, Group group, ClassicEvent.Sync sync) {
        String memberId = sync.sender().memberId();
        ClassicFault fault = ClassicMembers.faultOf(group, sync.sender(), sync.generation());
        Member member = group.member(memberId);
        if (fault != null || member == null) {
            return new ClassicReply.Refused(memberId, fault == null ? ClassicFault.UNKNOWN_MEMBER_ID : fault);
        }
        heard(cell, group, memberId);
        ClassicProfile classic = member.profile().classic();
        if (classic == null || !ClassicMembers.maySync(group, member)) {
            return new ClassicReply.Refused(memberId, ClassicFault.REBALANCE_IN_PROGRESS);
        }
        return new ClassicReply.Synced(ConsumerMetadata.PROTOCOL_TYPE, classic.protocols().getFirst().name(),
                ClassicMembers.assignment(member, topics.current()));
    }

    private ClassicReply heartbeat(GroupCell cell, Group group, ClassicEvent.Heartbeat heartbeat) {
        String memberId = heartbeat.sender().memberId();
        ClassicFault fault = ClassicMembers.faultOf(group, heartbeat.sender(), heartbeat.generation());
        Member member = group.member(memberId);
        if (fault != null || member == null) {
            return new ClassicReply.Refused(memberId, fault == null ? ClassicFault.UNKNOWN_MEMBER_ID : fault);
        }
        heard(cell, group, memberId);
        return ClassicMembers.mustJoinAgain(group, member)
                ? new ClassicReply.Refused(memberId, ClassicFault.REBALANCE_IN_PROGRESS)
                : new ClassicReply.Alive();
    }

    /** The offset service fences it by the member's epoch, as it does every member's of this group. */
    private ClassicReply commit(GroupCell cell, Group group, ClassicEvent.Commit commit) {
        String memberId = commit.sender().memberId();
        if (ClassicMembers.faultOf(group, commit.sender(), commit.generation()) == null) {
            heard(cell, group, memberId);
        }
        return new ClassicReply.Alive();
    }

    private ClassicReply leave(GroupCell cell, List<ClassicEvent.Sender> leavers) {
        var left = new ArrayList<ClassicReply.Leaver>();
        for (ClassicEvent.Sender leaver : leavers) {
            Group group = steps.present(cell);
            Member named = group.named(leaver.instanceId());
            boolean byName = leaver.memberId().isEmpty() && named != null;
            ClassicFault fault = byName ? null : ClassicMembers.faultOf(group, leaver);
            if (fault == null) {
                steps.step(cell, new GroupEvent.Leave(byName ? named.memberId() : leaver.memberId()));
            }
            left.add(new ClassicReply.Leaver(leaver, fault));
        }
        return new ClassicReply.Left(left);
    }
}
