package io.millrace.coordinator.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.api.OffsetsApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.coordinator.group.GroupEvent;
import io.millrace.coordinator.group.GroupReply;
import io.millrace.coordinator.group.MemberProfile;
import io.millrace.coordinator.group.Subscription;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData.TopicPartitions;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.ConsumerGroupDescribeRequest;
import org.apache.kafka.common.requests.ConsumerGroupDescribeResponse;
import org.apache.kafka.common.requests.ConsumerGroupHeartbeatRequest;
import org.apache.kafka.common.requests.ConsumerGroupHeartbeatResponse;
import org.apache.kafka.common.requests.DeleteGroupsRequest;
import org.apache.kafka.common.requests.DeleteGroupsResponse;
import org.apache.kafka.common.requests.DescribeGroupsRequest;
import org.apache.kafka.common.requests.DescribeGroupsResponse;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.FindCoordinatorResponse;
import org.apache.kafka.common.requests.OffsetCommitRequest;
import org.apache.kafka.common.requests.OffsetCommitResponse;
import org.apache.kafka.common.requests.OffsetFetchRequest;
import org.apache.kafka.common.requests.OffsetFetchResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Members and commits, request by request: what is granted, and what is refused with which error. */
@ResourceLock(ListeningCoordinator.ALONE)
class GroupProtocolTest {
    private static final int REBALANCE_TIMEOUT_MS = 60_000;

    private final ListeningCoordinator coordinator = ListeningCoordinator.shared();
    @AutoClose
    private final WireClient client = new WireClient(coordinator.address());
    /** Of this test alone. */
    private final String group = "group-" + UUID.randomUUID();

    @AfterEach
    void heal() {
        coordinator.offsets.refuse(null);
        coordinator.offsets.tellsTopicId(null);
        coordinator.offsets.lose(null);
    }

    private ConsumerGroupHeartbeatRequestData joining(String member, String... topics) {
        return new ConsumerGroupHeartbeatRequestData().setGroupId(group).setMemberId(member).setMemberEpoch(0)
                .setRebalanceTimeoutMs(REBALANCE_TIMEOUT_MS).setSubscribedTopicNames(List.of(topics))
                .setTopicPartitions(List.of());
    }

    private ConsumerGroupHeartbeatRequestData beating(String member, int epoch) {
        return new ConsumerGroupHeartbeatRequestData().setGroupId(group).setMemberId(member).setMemberEpoch(epoch);
    }

    private ConsumerGroupHeartbeatResponseData send(ConsumerGroupHeartbeatRequestData heartbeat) {
        return send(heartbeat, ApiKeys.CONSUMER_GROUP_HEARTBEAT.latestVersion());
    }

    private ConsumerGroupHeartbeatResponseData send(ConsumerGroupHeartbeatRequestData heartbeat, int asked) {
        return client.send(ApiKeys.CONSUMER_GROUP_HEARTBEAT, asked,
                version -> new ConsumerGroupHeartbeatRequest.Builder(
                        heartbeat).build(version), ConsumerGroupHeartbeatResponse.class).data();
    }

    private ConsumerGroupHeartbeatResponseData granted(ConsumerGroupHeartbeatRequestData heartbeat) {
        ConsumerGroupHeartbeatResponseData answer = send(heartbeat);
        assertThat(Errors.forCode(answer.errorCode())).as(answer.errorMessage()).isEqualTo(Errors.NONE);
        return answer;
    }

    private Errors refused(ConsumerGroupHeartbeatRequestData heartbeat) {
        ConsumerGroupHeartbeatResponseData answer = send(heartbeat);
        assertThat(answer.errorMessage()).isNotBlank();
        return Errors.forCode(answer.errorCode());
    }

    private Uuid id(String topic) {
        return coordinator.images.current().topic(topic).id();
    }

    private List<TopicPartitions> owning(String topic, Integer... partitions) {
        return List.of(new TopicPartitions().setTopicId(id(topic)).setPartitions(List.of(partitions)));
    }

