package io.millrace.coordinator.group.runtime;

import io.millrace.common.api.GroupsApi;
import io.millrace.common.api.OffsetsApi;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicPartition;
import io.millrace.coordinator.group.Group;
import io.millrace.coordinator.group.Member;
import io.millrace.coordinator.group.PartitionId;
import io.millrace.coordinator.group.Topic;
import io.millrace.coordinator.group.Topics;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicMember;
import io.millrace.coordinator.group.classic.ClassicPhase;
import io.millrace.coordinator.group.classic.ConsumerMetadata;
import io.millrace.coordinator.group.classic.Opaque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import org.springframework.web.bind.annotation.RestController;

/** Groups as a whole, for gateways and tools. */
@RestController
class GroupController implements GroupsApi {
    private final Shards shards;
    private final GroupRuntime runtime;
    private final TopicsFeed topics;
    private final ServiceClients clients;

    GroupController(Shards shards, GroupRuntime runtime, TopicsFeed topics, ServiceClients clients) {
        this.shards = shards;
        this.runtime = runtime;
        this.topics = topics;
        this.clients = clients;
    }

    @Override
    public List<GroupSummary> list() {
        return shards.groups().stream()
                .map(stored -> new GroupSummary(stored.group().groupId(), state(stored), stored.memberCount()))
                .sorted(Comparator.comparing(GroupSummary::group)).toList();
    }

    @Override
    public GroupDescription describe(String group) {
        Group found = runtime.find(group);
        Topics now = topics.current();
        ClassicGroup classic = runtime.findClassic(group);
        if (classic != null) {
            String protocol = classic.protocolName();
            return new GroupDescription(group, state(classic), classic.generation(), protocol == null ? "" : protocol,
                    classic.members().values().stream().map(member -> description(classic, member)).toList());
        }
        return new GroupDescription(found.groupId(), found.phase().name(), found.epoch(), found.assignor().wireName(),
                found.members().values().stream().map(member -> description(member, now)).toList());
    }

    @Override
    public void delete(String group) {
        runtime.delete(group, new GroupRuntime.CommittedOffsets() {
            @Override
            public boolean exist() {
                return !clients.offsets().fetch(group, new OffsetsApi.Fetch(null)).offsets().isEmpty();
            }

            @Override
            public void delete() {
                clients.offsets().delete(group);
            }
        });
    }

    private static String state(GroupStore.Stored stored) {
        ClassicGroup classic = stored.classic();
        return classic == null ? stored.group().phase().name() : state(classic);
    }

    private static String state(ClassicGroup classic) {
        return switch (classic.phase()) {
            case ClassicPhase.Empty _ -> "EMPTY";
            case ClassicPhase.PreparingRebalance _,ClassicPhase.CompletingRebalance _ -> "ASSIGNING";
            case ClassicPhase.Stable _ -> "STABLE";
        };
    }

    /** What only its members understand is not shown. */
    private static MemberDescription description(ClassicGroup classic, ClassicMember member) {
        Opaque metadata = member.profile().metadataOf(classic.protocolName());
        boolean isConsumer = ConsumerMetadata.PROTOCOL_TYPE.equals(classic.protocolType());
        var partitions = new ArrayList<TopicPartition>();
        if (isConsumer) {
            ConsumerMetadata.partitions(member.assignment()).forEach(partition -> partitions.add(new TopicPartition(
                    partition.topic(), partition.partition())));
        }
        partitions.sort(null);
        return new MemberDescription(member.memberId(), classic.generation(), isConsumer ? ConsumerMetadata.topics(
                metadata).orElseGet(TreeSet::new) : new TreeSet<>(), partitions);
    }

    private static MemberDescription description(Member member, Topics topics) {
        var names = new TreeSet<String>();
        topics.all().stream().filter(topic -> member.profile().subscription().covers(topic)).map(Topic::name)
                .forEach(names::add);
        var partitions = new ArrayList<TopicPartition>();
        for (PartitionId partition : member.state().assigned()) {
            Topic topic = topics.withId(partition.topicId());
            if (topic != null) {
                partitions.add(new TopicPartition(topic.name(), partition.partition()));
            }
        }
        partitions.sort(null);
        return new MemberDescription(member.memberId(), member.epoch(), names, partitions);
    }
}
