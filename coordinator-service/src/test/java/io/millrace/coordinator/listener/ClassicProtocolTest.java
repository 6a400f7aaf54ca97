package io.millrace.coordinator.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.coordinator.group.classic.ClassicGroup;
import io.millrace.coordinator.group.classic.ClassicPhase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.ConsumerGroupHeartbeatRequest;
import org.apache.kafka.common.requests.ConsumerGroupHeartbeatResponse;
import org.apache.kafka.common.requests.DeleteGroupsRequest;
import org.apache.kafka.common.requests.DeleteGroupsResponse;
import org.apache.kafka.common.requests.DescribeGroupsRequest;
import org.apache.kafka.common.requests.DescribeGroupsResponse;
import org.apache.kafka.common.requests.LeaveGroupRequest;
import org.apache.kafka.common.requests.LeaveGroupResponse;
import org.apache.kafka.common.requests.ListGroupsRequest;
import org.apache.kafka.common.requests.ListGroupsResponse;
import org.apache.kafka.common.requests.OffsetCommitRequest;
import org.apache.kafka.common.requests.OffsetCommitResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/** The classic protocol, request by request. */
@ResourceLock(ListeningCoordinator.ALONE)
class ClassicProtocolTest {
    private final ListeningCoordinator coordinator = ListeningCoordinator.shared();
    private final String group = "classic-" + UUID.randomUUID();
    private final List<ClassicClient> clients = new ArrayList<>();
    @AutoClose
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private ClassicClient client() {
        var client = new ClassicClient(coordinator.address(), group);
        clients.add(client);
        return client;
    }

    @AfterEach
    void close() {
        clients.forEach(ClassicClient::close);
    }

    private ClassicGroup present() {
        return Objects.requireNonNull(coordinator.groups().findClassic(group));
    }

    private void awaitPreparing() {
        await().until(() -> present().phase() instanceof ClassicPhase.PreparingRebalance);
    }

    private static Errors error(JoinGroupResponseData joined) {
        return Errors.forCode(joined.errorCode());
    }

    @Test
    void members_that_join_at_once_are_each_given_an_id_and_end_in_one_generation() {
        var members = List.of(client(), client(), client());
        var given = ConcurrentHashMap.<String>newKeySet();
        var first = members.stream().map(member -> CompletableFuture.runAsync(() -> {
            JoinGroupResponseData refused = member.beginJoin(9).join();
            assertThat(error(refused)).isEqualTo(Errors.MEMBER_ID_REQUIRED);
            given.add(refused.memberId());
        }, threads)).toList();
        first.forEach(CompletableFuture::join);
        assertThat(given).hasSize(3).allMatch(id -> id.startsWith("wire-test-"));

        var lives = members.stream().map(member -> CompletableFuture.runAsync(() -> await().until(() -> {
            Errors told = member.turn();
            assertThat(told).isIn(Errors.NONE, Errors.REBALANCE_IN_PROGRESS);
            ClassicGroup now = present();
            return told == Errors.NONE && now.members().size() == 3 && now.isAssigned() && member.generation == now
                    .generation();
        }), threads)).toList();
        lives.forEach(CompletableFuture::join);

        assertThat(present().members().keySet()).isEqualTo(given);
    }

    @Test
    void an_id_that_nobody_gave_out_is_unknown_also_in_a_group_that_is_not_there() {
        ClassicClient stranger = client();
        stranger.memberId = "made-up";
        assertThat(error(stranger.beginJoin(9).join())).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
        stranger.generation = 1;
        assertThat(stranger.heartbeat()).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
        assertThat(stranger.beginSync(Map.of()).join().errorCode()).isEqualTo(Errors.UNKNOWN_MEMBER_ID.code());
        assertThat(coordinator.groups().list()).noneMatch(listed -> listed.group().groupId().equals(group));

        client().join();
        assertThat(error(stranger.beginJoin(9).join())).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    }

    @Test
    void a_member_of_an_old_version_joins_at_once() {
        for (int version = 0; version < 4; version++) {
            ClassicClient old = client();
            JoinGroupResponseData joined = old.beginJoin(version).join();
            assertThat(error(joined)).isEqualTo(Errors.NONE);
            assertThat(joined.members()).hasSize(1);
            assertThat(leave(old, version)).isEqualTo(Errors.NONE);
        }
    }

    private Errors leave(ClassicClient member, int asked) {
        return member.wire.send(ApiKeys.LEAVE_GROUP, asked, version -> new LeaveGroupRequest.Builder(group, List.of(
                new MemberIdentity().setMemberId(member.memberId))).build(version), LeaveGroupResponse.class).error();
    }

    @Test
    void a_join_that_waits_is_taken_back_when_its_connection_ends() {
        ClassicClient first = client();
        first.beginJoin(3).join();
        ClassicClient second = client();
        CompletableFuture<JoinGroupResponseData> waiting = second.beginJoin(3);
        awaitPreparing();

        second.close();

        await().until(() -> present().members().size() == 1);
        assertThat(waiting).isCompletedExceptionally();
        assertThat(first.join().members()).hasSize(1);
    }

