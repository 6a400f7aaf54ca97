package io.millrace.coordinator.group;

import io.millrace.common.error.ErrorCode;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The rules of a consumer group (KIP-848): every change of members, subscriptions or subscribed topics raises the group's
 * epoch and makes a new target; each member is led to it on its own heartbeats, first away from what it loses, then to what
 * others have let go of. So a partition never has two owners, and whatever need not move goes on being read.
 *
 * <p>
 * Heartbeats of one member are taken to arrive in the order they were sent, one at a time, as they do over one connection.
 */
public final class GroupMachine {
    /** The group after an event; the very same object where nothing changed. */
    public record Step(Group group, GroupReply reply) {}

    private final GroupLimits limits;
    private final AssignorName defaultAssignor;

    public GroupMachine(GroupLimits limits, AssignorName defaultAssignor) {
        this.limits = limits;
        this.defaultAssignor = defaultAssignor;
    }

    public Step apply(Group group, GroupEvent event, Topics topics) {
        return switch (event) {
            case GroupEvent.Join join -> join(group, join, topics);
            case GroupEvent.Heartbeat heartbeat -> heartbeat(group, heartbeat, topics);
            case GroupEvent.Leave(String memberId) -> leave(group, memberId, topics);
            case GroupEvent.GoForNow(String memberId) -> goForNow(group, memberId);
            case GroupEvent.Expire(String memberId) -> expire(group, memberId, topics);
            case GroupEvent.TopicsChanged() -> topicsChanged(group, topics);
        };
    }

    private Step join(Group group, GroupEvent.Join join, Topics topics) {
        GroupReply.@Nullable Refused refusal = refusalOf(join.profile());
        if (refusal != null) {
            return new Step(group, refusal);
        }
        Group named = join.replaces() == null ? group : group.renamed(join.replaces(), join.memberId());
        Member known = named.member(join.memberId());
        if (known == null && group.members().size() >= limits.maxMembers()) {
            return refused(group, ErrorCode.TOO_MANY,
                    "group '%s' has its limit of %d members".formatted(group.groupId(), limits.maxMembers()));
        }
        Group next = known == null ? named.with(Member.joining(join.memberId(), join.profile()))
                : named.with(known.with(join.profile()));
        if (known == null || changesTarget(known.profile(), join.profile())) {
            next = retarget(next, topics);
        }
        return reconcile(next, join.memberId(), join.owned());
    }

    private Step heartbeat(Group group, GroupEvent.Heartbeat heartbeat, Topics topics) {
        Member member = group.member(heartbeat.memberId());
        if (member == null) {
            return refused(group, ErrorCode.UNKNOWN_MEMBER,
                    "group '%s' has no member '%s'".formatted(group.groupId(), heartbeat.memberId()));
        }
        if (!isCurrent(member, heartbeat)) {
            return refused(group, ErrorCode.FENCED_MEMBER_EPOCH, "member '%s' has epoch %d, the request names %d"
                    .formatted(member.memberId(), member.epoch(), heartbeat.memberEpoch()));
        }
        Group next = group;
        MemberProfile said = member.profile().saying(heartbeat);
        if (!said.equals(member.profile())) {
            GroupReply.@Nullable Refused refusal = refusalOf(said.subscription());
            if (refusal != null) {
                return new Step(group, refusal);
            }
            next = group.with(member.with(said));
            if (changesTarget(member.profile(), said)) {
                next = retarget(next, topics);
            }
        }
        return reconcile(next, member.memberId(), heartbeat.owned());
    }

    /** The epoch before the present one is taken too, from a member that never got the reply which raised it. */
    private static boolean isCurrent(Member member, GroupEvent.Heartbeat heartbeat) {
        SortedSet<PartitionId> owned = heartbeat.owned();
        return heartbeat.memberEpoch() == member.epoch() || heartbeat.memberEpoch() == member.previousEpoch()
                && owned != null && member.state().assigned().containsAll(owned);
    }

    private Step leave(Group group, String memberId, Topics topics) {
        if (group.member(memberId) == null) {
            return refused(group, ErrorCode.UNKNOWN_MEMBER,
                    "group '%s' has no member '%s'".formatted(group.groupId(), memberId));
        }
        return new Step(retarget(group.without(memberId), topics), new GroupReply.Done());
    }

    private static Step goForNow(Group group, String memberId) {
        Member member = group.member(memberId);
        if (member == null) {
            return refused(group, ErrorCode.UNKNOWN_MEMBER,
                    "group '%s' has no member '%s'".formatted(group.groupId(), memberId));
        }
        return new Step(group.with(member.away()), new GroupReply.Done());
    }

    private Step expire(Group group, String memberId, Topics topics) {
        Group next = group.member(memberId) == null ? group : retarget(group.without(memberId), topics);
        return new Step(next, new GroupReply.Done());
    }

    private Step topicsChanged(Group group, Topics topics) {
        boolean unchanged = group.members().isEmpty() || TopicsHash.of(subscribed(group, topics)) == group.topicsHash();
        return new Step(unchanged ? group : retarget(group, topics), new GroupReply.Done());
    }

