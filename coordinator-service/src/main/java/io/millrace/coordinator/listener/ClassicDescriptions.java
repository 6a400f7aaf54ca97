package io.millrace.coordinator.listener;

import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicMember;
import io.millrace.coordinator.group.classic.ConsumerMetadata;
import java.util.Objects;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroup;
import org.apache.kafka.common.message.DescribeGroupsResponseData.DescribedGroupMember;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.jspecify.annotations.Nullable;

/** Groups of the classic protocol as Kafka's tools are shown them. Pure. */
final class ClassicDescriptions {
    static final String TYPE = "classic";

    private ClassicDescriptions() {}

    static ListedGroup listed(ClassicGroup group) {
        return new ListedGroup().setGroupId(group.groupId()).setProtocolType(text(group.protocolType())).setGroupState(
                group.phase().shownName()).setGroupType(TYPE);
    }

    static DescribedGroup described(ClassicGroup group) {
        var described = new DescribedGroup().setGroupId(group.groupId()).setGroupState(group.phase().shownName())
                .setProtocolType(text(group.protocolType()));
        for (ClassicMember member : group.members().values()) {
            described.members().add(new DescribedGroupMember().setMemberId(member.memberId()).setGroupInstanceId(member
                    .profile().instanceId()).setClientId(member.profile().clientId()).setClientHost(member.profile()
                            .clientHost()));
        }
        if (group.isAssigned()) {
            described.setProtocolData(text(group.protocolName())).members().forEach(shown -> tell(shown, group));
        }
        return described;
    }

    /** While its members rebalance, nobody knows who owns what. */
    private static void tell(DescribedGroupMember shown, ClassicGroup group) {
        ClassicMember member = Objects.requireNonNull(group.member(shown.memberId()));
        shown.setMemberMetadata(member.profile().metadataOf(group.protocolName()).bytes()).setMemberAssignment(member
                .assignment().bytes());
    }

    /** Whether a member subscribes to the topic, or may: one whose subscription nobody can read is taken to. */
    static boolean reads(ClassicGroup group, String topic) {
        return group.members().values().stream().anyMatch(member -> ConsumerMetadata.topics(member.profile().metadataOf(
                group.protocolName())).map(topics -> topics.contains(topic)).orElse(true));
    }

    private static String text(@Nullable String text) {
        return text == null ? "" : text;
    }
}