    private Set<Integer> assigned(ConsumerGroupHeartbeatResponseData answer, String topic) {
        var partitions = new TreeSet<Integer>();
        answer.assignment().topicPartitions().stream().filter(it -> it.topicId().equals(id(topic)))
                .forEach(it -> partitions.addAll(it.partitions()));
        return partitions;
    }

    @Test
    void a_lone_member_gets_all_partitions_and_is_told_when_to_beat() {
        var answer = granted(joining("a", "orders", "returns"));

        assertThat(answer.memberId()).isEqualTo("a");
        assertThat(answer.memberEpoch()).isPositive();
        assertThat(answer.heartbeatIntervalMs()).isEqualTo(100);
        assertThat(assigned(answer, "orders")).containsExactly(0, 1, 2, 3);
        assertThat(assigned(answer, "returns")).containsExactly(0, 1);
    }

    @Test
    void a_member_of_the_first_version_is_given_an_id() {
        var answer = send(joining("", "orders"), 0);

        assertThat(UUID.fromString(answer.memberId())).isNotNull();
        assertThat(refused(joining("", "orders"))).isEqualTo(Errors.INVALID_REQUEST);
    }

    @Test
    void a_second_member_gets_what_the_first_has_let_go_of_and_not_before() {
        var first = granted(joining("a", "orders"));
        var second = granted(joining("b", "orders"));
        assertThat(assigned(second, "orders")).isEmpty();

        var kept = assigned(granted(beating("a", first.memberEpoch())), "orders");
        assertThat(kept).hasSize(2);
        assertThat(assigned(granted(beating("b", second.memberEpoch())), "orders")).isEmpty();
        granted(beating("a", first.memberEpoch()).setTopicPartitions(owning("orders", kept.toArray(Integer[]::new))));

        var taken = assigned(granted(beating("b", second.memberEpoch())), "orders");
        assertThat(taken).hasSize(2).doesNotContainAnyElementsOf(kept);
    }

    @Test
    void a_member_over_http_and_one_over_the_wire_share_the_partitions() {
        var first = granted(joining("wire", "orders"));
        GroupReply joined = coordinator.groups().apply(coordinator.shards().of(group), group, new GroupEvent.Join(
                "http",
                new MemberProfile("http", "http", Subscription.to(List.of("orders")), null, 30_000, 60_000)), 0);
        assertThat(joined).isInstanceOf(GroupReply.Granted.class);

        assertThat(assigned(granted(beating("wire", first.memberEpoch())), "orders")).hasSize(2);
    }

    @Test
    void a_pattern_of_re2_takes_in_topics_and_an_empty_one_takes_it_back() {
        var answer = granted(joining("a").setSubscribedTopicRegex("ord.*|ret.*"));
        assertThat(assigned(answer, "orders")).hasSize(4);
        assertThat(assigned(answer, "returns")).hasSize(2);

        var changed = granted(beating("a", answer.memberEpoch()).setSubscribedTopicRegex("")
                .setSubscribedTopicNames(List.of("returns")).setTopicPartitions(owning("returns", 0, 1)));

        assertThat(assigned(changed, "orders")).isEmpty();
        assertThat(assigned(changed, "returns")).hasSize(2);
        assertThat(refused(joining("b").setSubscribedTopicRegex("(?<name>x"))).isEqualTo(
                Errors.INVALID_REGULAR_EXPRESSION);
    }

    @Test
    void a_pattern_whose_program_would_take_all_memory_is_refused_before_there_is_one() {
        for (String regex : List.of("(((a{1000}){1000}){1000})", "a{1000}".repeat(4_000))) {
            assertThat(refused(joining("a").setSubscribedTopicRegex(regex))).isEqualTo(
                    Errors.INVALID_REGULAR_EXPRESSION);
        }
    }