    private Group retarget(Group group, Topics topics) {
        AssignorName chosen = chosenBy(group);
        var request = AssignmentRequest.of(group.members().values(), group.target(), topics);
        return group.retargeted(chosen, TopicsHash.of(request.subscribers().keySet()), chosen.assignor().assign(
                request));
    }

    private static Collection<Topic> subscribed(Group group, Topics topics) {
        var subscriptions = new HashSet<Subscription>();
        group.members().values().forEach(member -> subscriptions.add(member.profile().subscription()));
        var subscribed = new TreeMap<String, Topic>();
        subscriptions.forEach(subscription -> subscribed.putAll(topics.coveredBy(subscription)));
        return subscribed.values();
    }

    /** The one that most members wish for; the default where nobody wishes or the wishes are even. */
    private AssignorName chosenBy(Group group) {
        var votes = new EnumMap<AssignorName, Integer>(AssignorName.class);
        for (Member member : group.members().values()) {
            AssignorName wish = member.profile().assignor();
            votes.merge(wish == null ? defaultAssignor : wish, 1, Integer::sum);
        }
        AssignorName chosen = defaultAssignor;
        for (var vote : votes.entrySet()) {
            if (vote.getValue() > votes.getOrDefault(chosen, 0)) {
                chosen = vote.getKey();
            }
        }
        return chosen;
    }

    private static boolean changesTarget(MemberProfile before, MemberProfile after) {
        return !before.subscription().equals(after.subscription()) || before.assignor() != after.assignor();
    }

    private static Step reconcile(Group group, String memberId, @Nullable SortedSet<PartitionId> owned) {
        Member member = group.members().get(memberId);
        Member next = switch (member.state()) {
            case MemberState.Stable _ when member.epoch() == group.epoch() -> member;
            case MemberState.Stable(var assigned) -> towardsTarget(group, member, assigned, owned);
            // Still holding, or silent about what it holds: nobody else may have it yet.
            case MemberState.UnrevokedPartitions(_, var revoking) when owned == null || intersect(owned, revoking) ->
                member;
            case MemberState.UnrevokedPartitions(var assigned, _) -> towardsTarget(group, member, assigned, owned);
            case MemberState.UnreleasedPartitions(var assigned) -> towardsTarget(group, member, assigned, owned);
        };
        return new Step(group.with(next), new GroupReply.Granted(next.epoch(), next.state().assigned()));
    }

    private static Member towardsTarget(Group group, Member member, SortedSet<PartitionId> assigned,
            @Nullable SortedSet<PartitionId> owned) {
        SortedSet<PartitionId> target = group.targetOf(member.memberId());
        var kept = new TreeSet<>(assigned);
        kept.retainAll(target);
        var revoking = new TreeSet<>(assigned);
        revoking.removeAll(target);
        if (owned != null) {
            revoking.retainAll(owned);
        }
        if (!revoking.isEmpty()) {
            return member.revoking(MemberState.unrevoked(kept, revoking));
        }
        boolean waits = false;
        for (PartitionId partition : target) {
            if (!kept.contains(partition)) {
                if (group.heldByAnother(partition, member.memberId())) {
                    waits = true;
                } else {
                    kept.add(partition);
                }
            }
        }
        MemberState next = waits ? MemberState.unreleased(kept) : MemberState.stable(kept);
        boolean same = member.epoch() == group.epoch() && next.equals(member.state());
        return same ? member : member.reached(group.epoch(), next);
    }

    private static boolean intersect(SortedSet<PartitionId> owned, SortedSet<PartitionId> revoking) {
        return revoking.stream().anyMatch(owned::contains);
    }

    /** Why a member is refused whatever its group is like, or whether there is one; null where it depends on that. */
    public GroupReply.@Nullable Refused refusalOf(MemberProfile profile) {
        int sessionTimeoutMs = profile.sessionTimeoutMs();
        if (sessionTimeoutMs < limits.minSessionTimeoutMs() || sessionTimeoutMs > limits.maxSessionTimeoutMs()) {
            return new GroupReply.Refused(ErrorCode.INVALID_SETTING,
                    "session timeout must be between %d and %d ms, not %d"
                            .formatted(limits.minSessionTimeoutMs(), limits.maxSessionTimeoutMs(), sessionTimeoutMs));
        }
        return refusalOf(profile.subscription());
    }

    private GroupReply.@Nullable Refused refusalOf(Subscription subscription) {
        if (subscription.topics().size() > limits.maxSubscribedTopics()) {
            return new GroupReply.Refused(ErrorCode.INVALID_SETTING, "a subscription names at most %d topics, not %d"
                    .formatted(limits.maxSubscribedTopics(), subscription.topics().size()));
        }
        TopicPattern pattern = subscription.pattern();
        if (pattern != null && pattern.source().length() > limits.maxPatternLength()) {
            return new GroupReply.Refused(ErrorCode.INVALID_SETTING, "a topic pattern has at most %d characters, not %d"
                    .formatted(limits.maxPatternLength(), pattern.source().length()));
        }
        return null;
    }

    private static Step refused(Group group, ErrorCode code, String message) {
        return new Step(group, new GroupReply.Refused(code, message));
    }
}