    @Test
    void who_waits_is_sent_to_the_next_coordinator_when_the_shard_goes() {
        ClassicClient first = client();
        first.beginJoin(3).join();
        first.beginSync(Map.of(first.memberId, new byte[]{7})).join();
        CompletableFuture<JoinGroupResponseData> waiting = client().beginJoin(3);
        awaitPreparing();

        coordinator.releaseAll();
        try {
            assertThat(error(waiting.join())).isEqualTo(Errors.NOT_COORDINATOR);
            assertThat(first.heartbeat()).isEqualTo(Errors.NOT_COORDINATOR);
        } finally {
            coordinator.takeOverAll();
        }

        assertThat(first.heartbeat()).isEqualTo(Errors.NONE);
        assertThat(first.beginSync(Map.of()).join().assignment()).isEqualTo(new byte[]{7});
    }

    @Test
    void the_next_request_of_a_connection_waits_for_the_join_before_it() {
        ClassicClient first = client();
        first.beginJoin(3).join();
        ClassicClient second = client();
        CompletableFuture<JoinGroupResponseData> waiting = second.beginJoin(3);
        awaitPreparing();
        var deleted = second.wire.begin(ApiKeys.DELETE_GROUPS, 2, version -> new DeleteGroupsRequest.Builder(
                new DeleteGroupsRequestData().setGroupsNames(List.of(group))).build(version),
                DeleteGroupsResponse.class);

        first.join();

        assertThat(error(waiting.join())).isEqualTo(Errors.NONE);
        assertThat(deleted.join().errors()).containsEntry(group, Errors.NON_EMPTY_GROUP);
    }

    @Test
    void a_join_that_waits_is_taken_back_when_its_connection_ends_with_another_request_behind_it() {
        ClassicClient first = client();
        first.beginJoin(3).join();
        ClassicClient second = client();
        second.beginJoin(3);
        awaitPreparing();
        second.wire.begin(ApiKeys.DELETE_GROUPS, 2, version -> new DeleteGroupsRequest.Builder(
                new DeleteGroupsRequestData().setGroupsNames(List.of(group))).build(version),
                DeleteGroupsResponse.class);

        second.close();

        await().until(() -> present().members().size() == 1);
    }

    private Errors commit(ClassicClient member, String memberId, int generation) {
        var commit = new OffsetCommitRequestData().setGroupId(group).setMemberId(memberId)
                .setGenerationIdOrMemberEpoch(generation).setGroupInstanceId(member.instanceId).setTopics(List.of(
                        new OffsetCommitRequestTopic().setName("orders").setPartitions(List.of(
                                new OffsetCommitRequestPartition().setPartitionIndex(0).setCommittedOffset(1)))));
        var answer = member.wire.send(ApiKeys.OFFSET_COMMIT, 8, version -> OffsetCommitRequest.parse(
                new ByteBufferAccessor(MessageUtil.toByteBufferAccessor(commit, version).buffer()), version),
                OffsetCommitResponse.class);
        return Errors.forCode(answer.data().topics().getFirst().partitions().getFirst().errorCode());
    }

    @Test
    void commits_are_taken_of_the_present_generation_and_while_all_join_again() {
        ClassicClient member = client();
        member.beginJoin(3).join();
        assertThat(commit(member, member.memberId, member.generation)).as("before it is assigned").isEqualTo(
                Errors.REBALANCE_IN_PROGRESS);
        member.beginSync(Map.of()).join();

        assertThat(commit(member, member.memberId, member.generation)).isEqualTo(Errors.NONE);
        assertThat(commit(member, member.memberId, member.generation - 1)).isEqualTo(Errors.ILLEGAL_GENERATION);
        assertThat(commit(member, "stranger", member.generation)).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
        assertThat(commit(member, "", -1)).as("of nobody, where there are members").isEqualTo(
                Errors.UNKNOWN_MEMBER_ID);
        client().beginJoin(3);
        awaitPreparing();
        assertThat(commit(member, member.memberId, member.generation)).isEqualTo(Errors.NONE);

        leave(member, 4);
        await().until(() -> !present().members().containsKey(member.memberId));
        assertThat(commit(member, member.memberId, member.generation)).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    }

    @Test
    void a_static_member_is_fenced_by_its_successor_also_when_it_commits() {
        ClassicClient old = client();
        old.instanceId = "desk-1";
        old.beginJoin(5).join();
        old.beginSync(Map.of(old.memberId, new byte[]{1})).join();
        ClassicClient successor = client();
        successor.instanceId = "desk-1";

        JoinGroupResponseData joined = successor.beginJoin(9).join();

        assertThat(joined.skipAssignment()).isTrue();
        assertThat(joined.generationId()).isEqualTo(old.generation);
        assertThat(successor.beginSync(Map.of()).join().assignment()).isEqualTo(new byte[]{1});
        assertThat(old.heartbeat()).isEqualTo(Errors.FENCED_INSTANCE_ID);
        assertThat(commit(old, old.memberId, old.generation)).isEqualTo(Errors.FENCED_INSTANCE_ID);
        assertThat(commit(successor, successor.memberId, successor.generation)).isEqualTo(Errors.NONE);
    }