    @Test
    void assignors_are_range_and_uniform_by_name() {
        assertThat(refused(joining("a", "orders").setServerAssignor("cooperative"))).isEqualTo(
                Errors.UNSUPPORTED_ASSIGNOR);
        granted(joining("a", "orders").setServerAssignor("range"));
        assertThat(WireAssignors.name(coordinator.groups().find(group).assignor())).isEqualTo("range");
        var joined = granted(joining("a", "orders").setServerAssignor("uniform"));
        assertThat(WireAssignors.name(coordinator.groups().find(group).assignor())).isEqualTo("uniform");
        granted(beating("a", joined.memberEpoch()).setServerAssignor("range").setRebalanceTimeoutMs(5_000));
        assertThat(WireAssignors.name(coordinator.groups().find(group).assignor())).isEqualTo("range");
        assertThat(coordinator.groups().find(group).member("a").profile().rebalanceTimeoutMs()).isEqualTo(5_000);
    }

    @Test
    void an_old_epoch_is_fenced_and_a_member_that_left_is_unknown() {
        var answer = granted(joining("a", "orders"));
        assertThat(refused(beating("a", answer.memberEpoch() + 1))).isEqualTo(Errors.FENCED_MEMBER_EPOCH);

        assertThat(granted(beating("a", -1)).memberEpoch()).isEqualTo(-1);

        assertThat(refused(beating("a", answer.memberEpoch()))).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
        assertThat(refused(beating("a", -1))).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    }

    @Test
    void a_static_member_that_goes_for_now_is_replaced_by_one_of_its_name_which_has_all_it_had() {
        var first = granted(joining("a", "orders").setInstanceId("desk-1"));
        granted(joining("b", "orders").setInstanceId("desk-2"));
        assertThat(refused(joining("a2", "orders").setInstanceId("desk-1"))).isEqualTo(Errors.UNRELEASED_INSTANCE_ID);
        var kept = assigned(granted(beating("a", first.memberEpoch()).setInstanceId("desk-1")), "orders");
        int epoch = granted(beating("a", first.memberEpoch()).setInstanceId("desk-1").setTopicPartitions(owning(
                "orders", kept.toArray(Integer[]::new)))).memberEpoch();
        long groupEpoch = coordinator.groups().find(group).epoch();

        assertThat(granted(beating("a", -2).setInstanceId("desk-1")).memberEpoch()).isEqualTo(-2);
        assertThat(refused(beating("a", epoch).setInstanceId("desk-1"))).isEqualTo(Errors.FENCED_MEMBER_EPOCH);
        var again = granted(joining("a2", "orders").setInstanceId("desk-1"));

        assertThat(assigned(again, "orders")).isEqualTo(kept);
        assertThat(coordinator.groups().find(group).epoch()).isEqualTo(groupEpoch);
        assertThat(refused(beating("a", epoch).setInstanceId("desk-1"))).isEqualTo(Errors.FENCED_INSTANCE_ID);
        assertThat(coordinator.groups().find(group).members()).containsOnlyKeys("a2", "b");
        coordinator.takeOverAll();
        assertThat(coordinator.groups().find(group).named("desk-1")).isNotNull();
        granted(beating("a2", -1).setInstanceId("desk-1"));
        assertThat(coordinator.groups().find(group).members()).containsOnlyKeys("b");
    }

    @Test
    void a_member_of_a_group_that_is_not_there_is_to_join_again() {
        assertThat(refused(beating("a", 5))).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    }

    @Test
    void a_full_group_takes_no_more_members() {
        IntStream.range(0, ListeningCoordinator.MAX_MEMBERS).forEach(member -> granted(joining("m" + member,
                "orders")));

        assertThat(refused(joining("one-more", "orders"))).isEqualTo(Errors.GROUP_MAX_SIZE_REACHED);
    }

    @Test
    void what_is_not_a_heartbeat_is_refused_as_such() {
        List<Consumer<ConsumerGroupHeartbeatRequestData>> faults = List.of(
                it -> it.setMemberId("nul\0"),
                it -> it.setMemberId("x".repeat(256)),
                it -> it.setInstanceId("x".repeat(256)),
                it -> it.setMemberEpoch(-2),
                it -> it.setMemberEpoch(-3),
                it -> it.setRebalanceTimeoutMs(-1),
                it -> it.setRebalanceTimeoutMs(-2),
                it -> it.setTopicPartitions(null),
                it -> it.setTopicPartitions(owning("orders", 0)),
                it -> it.setSubscribedTopicNames(null),
                it -> it.setSubscribedTopicNames(List.of("nul\0")));
        assertThat(faults).allSatisfy(fault -> {
            var heartbeat = joining("a", "orders");
            fault.accept(heartbeat);
            assertThat(refused(heartbeat)).isEqualTo(Errors.INVALID_REQUEST);
        });
        assertThat(refused(joining("a", "orders").setGroupId(""))).isEqualTo(Errors.INVALID_GROUP_ID);
    }

