package io.millrace.coordinator.group;

import io.millrace.coordinator.group.classic.ClassicEvent;
import io.millrace.coordinator.group.classic.ClassicFault;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicMember;
import io.millrace.coordinator.group.classic.ClassicPhase;
import io.millrace.coordinator.group.classic.ClassicProfile;
import io.millrace.coordinator.group.classic.ConsumerMetadata;
import io.millrace.coordinator.group.classic.Opaque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Consumers of the classic protocol as members of a group that the {@link GroupMachine} leads (KIP-848, "Compatibility with the classic
 * protocol"): to join is to say what one owns, the generation is the member's epoch, and whoever has fallen behind is told to join again.
 */
public final class ClassicMembers {
    private ClassicMembers() {}

    /** What a consumer says of itself in its embedded protocol. */
    public record Spoken(Subscription subscription, SortedSet<PartitionId> owned) {}

    /** Empty where it is no consumer, or its bytes are not a consumer's. */
    public static Optional<Spoken> spoken(ClassicProfile profile, Topics topics) {
        if (!profile.protocolType().equals(ConsumerMetadata.PROTOCOL_TYPE) || profile.protocols().isEmpty()) {
            return Optional.empty();
        }
        return ConsumerMetadata.subscription(metadata(profile)).map(subscription -> new Spoken(Subscription.to(
                subscription.topics()), partitions(subscription.ownedPartitions(), topics)));
    }

    /** It lists the protocol that it likes best first, and is told that one was chosen. */
    private static Opaque metadata(ClassicProfile profile) {
        return profile.protocols().getFirst().metadata();
    }

    private static SortedSet<PartitionId> partitions(Collection<TopicPartition> named, Topics topics) {
        var partitions = new ArrayList<PartitionId>();
        for (TopicPartition partition : named) {
            Topic topic = topics.named(partition.topic());
            if (topic != null) {
                partitions.add(new PartitionId(topic.id(), partition.partition()));
            }
        }
        return PartitionId.sorted(partitions);
    }

    public static MemberProfile profile(ClassicProfile classic, Subscription subscription) {
        return new MemberProfile(classic.clientId(), classic.clientHost(), subscription, null, classic
                .sessionTimeoutMs(), classic.rebalanceTimeoutMs(), classic.instanceId(), classic);
    }

    /** What the member may read, as it understands it. */
    public static Opaque assignment(Member member, Topics topics) {
        ClassicProfile classic = member.profile().classic();
        var named = new ArrayList<TopicPartition>();
        for (PartitionId partition : member.state().assigned()) {
            Topic topic = topics.withId(partition.topicId());
            if (topic != null) {
                named.add(new TopicPartition(topic.name(), partition.partition()));
            }
        }
        return classic == null ? Opaque.EMPTY : ConsumerMetadata.assignment(named, metadata(classic));
    }

    /** Why the sender cannot speak for a member; null where it can. */
    public static @Nullable ClassicFault faultOf(Group group, ClassicEvent.Sender sender) {
        Member named = group.named(sender.instanceId());
        if (named != null && !named.memberId().equals(sender.memberId())) {
            return ClassicFault.FENCED_INSTANCE_ID;
        }
        Member member = group.member(sender.memberId());
        boolean isClassic = member != null && member.profile().classic() != null;
        return isClassic && (named != null || sender.instanceId() == null) ? null : ClassicFault.UNKNOWN_MEMBER_ID;
    }

    /** As {@link #faultOf(Group, ClassicEvent.Sender)}, of a request that names a generation. */
    public static @Nullable ClassicFault faultOf(Group group, ClassicEvent.Sender sender, int generation) {
        ClassicFault fault = faultOf(group, sender);
        Member member = group.member(sender.memberId());
        if (fault != null || member == null) {
            return fault;
        }
        return member.epoch() == generation ? null : ClassicFault.ILLEGAL_GENERATION;
    }

    /** Whether the member must join again: its target is another, it is to say that it let go, or what it waits for is free. */
    public static boolean mustJoinAgain(Group group, Member member) {
        return member.epoch() < group.epoch() || switch (member.state()) {
            case MemberState.Stable _ -> false;
            case MemberState.UnrevokedPartitions _ -> true;
            case MemberState.UnreleasedPartitions(var assigned) -> group.targetOf(member.memberId()).stream().anyMatch(
                    partition -> !assigned.contains(partition) && !group.heldByAnother(partition, member.memberId()));
        };
    }

    /** Whether the member has joined and may be told what it is assigned, though its target is another by now. */
    public static boolean maySync(Group group, Member member) {
        return member.epoch() == group.epoch() || member.state() instanceof MemberState.UnrevokedPartitions;
    }

    /**
     * The group for the {@link GroupMachine}, at the same generation, each member with what it may be reading; null where its members are
     * no consumers.
     */
    public static @Nullable Group upgraded(ClassicGroup classic, Group base, Topics topics) {
        var members = new TreeMap<String, Member>();
        var target = new TreeMap<String, SortedSet<PartitionId>>();
        var given = new HashSet<PartitionId>();
        for (ClassicMember member : classic.members().values()) {
            Optional<Spoken> spoken = spoken(member.profile(), topics);
            if (spoken.isEmpty()) {
                return null;
            }
            var owned = new ArrayList<>(mayRead(classic, member, spoken.get(), topics));
            owned.removeIf(partition -> !given.add(partition));
            members.put(member.memberId(), new Member(member.memberId(), profile(member.profile(), spoken.get()
                    .subscription()), classic.generation(), classic.generation(), MemberState.stable(owned)));
            target.put(member.memberId(), PartitionId.sorted(owned));
        }
        return new Group(classic.groupId(), classic.generation(), base.assignor(), base.topicsHash(), members, target);
    }

    /** One that joins has said what it kept; another reads on as it was assigned. */
    private static SortedSet<PartitionId> mayRead(ClassicGroup classic, ClassicMember member, Spoken spoken,
            Topics topics) {
        boolean asAssigned = switch (classic.phase()) {
            case ClassicPhase.Empty _,ClassicPhase.Stable _ -> true;
            case ClassicPhase.CompletingRebalance _ -> false;
            case ClassicPhase.PreparingRebalance _ -> !member.awaitsGeneration();
        };
        return asAssigned ? partitions(ConsumerMetadata.partitions(member.assignment()), topics) : spoken.owned();
    }

    /** Whether the last member went that did not speak the classic protocol, and others stay. */
    public static boolean areAllThatIsLeft(Group before, Group after) {
        return !after.members().isEmpty() && after.members().values().stream().allMatch(ClassicMembers::isClassic)
                && !before.members().values().stream().allMatch(ClassicMembers::isClassic);
    }

    private static boolean isClassic(Member member) {
        return member.profile().classic() != null;
    }

    /** The group for its own: all join again before one of them assigns, since some may still be reading. */
    public static ClassicGroup downgraded(Group group, Topics topics, long nowMs) {
        var members = new ArrayList<ClassicMember>();
        for (Member member : group.members().values()) {
            ClassicProfile classic = member.profile().classic();
            if (classic != null) {
                members.add(ClassicMember.stored(member.memberId(), classic, assignment(member, topics), true));
            }
        }
        return ClassicGroup.joiningAgain(group.groupId(), Math.toIntExact(group.epoch()), List.copyOf(members), nowMs);
    }
}