    @Test
    void members_of_any_type_are_grouped_and_shown_with_what_they_tell_each_other() {
        ClassicClient worker = client();
        worker.type = "connect";
        worker.metadata = new byte[]{-1, 2, 3};
        worker.join();
        worker.beginSync(Map.of(worker.memberId, new byte[]{4, -5})).join();

        var described = described(worker);

        assertThat(described.protocolType()).isEqualTo("connect");
        assertThat(described.protocolData()).isEqualTo("range");
        assertThat(described.groupState()).isEqualTo("Stable");
        assertThat(described.members()).singleElement().satisfies(member -> {
            assertThat(member.memberMetadata()).isEqualTo(new byte[]{-1, 2, 3});
            assertThat(member.memberAssignment()).isEqualTo(new byte[]{4, -5});
        });
        var listed = worker.wire.send(ApiKeys.LIST_GROUPS, 5, version -> new ListGroupsRequest.Builder(
                new ListGroupsRequestData().setTypesFilter(List.of("Classic"))).build(version),
                ListGroupsResponse.class).data().groups();
        assertThat(listed).filteredOn(it -> it.groupId().equals(group)).singleElement().satisfies(it -> assertThat(it
                .protocolType()).isEqualTo("connect"));
    }

    private DescribeGroupsResponseData.DescribedGroup described(ClassicClient by) {
        return by.wire.send(ApiKeys.DESCRIBE_GROUPS, 6, version -> new DescribeGroupsRequest.Builder(
                new DescribeGroupsRequestData().setGroups(List.of(group))).build(version), DescribeGroupsResponse.class)
                .data().groups().getFirst();
    }

    @Test
    void a_group_that_rebalances_is_shown_without_what_its_members_had() {
        ClassicClient worker = client();
        worker.metadata = new byte[]{1};
        worker.beginJoin(3).join();
        worker.beginSync(Map.of(worker.memberId, new byte[]{2})).join();
        client().beginJoin(3);
        awaitPreparing();

        var described = described(client());

        assertThat(described.groupState()).isEqualTo("PreparingRebalance");
        assertThat(described.protocolType()).isEqualTo("consumer");
        assertThat(described.protocolData()).isEmpty();
        assertThat(described.members()).hasSize(2).allSatisfy(member -> {
            assertThat(member.clientId()).isEqualTo("wire-test");
            assertThat(member.memberMetadata()).isEmpty();
            assertThat(member.memberAssignment()).isEmpty();
        });
    }

    @Test
    void a_consumer_of_the_other_protocol_does_not_get_into_a_group_of_another_type() {
        ClassicClient worker = client();
        worker.type = "connect";
        worker.join();

        var refused = worker.wire.send(ApiKeys.CONSUMER_GROUP_HEARTBEAT, 1,
                version -> new ConsumerGroupHeartbeatRequest.Builder(new ConsumerGroupHeartbeatRequestData().setGroupId(
                        group).setMemberId("new").setRebalanceTimeoutMs(1_000).setTopicPartitions(List.of())
                        .setSubscribedTopicNames(List.of("orders"))).build(version),
                ConsumerGroupHeartbeatResponse.class).data();

        assertThat(refused.errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
        assertThat(refused.errorMessage()).contains("classic");
    }

    @Test
    void what_is_not_a_request_of_a_member_is_refused_as_such() {
        ClassicClient faulty = client();
        faulty.memberId = "nul\0";
        assertThat(error(faulty.beginJoin(9).join())).isEqualTo(Errors.INVALID_REQUEST);
        faulty.memberId = "";
        faulty.instanceId = "x".repeat(256);
        assertThat(error(faulty.beginJoin(9).join())).isEqualTo(Errors.INVALID_REQUEST);
        faulty.instanceId = null;
        faulty.type = "";
        assertThat(error(faulty.beginJoin(9).join())).isEqualTo(Errors.INCONSISTENT_GROUP_PROTOCOL);
        faulty.type = "consumer";
        faulty.metadata = new byte[1024 * 1024 + 1];
        assertThat(error(faulty.beginJoin(9).join())).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(coordinator.groups().list()).as("a refused join makes no group").noneMatch(listed -> listed.group()
                .groupId().equals(group));
    }

    @Test
    void too_many_groups_are_no_reason_to_give_up() {
        assertThat(ClassicHandler.told(WireErrors.of(ErrorCode.COORDINATOR_FULL))).isEqualTo(
                Errors.COORDINATOR_NOT_AVAILABLE);
    }
}