    @Test
    void a_member_may_subscribe_to_nothing_yet() {
        var none = granted(joining("a"));
        assertThat(assigned(none, "orders")).isEmpty();
        assertThat(granted(joining("b").setSubscribedTopicNames(null).setSubscribedTopicRegex("")).memberEpoch())
                .isPositive();

        assertThat(assigned(granted(beating("a", none.memberEpoch()).setSubscribedTopicNames(List.of("orders"))
                .setTopicPartitions(List.of())), "orders")).hasSize(4);
    }

    @Test
    void a_member_may_name_many_topics_and_a_long_pattern() {
        String[] names = IntStream.range(0, 1_500).mapToObj(index -> "orders-" + index).toArray(String[]::new);
        granted(joining("a", names));
        granted(joining("b").setSubscribedTopicRegex("orders|" + "x".repeat(1_000)));
        assertThat(refused(joining("c").setSubscribedTopicRegex("x".repeat(5_000)))).isEqualTo(Errors.INVALID_REQUEST);
    }

    @Test
    void what_is_refused_makes_no_group() {
        assertThat(refused(joining("a").setSubscribedTopicRegex("x".repeat(5_000)))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(commit(9, commitOf("", -1, "nowhere", 0, 1, ""))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);

        assertThat(coordinator.groups().list()).noneMatch(listed -> listed.group().groupId().equals(group));
    }

    @Test
    void a_full_coordinator_is_asked_again_and_only_a_full_group_is_given_up() {
        assertThat(WireErrors.of(ErrorCode.COORDINATOR_FULL)).isEqualTo(Errors.COORDINATOR_LOAD_IN_PROGRESS);
        assertThat(WireErrors.of(ErrorCode.TOO_MANY)).isEqualTo(Errors.GROUP_MAX_SIZE_REACHED);
    }

    @Test
    void a_group_is_told_once_however_often_it_is_named() {
        granted(joining("a", "orders"));
        List<String> often = Collections.nCopies(100_000, group);

        assertThat(describedConsumers(often)).singleElement().satisfies(described -> assertThat(described.members())
                .hasSize(1));
        assertThat(described(often)).singleElement().satisfies(described -> assertThat(described.members()).hasSize(1));
        assertThat(client.send(ApiKeys.FIND_COORDINATOR, 6, version -> new FindCoordinatorRequest.Builder(
                new FindCoordinatorRequestData().setCoordinatorKeys(often)).build(version),
                FindCoordinatorResponse.class).coordinators()).hasSize(1);
        var fetched = client.send(ApiKeys.OFFSET_FETCH, 10, version -> OffsetFetchRequest.parse(new ByteBufferAccessor(
                MessageUtil.toByteBufferAccessor(new OffsetFetchRequestData().setGroups(often.stream().map(
                        id -> new OffsetFetchRequestGroup().setGroupId(id).setTopics(null)).toList()), version)
                        .buffer()), version), OffsetFetchResponse.class);
        assertThat(fetched.data().groups()).singleElement().satisfies(told -> assertThat(told.errorCode()).isEqualTo(
                Errors.INVALID_REQUEST.code()));
    }

    private List<ConsumerGroupDescribeResponseData.DescribedGroup> describedConsumers(List<String> ids) {
        return client.send(ApiKeys.CONSUMER_GROUP_DESCRIBE, 1, version -> new ConsumerGroupDescribeRequest.Builder(
                new ConsumerGroupDescribeRequestData().setGroupIds(ids)).build(version),
                ConsumerGroupDescribeResponse.class).data().groups();
    }

    private List<DescribeGroupsResponseData.DescribedGroup> described(List<String> ids) {
        return client.send(ApiKeys.DESCRIBE_GROUPS, 6, version -> new DescribeGroupsRequest.Builder(
                new DescribeGroupsRequestData().setGroups(ids)).build(version), DescribeGroupsResponse.class).data()
                .groups();
    }

    @Test
    void of_many_groups_the_rest_is_to_be_asked_for_again() {
        List<String> ids = IntStream.range(0, AnswerRoom.MAX_DESCRIBED + 1).mapToObj(index -> group + index).toList();

        assertThat(described(ids)).hasSize(ids.size()).extracting(DescribeGroupsResponseData.DescribedGroup::errorCode)
                .endsWith(Errors.GROUP_ID_NOT_FOUND.code(), Errors.COORDINATOR_LOAD_IN_PROGRESS.code());
        assertThat(describedConsumers(ids)).hasSize(ids.size()).extracting(
                ConsumerGroupDescribeResponseData.DescribedGroup::errorCode).endsWith(Errors.GROUP_ID_NOT_FOUND.code(),
                        Errors.COORDINATOR_LOAD_IN_PROGRESS.code());
        var deleted = client.send(ApiKeys.DELETE_GROUPS, 2, version -> new DeleteGroupsRequest.Builder(
                new DeleteGroupsRequestData().setGroupsNames(ids.subList(0, AnswerRoom.MAX_ASKED + 1))).build(version),
                DeleteGroupsResponse.class);
        assertThat(deleted.data().results()).hasSize(AnswerRoom.MAX_ASKED + 1).last().satisfies(last -> assertThat(last
                .errorCode()).isEqualTo(Errors.COORDINATOR_LOAD_IN_PROGRESS.code()));
    }

    @Test
    void of_a_group_that_is_not_there_nothing_is_committed_whoever_asks() {
        var told = fetch(9, new OffsetFetchRequestGroup().setGroupId(group).setMemberId("a").setMemberEpoch(3)
                .setTopics(List.of(new OffsetFetchRequestTopics().setName("orders").setPartitionIndexes(List.of(1)))));

        assertThat(Errors.forCode(told.errorCode())).isEqualTo(Errors.NONE);
        assertThat(told.topics().getFirst().partitions().getFirst().committedOffset()).isEqualTo(-1);
    }

    @Test
    void without_the_shard_the_client_is_sent_to_look_for_the_coordinator() {
        coordinator.releaseAll();
        try {
            assertThat(refused(joining("a", "orders"))).isEqualTo(Errors.NOT_COORDINATOR);
            assertThat(commit(10, commitOf("", -1, "orders", 0, 5, null))).isEqualTo(Errors.NOT_COORDINATOR);
            assertThat(Errors.forCode(fetch(10, "orders", 0).errorCode())).isEqualTo(Errors.NOT_COORDINATOR);
        } finally {
            coordinator.takeOverAll();
        }
    }

    private OffsetCommitRequestData commitOf(String member, int epoch, String topic, int partition, long offset,
            @org.jspecify.annotations.Nullable String metadata) {
        return new OffsetCommitRequestData().setGroupId(group).setMemberId(member).setGenerationIdOrMemberEpoch(epoch)
                .setTopics(List.of(new OffsetCommitRequestTopic().setName(topic).setTopicId(coordinator.images.current()
                        .topic(topic) == null ? Uuid.randomUuid() : id(topic)).setPartitions(List.of(
                                new OffsetCommitRequestPartition().setPartitionIndex(partition).setCommittedOffset(
                                        offset).setCommittedLeaderEpoch(7).setCommittedMetadata(metadata)))));
    }

    private Errors commit(int asked, OffsetCommitRequestData commit) {
        var answer = client.send(ApiKeys.OFFSET_COMMIT, asked, version -> OffsetCommitRequest.parse(
                new ByteBufferAccessor(MessageUtil.toByteBufferAccessor(commit, version).buffer()), version),
                OffsetCommitResponse.class);
        return Errors.forCode(answer.data().topics().getFirst().partitions().getFirst().errorCode());
    }

    private OffsetFetchResponseGroup fetch(int asked, String topic, int partition) {
        return fetch(asked, new OffsetFetchRequestGroup().setGroupId(group).setTopics(List.of(
                new OffsetFetchRequestTopics().setName(topic).setTopicId(coordinator.images.current().topic(
                        topic) == null ? Uuid.randomUuid() : id(topic)).setPartitionIndexes(List.of(partition)))));
    }

    private OffsetFetchResponseGroup fetch(int asked, OffsetFetchRequestGroup wanted) {
        var answer = client.send(ApiKeys.OFFSET_FETCH, asked, version -> OffsetFetchRequest.Builder.forTopicIdsOrNames(
                new OffsetFetchRequestData().setGroups(List.of(wanted)), false).build(version),
                OffsetFetchResponse.class);
        return answer.group(group);
    }

    @Test
    void offsets_with_their_metadata_and_epochs_are_committed_and_told_in_every_version() {
        for (int version = 2; version <= 10; version++) {
            assertThat(commit(version, commitOf("", -1, "orders", 1, 40 + version, "note " + version))).isEqualTo(
                    Errors.NONE);
            for (int fetched = 1; fetched <= 10; fetched++) {
                var partition = fetch(fetched, "orders", 1).topics().getFirst().partitions().getFirst();
                assertThat(partition.committedOffset()).isEqualTo(40 + version);
                assertThat(partition.metadata()).isEqualTo("note " + version);
                assertThat(partition.committedLeaderEpoch()).isEqualTo(version >= 6 && fetched >= 5 ? 7 : -1);
            }
        }
        assertThat(fetch(10, "orders", 2).topics().getFirst().partitions().getFirst().committedOffset()).isEqualTo(-1);
        var all = fetch(10, new OffsetFetchRequestGroup().setGroupId(group).setTopics(null)).topics();
        assertThat(all).singleElement().satisfies(topic -> {
            assertThat(topic.topicId()).isEqualTo(id("orders"));
            assertThat(topic.partitions()).singleElement().satisfies(partition -> assertThat(partition
                    .partitionIndex()).isEqualTo(1));
        });
    }

    @Test
    void what_cannot_be_committed_is_refused_partition_by_partition() {
        assertThat(commit(9, commitOf("", -1, "nowhere", 0, 1, ""))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(commit(10, commitOf("", -1, "nowhere", 0, 1, ""))).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
        assertThat(commit(10, commitOf("", -1, "orders", 4, 1, ""))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(commit(10, commitOf("", -1, "orders", 0, -1, ""))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(commit(10, commitOf("", -1, "orders", 0, 1, "\0"))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(commit(10, commitOf("", -1, "orders", 0, 1, "x".repeat(OffsetCommits.MAX_METADATA_LENGTH + 1))))
                .isEqualTo(Errors.OFFSET_METADATA_TOO_LARGE);
        assertThat(commit(10, commitOf("", -1, "orders", 0, 1, "x".repeat(OffsetCommits.MAX_METADATA_LENGTH))))
                .isEqualTo(Errors.NONE);
        assertThat(fetch(9, "nowhere", 0).topics().getFirst().partitions().getFirst().errorCode()).isEqualTo(
                Errors.NONE.code());
        assertThat(fetch(10, "nowhere", 0).topics().getFirst().partitions().getFirst().errorCode()).isEqualTo(
                Errors.UNKNOWN_TOPIC_ID.code());
    }

    @Test
    void a_topic_that_went_takes_none_of_the_others_offsets_with_it() {
        coordinator.offsets.lose("returns");
        for (int version = 9; version <= 10; version++) {
            var commit = commitOf("", -1, "orders", 0, 5, "");
            var two = new ArrayList<>(commitOf("", -1, "returns", 1, 6, "").topics());
            two.addAll(commit.topics());
            commit.setTopics(two);

            var answered = client.send(ApiKeys.OFFSET_COMMIT, version, asked -> OffsetCommitRequest.parse(
                    new ByteBufferAccessor(MessageUtil.toByteBufferAccessor(commit, asked).buffer()), asked),
                    OffsetCommitResponse.class).data().topics();

            assertThat(answered).extracting(topic -> Errors.forCode(topic.partitions().getFirst().errorCode()))
                    .containsExactly(version < 10 ? Errors.UNKNOWN_TOPIC_OR_PARTITION : Errors.UNKNOWN_TOPIC_ID,
                            Errors.NONE);
            assertThat(coordinator.offsets.commits().getLast().offsets()).singleElement().satisfies(
                    offset -> assertThat(offset.topic()).isEqualTo("orders"));
            assertThat(coordinator.offsets.commits().getLast().offsets().getFirst().topicId()).isEqualTo(version < 10
                    ? null
                    : id("orders").toString());
        }
    }

    @Test
    void what_was_committed_for_another_topic_of_the_name_is_not_told_by_topic_id() {
        commit(10, commitOf("", -1, "orders", 0, 6, ""));
        coordinator.offsets.tellsTopicId(UUID.randomUUID());

        var byId = fetch(10, "orders", 0).topics().getFirst().partitions().getFirst();
        assertThat(Errors.forCode(byId.errorCode())).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
        assertThat(byId.committedOffset()).isEqualTo(-1);
        assertThat(fetch(10, new OffsetFetchRequestGroup().setGroupId(group).setTopics(null)).topics()).isEmpty();
        var byName = fetch(9, "orders", 0).topics().getFirst().partitions().getFirst();
        assertThat(Errors.forCode(byName.errorCode())).isEqualTo(Errors.NONE);
        assertThat(byName.committedOffset()).isEqualTo(6);
    }

    @Test
    void a_members_commit_carries_its_id_and_epoch_and_refusals_are_told_in_kafkas_words() {
        assertThat(commit(10, commitOf("a", 3, "orders", 0, 1, ""))).isEqualTo(Errors.NONE);
        assertThat(coordinator.offsets.commits().getLast().member()).isEqualTo(new OffsetsApi.Member("a", 3));

        coordinator.offsets.refuse(new RefusedException(ErrorCode.FENCED_MEMBER_EPOCH, "an epoch of before"));
        assertThat(commit(10, commitOf("a", 3, "orders", 0, 1, ""))).isEqualTo(Errors.STALE_MEMBER_EPOCH);
        coordinator.offsets.refuse(new RefusedException(ErrorCode.UNKNOWN_MEMBER, "it left"));
        assertThat(commit(10, commitOf("a", 3, "orders", 0, 1, ""))).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
        for (ErrorCode away : List.of(ErrorCode.UNAVAILABLE, ErrorCode.TIMED_OUT, ErrorCode.QUEUE_FULL)) {
            coordinator.offsets.refuse(new RefusedException(away, "not now"));
            assertThat(commit(10, commitOf("a", 3, "orders", 0, 1, ""))).isEqualTo(
                    Errors.COORDINATOR_LOAD_IN_PROGRESS);
            assertThat(Errors.forCode(fetch(10, "orders", 0).errorCode())).isEqualTo(
                    Errors.COORDINATOR_LOAD_IN_PROGRESS);
        }
        coordinator.offsets.refuse(null);
        assertThat(commit(10, commitOf("a", 3, "orders", 0, 1, "").setGroupInstanceId("static"))).as(
                "by whichever name, the epoch fences it").isEqualTo(Errors.NONE);
    }

    @Test
    void a_member_that_asks_for_offsets_with_an_old_epoch_is_told_that_it_is_stale() {
        int epoch = granted(joining("a", "orders")).memberEpoch();
        var asked = new OffsetFetchRequestGroup().setGroupId(group).setMemberId("a").setMemberEpoch(epoch).setTopics(
                null);
        assertThat(fetch(10, asked).errorCode()).isEqualTo(Errors.NONE.code());
        assertThat(fetch(10, asked.duplicate().setMemberEpoch(epoch + 1)).errorCode()).isEqualTo(
                Errors.STALE_MEMBER_EPOCH.code());
        assertThat(fetch(10, asked.duplicate().setMemberId("b")).errorCode()).isEqualTo(
                Errors.UNKNOWN_MEMBER_ID.code());
    }
}
