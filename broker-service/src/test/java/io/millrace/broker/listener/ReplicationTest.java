package io.millrace.broker.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.millrace.broker.listener.ReplicaCluster.Node;
import io.millrace.broker.log.PartitionLog;
import io.millrace.broker.log.ReadResult;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerClientConfig;
import io.millrace.common.wire.Lane;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteRecordsResponseData.DeleteRecordsPartitionResult;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchRequestData.ReplicaState;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopicCollection;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.DeleteRecordsRequest;
import org.apache.kafka.common.requests.DeleteRecordsResponse;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ListOffsetsResponse;
import org.apache.kafka.common.requests.OffsetsForLeaderEpochRequest;
import org.apache.kafka.common.requests.OffsetsForLeaderEpochResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

/** Three brokers in one process, see {@link ReplicaCluster}. */
class ReplicationTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int LONG_MS = 30_000;
    private static final Map<String, String> MIN_ISR_2 = Map.of("min.insync.replicas", "2");
    private static final List<Integer> THREE = List.of(0, 1, 2);

    @TempDir
    private Path folder;
    private @Nullable ReplicaCluster open;
    private final BrokerClient client = BrokerClient.create(BrokerClientConfig.withClientId("test"));

    @AfterEach
    void stop() {
        client.close();
        if (open != null) {
            open.close();
        }
    }

    private ReplicaCluster cluster(Map<String, String> configs, List<Integer> replicas) throws IOException {
        return cluster(ReplicaCluster.settings(Duration.ofMinutes(1)), configs, replicas);
    }

    private ReplicaCluster cluster(io.millrace.broker.partition.ReplicationSettings settings,
            Map<String, String> configs, List<Integer> replicas) throws IOException {
        ReplicaCluster opened = new ReplicaCluster(folder, settings, configs, replicas);
        open = opened;
        return opened;
    }

    /** Patient: a machine that builds and tests at once is slow. */
    private static ConditionFactory eventually() {
        return Awaitility.await().atMost(LONG).pollInterval(Duration.ofMillis(5));
    }

    private CompletableFuture<PartitionProduceResponse> produce(Node leader, int acks, int timeoutMs,
            String... values) {
        SimpleRecord[] records = Stream.of(values).map(value -> new SimpleRecord(1_000L, null, value.getBytes(
                StandardCharsets.UTF_8))).toArray(SimpleRecord[]::new);
        TopicProduceData topic = new TopicProduceData().setTopicId(ReplicaCluster.TOPIC_ID).setPartitionData(List.of(
                new PartitionProduceData().setIndex(0).setRecords(MemoryRecords.withRecords(Compression.NONE,
                        records))));
        ProduceRequestData data = new ProduceRequestData().setAcks((short) acks).setTimeoutMs(timeoutMs).setTopicData(
                new TopicProduceDataCollection(List.of(topic).iterator()));
        return client.send(leader.endpoint(), Lane.DATA, new ProduceRequest.Builder((short) 13, (short) 13, data),
                ProduceResponse.class, LONG)
                .thenApply(answer -> answer.data().responses().iterator().next().partitionResponses().getFirst());
    }

    private Errors produced(Node leader, String... values) {
        return Errors.forCode(produce(leader, -1, LONG_MS, values).join().errorCode());
    }

    private CompletableFuture<FetchResponseData.PartitionData> consume(Node node, long offset, int maxWaitMs) {
        return fetch(node, new ReplicaState(), new FetchPartition().setFetchOffset(offset), maxWaitMs);
    }

    private CompletableFuture<FetchResponseData.PartitionData> fetch(Node node, ReplicaState replica,
            FetchPartition wanted, int maxWaitMs) {
        FetchRequestData data = new FetchRequestData().setReplicaState(replica).setMaxBytes(1 << 20).setMinBytes(1)
                .setMaxWaitMs(maxWaitMs).setTopics(List.of(new FetchTopic().setTopicId(ReplicaCluster.TOPIC_ID)
                        .setPartitions(List.of(wanted.setPartition(0).setPartitionMaxBytes(1 << 20)))));
        return client.send(node.endpoint(), Lane.LONG_POLL, new AbstractRequest.Builder<FetchRequest>(ApiKeys.FETCH,
                (short) 17, (short) 17) {
            @Override
            public FetchRequest build(short version) {
                return new FetchRequest(data, version);
            }
        }, FetchResponse.class, LONG).thenApply(answer -> answer.data().responses().getFirst().partitions()
                .getFirst());
    }

    private static List<String> values(PartitionLog log) {
        List<String> values = new ArrayList<>();
        long next = log.logStartOffset();
        while (next < log.logEndOffset()) {
            for (Record record : ((ReadResult.Data) log.read(next, 1 << 20, true, Long.MAX_VALUE)).records()
                    .records()) {
                values.add(StandardCharsets.UTF_8.decode(record.value()).toString());
                next = record.offset() + 1;
            }
        }
        return values;
    }

    private static List<String> values(FetchResponseData.PartitionData data) {
        List<String> values = new ArrayList<>();
        FetchResponse.recordsOrFail(data).records().forEach(record -> values.add(StandardCharsets.UTF_8.decode(record
                .value()).toString()));
        return values;
    }

    private static void awaitSame(ReplicaCluster cluster, int... ids) {
        Node leader = cluster.node(cluster.row().leader());
        for (int id : ids) {
            eventually().until(() -> values(cluster.node(id).log()).equals(values(leader.log())));
        }
    }

    @Test
    void what_is_acknowledged_by_all_is_on_all() throws IOException {
        ReplicaCluster cluster = cluster(MIN_ISR_2, THREE);

        for (int i = 0; i < 50; i++) {
            assertThat(produced(cluster.node(0), "v" + i)).isEqualTo(Errors.NONE);
            for (int id : THREE) {
                assertThat(cluster.node(id).log().logEndOffset()).isEqualTo(i + 1);
            }
        }

        awaitSame(cluster, 1, 2);
        eventually().until(() -> cluster.node(1).log().highWatermark() == 50 && cluster.node(2).log()
                .highWatermark() == 50);
        assertThat(values(consume(cluster.node(0), 0, 0).join())).hasSize(50);
    }

    /** Or a record that all have acknowledged would not survive that all lose their power. */
    @Test
    void with_flush_messages_what_is_acknowledged_by_all_is_durable_on_all() throws IOException {
        ReplicaCluster cluster = cluster(Map.of("min.insync.replicas", "3", "flush.messages", "1"), THREE);

        for (int i = 0; i < 50; i++) {
            assertThat(produced(cluster.node(0), "v" + i)).isEqualTo(Errors.NONE);
            for (int id : THREE) {
                assertThat(cluster.node(id).log().recoveryPoint()).as("broker %d", id).isEqualTo(i + 1);
            }
        }
    }

    @Test
    void pipelined_appends_are_all_answered_with_offsets_of_their_own() throws IOException {
        ReplicaCluster cluster = cluster(MIN_ISR_2, THREE);

        List<CompletableFuture<PartitionProduceResponse>> answers = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            answers.add(produce(cluster.node(0), -1, LONG_MS, "v" + i));
        }

        assertThat(answers.stream().map(CompletableFuture::join)).allSatisfy(answer -> assertThat(answer.errorCode())
                .isZero()).extracting(PartitionProduceResponse::baseOffset).doesNotHaveDuplicates();
        awaitSame(cluster, 1, 2);
    }

    @Test
    void a_partition_of_one_replica_commits_at_once() throws IOException {
        ReplicaCluster cluster = cluster(MIN_ISR_2, List.of(0));

        assertThat(produced(cluster.node(0), "a")).isEqualTo(Errors.NONE);

        assertThat(cluster.node(0).log().highWatermark()).isEqualTo(1);
        assertThat(cluster.node(0).fetchers.running()).isZero();
    }

    @Test
    void consumers_see_only_what_all_in_sync_replicas_have() throws IOException {
        ReplicaCluster cluster = cluster(Map.of(), List.of(0, 1));
        assertThat(produced(cluster.node(0), "committed")).isEqualTo(Errors.NONE);
        cluster.node(1).close();
        assertThat(produce(cluster.node(0), 1, LONG_MS, "not yet").join().errorCode()).isZero();

        FetchResponseData.PartitionData seen = consume(cluster.node(0), 0, 0).join();
        CompletableFuture<FetchResponseData.PartitionData> waiting = consume(cluster.node(0), 1, LONG_MS);

        assertThat(seen.highWatermark()).isEqualTo(1);
        assertThat(values(seen)).containsExactly("committed");
        eventually().until(() -> cluster.node(0).requests.waitingFetches() >= 1);
        assertThat(waiting).isNotDone();
        cluster.start(1);
        assertThat(values(waiting.join())).containsExactly("not yet");
    }

    @Test
    void an_append_that_replicas_do_not_get_in_time_times_out() throws IOException {
        ReplicaCluster cluster = cluster(Map.of(), List.of(0, 1));
        cluster.node(1).close();

        assertThat(produce(cluster.node(0), -1, 50, "a").join().errorCode()).isEqualTo(Errors.REQUEST_TIMED_OUT
                .code());

        assertThat(cluster.node(0).log().logEndOffset()).isEqualTo(1);
        assertThat(cluster.node(0).log().highWatermark()).isZero();
    }

    @Test
    void a_replica_that_lags_leaves_the_isr_and_comes_back() throws IOException {
        ReplicaCluster cluster = cluster(ReplicaCluster.SETTINGS, MIN_ISR_2, THREE);
        assertThat(produced(cluster.node(0), "a")).isEqualTo(Errors.NONE);
        cluster.node(2).close();

        assertThat(produced(cluster.node(0), "b")).isEqualTo(Errors.NONE);
        assertThat(cluster.row().isr()).containsExactlyInAnyOrder(0, 1);
        eventually().until(() -> cluster.node(0).partitions.isrShrinks() == 1);

        cluster.start(2);
        eventually().until(() -> cluster.row().isr().size() == 3);
        assertThat(produced(cluster.node(0), "c")).isEqualTo(Errors.NONE);
        assertThat(cluster.node(2).log().logEndOffset()).isEqualTo(3);
    }

    @Test
    void while_the_metadata_is_away_nothing_is_committed_without_a_member() throws IOException {
        ReplicaCluster cluster = cluster(ReplicaCluster.SETTINGS, MIN_ISR_2, THREE);
        assertThat(produced(cluster.node(0), "a")).isEqualTo(Errors.NONE);
        cluster.metadataAway(true);
        cluster.node(2).close();

        assertThat(produce(cluster.node(0), -1, 2_500, "b").join().errorCode()).isEqualTo(Errors.REQUEST_TIMED_OUT
                .code());
        assertThat(cluster.node(0).log().highWatermark()).isEqualTo(1);

        cluster.metadataAway(false);
        eventually().until(() -> cluster.row().isr().size() == 2 && cluster.node(0).log().highWatermark() == 2);
    }

    @Test
    void with_too_few_in_sync_acks_all_is_refused_before_and_after_the_append() throws IOException {
        ReplicaCluster cluster = cluster(ReplicaCluster.SETTINGS, MIN_ISR_2, List.of(0, 1));
        assertThat(produced(cluster.node(0), "a")).isEqualTo(Errors.NONE);
        cluster.node(1).close();

        assertThat(produced(cluster.node(0), "b")).isEqualTo(Errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND);
        assertThat(produced(cluster.node(0), "c")).isEqualTo(Errors.NOT_ENOUGH_REPLICAS);
        assertThat(cluster.node(0).log().logEndOffset()).isEqualTo(2);
        assertThat(cluster.node(0).log().highWatermark()).isEqualTo(1);
        assertThat(cluster.node(0).partition().isUnderMinIsr()).isTrue();

        cluster.start(1);
        eventually().until(() -> cluster.row().isr().size() == 2 && cluster.node(0).log().highWatermark() == 2);
        assertThat(produced(cluster.node(0), "d")).isEqualTo(Errors.NONE);
    }

    @Test
    void appends_that_wait_hear_that_their_leader_is_replaced() throws IOException {
        ReplicaCluster cluster = cluster(Map.of(), List.of(0, 1));
        cluster.node(1).close();
        CompletableFuture<PartitionProduceResponse> waiting = produce(cluster.node(0), -1, LONG_MS, "a");
        eventually().until(() -> cluster.node(0).log().logEndOffset() == 1);

        cluster.elect(1);

        PartitionProduceResponse answer = waiting.join();
        assertThat(answer.errorCode()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());
        assertThat(answer.currentLeader().leaderId()).isEqualTo(1);
        assertThat(answer.currentLeader().leaderEpoch()).isEqualTo(1);
    }

    @Test
    void what_a_leader_alone_had_is_cut_by_its_successors_epoch() throws IOException {
        ReplicaCluster cluster = cluster(MIN_ISR_2, THREE);
        assertThat(produced(cluster.node(0), "a", "b")).isEqualTo(Errors.NONE);
        Node zombie = cluster.node(0);
        zombie.cutOff();
        cluster.fence(0);
        int second = cluster.row().leader();
        // The followers know of another leader, so what the zombie takes now stays with it.
        eventually().until(() -> cluster.node(second).partition().isLeader() && cluster.node(3 - second).partition()
                .leadership().leaderEpoch() == cluster.row().leaderEpoch());
        assertThat(produce(zombie, -1, 100, "lost").join().errorCode()).isEqualTo(Errors.REQUEST_TIMED_OUT.code());
        assertThat(produce(zombie, 1, 100, "lost too").join().errorCode()).isZero();
        assertThat(zombie.log().highWatermark()).isEqualTo(2);

        assertThat(produced(cluster.node(second), "c")).isEqualTo(Errors.NONE);
        zombie.close();
        cluster.start(0);

        eventually().until(() -> cluster.row().isr().size() == 3);
        awaitSame(cluster, 0, 3 - second);
        assertThat(values(cluster.node(0).log())).containsExactly("a", "b", "c");
    }

    @Test
    void a_leader_refuses_followers_of_another_epoch_and_of_an_old_registration() throws IOException {
        ReplicaCluster cluster = cluster(MIN_ISR_2, THREE);
        assertThat(produced(cluster.node(0), "a")).isEqualTo(Errors.NONE);
        cluster.elect(1);
        cluster.elect(0);
        Node leader = cluster.node(0);

        assertThat(fetchedBy(leader, 1, 1, 0)).isEqualTo(Errors.FENCED_LEADER_EPOCH);
        assertThat(fetchedBy(leader, 1, 1, 3)).isEqualTo(Errors.UNKNOWN_LEADER_EPOCH);
        assertThat(fetchedBy(leader, 1, 0, 2)).isEqualTo(Errors.STALE_BROKER_EPOCH);
        assertThat(fetchedBy(leader, 7, 1, 2)).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(fetchedBy(leader, 1, 1, 2)).isEqualTo(Errors.NONE);
        assertThat(fetchedBy(cluster.node(1), 2, 1, 2)).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    }

    private Errors fetchedBy(Node leader, int replicaId, long brokerEpoch, int leaderEpoch) {
        return Errors.forCode(fetch(leader, new ReplicaState().setReplicaId(replicaId).setReplicaEpoch(brokerEpoch),
                new FetchPartition().setFetchOffset(1).setCurrentLeaderEpoch(leaderEpoch), 0).join().errorCode());
    }

    @Test
    void a_new_leader_tells_no_high_watermark_that_may_be_behind() throws IOException {
        ReplicaCluster cluster = cluster(MIN_ISR_2, THREE);
        assertThat(produced(cluster.node(0), "a", "b")).isEqualTo(Errors.NONE);
        cluster.node(2).close();
        assertThat(produce(cluster.node(0), 1, LONG_MS, "c").join().errorCode()).isZero();
        Node leader = cluster.node(1);
        eventually().until(() -> leader.log().logEndOffset() == 3);
        cluster.node(0).close();

        cluster.elect(1);

        assertThat(consume(leader, 0, 0).join().errorCode()).isEqualTo(Errors.OFFSET_NOT_AVAILABLE.code());
        assertThat(latest(leader)).isEqualTo(Errors.OFFSET_NOT_AVAILABLE);
        CompletableFuture<FetchResponseData.PartitionData> waiting = consume(leader, 0, LONG_MS);
        cluster.start(0);
        cluster.start(2);
        assertThat(values(waiting.join())).containsExactly("a", "b", "c");
        assertThat(latest(leader)).isEqualTo(Errors.NONE);
    }

    private Errors latest(Node leader) {
        ListOffsetsTopic topic = new ListOffsetsTopic().setName(ReplicaCluster.TOPIC).setPartitions(List.of(
                new ListOffsetsPartition().setPartitionIndex(0).setTimestamp(ListOffsetsRequest.LATEST_TIMESTAMP)));
        return Errors.forCode(client.send(leader.endpoint(), Lane.DATA, ListOffsetsRequest.Builder.forConsumer(true,
                org.apache.kafka.common.IsolationLevel.READ_UNCOMMITTED).setTargetTimes(List.of(topic)),
                ListOffsetsResponse.class, LONG).join().topics().getFirst().partitions().getFirst().errorCode());
    }

    @Test
    void a_wiped_follower_is_filled_again_before_it_counts() throws IOException {
        ReplicaCluster cluster = cluster(MIN_ISR_2, THREE);
        for (int i = 0; i < 20; i++) {
            assertThat(produced(cluster.node(0), "v" + i)).isEqualTo(Errors.NONE);
        }
        cluster.stop(2);
        wipe(cluster.directory(2));
        assertThat(cluster.row().isr()).containsExactlyInAnyOrder(0, 1);

        cluster.start(2);

        eventually().until(() -> cluster.row().isr().size() == 3);
        assertThat(values(cluster.node(2).log())).hasSize(20);
    }

    @Test
    void a_replica_that_is_added_within_a_throttle_holds_nobody_up_once_it_has_caught_up() throws IOException {
        ReplicaCluster cluster = cluster(ReplicaCluster.settings(Duration.ofMinutes(1), DataSize.ofBytes(1)), Map.of(),
                List.of(0));
        // The copy alone owes the throttle hours.
        assertThat(produced(cluster.node(0), "a".repeat(10_000))).isEqualTo(Errors.NONE);
        cluster.start(1);

        cluster.reassign(List.of(1, 0));

        eventually().until(() -> !cluster.row().isReassigned() && cluster.row().isr().contains(1));
        assertThat(produced(cluster.node(0), "b")).isEqualTo(Errors.NONE);
        awaitSame(cluster, 0, 1);
    }

    @Test
    void a_partition_moves_to_another_broker_and_leaves_nothing_behind() throws IOException {
        ReplicaCluster cluster = cluster(Map.of(), List.of(0));
        assertThat(produced(cluster.node(0), "a")).isEqualTo(Errors.NONE);
        cluster.start(1);

        cluster.reassign(List.of(1));

        eventually().until(() -> cluster.node(1).partition().isLeader());
        assertThat(values(cluster.node(1).log())).containsExactly("a");
        assertThat(produced(cluster.node(0), "b")).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        assertThat(produced(cluster.node(1), "b")).isEqualTo(Errors.NONE);
        eventually().until(() -> cluster.node(0).logs.partitions().isEmpty());
    }

    @Test
    void a_follower_behind_the_leaders_log_start_begins_there() throws IOException {
        ReplicaCluster cluster = cluster(MIN_ISR_2, THREE);
        for (int i = 0; i < 20; i++) {
            assertThat(produced(cluster.node(0), "v" + i)).isEqualTo(Errors.NONE);
        }
        cluster.stop(2);
        wipe(cluster.directory(2));
        assertThat(cluster.node(0).log().deleteRecordsBefore(15)).isTrue();

        cluster.start(2);

        eventually().until(() -> cluster.row().isr().size() == 3);
        assertThat(cluster.node(2).log().logStartOffset()).isEqualTo(15);
        assertThat(values(cluster.node(2).log())).containsExactly("v15", "v16", "v17", "v18", "v19");
        eventually().until(() -> cluster.node(1).log().logStartOffset() == 15);
    }

    private CompletableFuture<DeleteRecordsPartitionResult> delete(Node leader, long offset, int timeoutMs) {
        DeleteRecordsRequestData data = new DeleteRecordsRequestData().setTimeoutMs(timeoutMs).setTopics(List.of(
                new DeleteRecordsTopic().setName(ReplicaCluster.TOPIC).setPartitions(List.of(
                        new DeleteRecordsPartition().setPartitionIndex(0).setOffset(offset)))));
        return client.send(leader.endpoint(), Lane.LONG_POLL, new DeleteRecordsRequest.Builder(data),
                DeleteRecordsResponse.class, LONG).thenApply(answer -> answer.data().topics().iterator().next()
                        .partitions().iterator().next());
    }

    @Test
    void of_a_partition_that_is_named_several_times_the_last_offset_to_delete_before_counts() throws IOException {
        ReplicaCluster cluster = cluster(Map.of(), List.of(0));
        assertThat(produced(cluster.node(0), "a", "b", "c")).isEqualTo(Errors.NONE);
        var topics = Stream.of(3L, 1L, 2L).map(offset -> new DeleteRecordsTopic().setName(ReplicaCluster.TOPIC)
                .setPartitions(List.of(new DeleteRecordsPartition().setPartitionIndex(0).setOffset(offset),
                        new DeleteRecordsPartition().setPartitionIndex(7).setOffset(offset)))).toList();

        var answer = client.send(cluster.node(0).endpoint(), Lane.LONG_POLL, new DeleteRecordsRequest.Builder(
                new DeleteRecordsRequestData().setTimeoutMs(LONG_MS).setTopics(topics)), DeleteRecordsResponse.class,
                LONG).join().data();

        assertThat(answer.topics()).singleElement().satisfies(topic -> assertThat(topic.partitions()).extracting(
                DeleteRecordsPartitionResult::partitionIndex, DeleteRecordsPartitionResult::lowWatermark)
                .containsExactly(
                        tuple(0, 2L), tuple(7, DeleteRecordsResponse.INVALID_LOW_WATERMARK)));
        assertThat(cluster.node(0).log().logStartOffset()).isEqualTo(2);
    }

    @Test
    void deleted_records_are_gone_on_all_that_run_before_it_is_answered_and_after_a_restart() throws IOException {
        ReplicaCluster cluster = cluster(MIN_ISR_2, THREE);
        assertThat(produced(cluster.node(0), "a", "b", "c")).isEqualTo(Errors.NONE);

        DeleteRecordsPartitionResult deleted = delete(cluster.node(0), 2, LONG_MS).join();

        assertThat(Errors.forCode(deleted.errorCode())).isEqualTo(Errors.NONE);
        assertThat(deleted.lowWatermark()).isEqualTo(2);
        assertThat(THREE).allSatisfy(id -> {
            assertThat(cluster.node(id).log().logStartOffset()).isEqualTo(2);
            assertThat(cluster.directory(id).resolve("log-start-offset-checkpoint")).content().as(
                    "what a crash would leave").contains("t 0 2");
        });
        assertThat(Errors.forCode(consume(cluster.node(0), 1, 0).join().errorCode())).isEqualTo(
                Errors.OFFSET_OUT_OF_RANGE);
        assertThat(Errors.forCode(delete(cluster.node(1), 2, LONG_MS).join().errorCode())).isEqualTo(
                Errors.NOT_LEADER_OR_FOLLOWER);

        cluster.stop(2);
        assertThat(delete(cluster.node(0), -1, LONG_MS).join().lowWatermark()).as("one that is dead is not waited for")
                .isEqualTo(3);
        cluster.start(2);
        eventually().untilAsserted(() -> assertThat(cluster.node(2).log().logStartOffset()).isEqualTo(3));
        cluster.stop(0);
        assertThat(cluster.start(0).log().logStartOffset()).isEqualTo(3);
    }

    @Test
    void a_deletion_that_a_replica_does_not_follow_in_time_says_so_and_holds_all_the_same() throws IOException {
        ReplicaCluster cluster = cluster(Map.of(), List.of(0, 1));
        assertThat(produced(cluster.node(0), "a", "b", "c")).isEqualTo(Errors.NONE);
        cluster.node(1).fetchers.close();

        DeleteRecordsPartitionResult deleted = delete(cluster.node(0), 2, 200).join();

        assertThat(Errors.forCode(deleted.errorCode())).isEqualTo(Errors.REQUEST_TIMED_OUT);
        assertThat(cluster.node(0).log().logStartOffset()).isEqualTo(2);
        CompletableFuture<DeleteRecordsPartitionResult> waiting = delete(cluster.node(0), 3, LONG_MS);
        eventually().until(() -> cluster.node(0).log().logStartOffset() == 3);
        cluster.elect(1);
        assertThat(Errors.forCode(waiting.join().errorCode())).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    }

    @Test
    void a_deletion_that_cannot_be_written_down_is_no_success() throws IOException {
        ReplicaCluster cluster = cluster(Map.of(), List.of(0));
        assertThat(produced(cluster.node(0), "a", "b", "c")).isEqualTo(Errors.NONE);
        Files.createDirectory(cluster.directory(0).resolve("log-start-offset-checkpoint.tmp"));

        DeleteRecordsPartitionResult refused = delete(cluster.node(0), 2, LONG_MS).join();

        assertThat(Errors.forCode(refused.errorCode())).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
        assertThat(refused.lowWatermark()).isEqualTo(DeleteRecordsResponse.INVALID_LOW_WATERMARK);
    }

    private static void wipe(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Test
    void leadership_moves_under_load_and_nothing_acknowledged_is_lost() throws IOException {
        ReplicaCluster cluster = cluster(MIN_ISR_2, THREE);
        List<String> acknowledged = new ArrayList<>();
        for (int round = 0; round < 12; round++) {
            List<CompletableFuture<PartitionProduceResponse>> answers = new ArrayList<>();
            Node leader = cluster.node(cluster.row().leader());
            for (int i = 0; i < 20; i++) {
                answers.add(produce(leader, -1, LONG_MS, round + "-" + i));
            }
            cluster.elect((round + 1) % 3);
            for (int i = 0; i < 20; i++) {
                if (answers.get(i).join().errorCode() == Errors.NONE.code()) {
                    acknowledged.add(round + "-" + i);
                }
            }
        }
        assertThat(produced(cluster.node(cluster.row().leader()), "last")).isEqualTo(Errors.NONE);

        awaitSame(cluster, 0, 1, 2);
        assertThat(values(cluster.node(0).log())).containsAll(acknowledged).endsWith("last");
    }

    @Test
    void an_older_image_is_not_followed() throws IOException {
        ReplicaCluster cluster = cluster(MIN_ISR_2, THREE);
        cluster.elect(1);
        assertThat(produced(cluster.node(1), "a")).isEqualTo(Errors.NONE);

        cluster.change(row -> new PartitionImage(0, THREE, THREE, 0, 0, 0));

        assertThat(cluster.node(0).partition().isLeader()).isFalse();
        assertThat(cluster.node(1).partition().isLeader()).isTrue();
        assertThat(produced(cluster.node(1), "b")).isEqualTo(Errors.NONE);
    }

    @Test
    void the_end_of_an_epoch_is_told_by_its_successor() throws IOException {
        ReplicaCluster cluster = cluster(MIN_ISR_2, THREE);
        assertThat(produced(cluster.node(0), "a", "b")).isEqualTo(Errors.NONE);
        cluster.elect(1);
        assertThat(produced(cluster.node(1), "c")).isEqualTo(Errors.NONE);

        assertThat(endOf(cluster.node(1), 1, 0)).isEqualTo(new EpochEndOffset().setPartition(0).setLeaderEpoch(0)
                .setEndOffset(2));
        assertThat(endOf(cluster.node(1), 1, 1).endOffset()).isEqualTo(3);
        assertThat(endOf(cluster.node(1), 0, 0).errorCode()).isEqualTo(Errors.FENCED_LEADER_EPOCH.code());
        assertThat(endOf(cluster.node(0), 1, 0).errorCode()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());
    }

    private EpochEndOffset endOf(Node node, int currentEpoch, int epoch) {
        OffsetForLeaderTopicCollection topics = new OffsetForLeaderTopicCollection();
        topics.add(new OffsetForLeaderTopic().setTopic(ReplicaCluster.TOPIC).setPartitions(List.of(
                new OffsetForLeaderPartition().setPartition(0).setCurrentLeaderEpoch(currentEpoch).setLeaderEpoch(
                        epoch))));
        OffsetForLeaderEpochRequestData data = new OffsetForLeaderEpochRequestData().setTopics(topics);
        return client.send(node.endpoint(), Lane.DATA, new AbstractRequest.Builder<OffsetsForLeaderEpochRequest>(
                ApiKeys.OFFSET_FOR_LEADER_EPOCH, (short) 4, (short) 4) {
            @Override
            public OffsetsForLeaderEpochRequest build(short version) {
                return new OffsetsForLeaderEpochRequest(data, version);
            }
        }, OffsetsForLeaderEpochResponse.class, LONG).join().data().topics().iterator().next().partitions().getFirst();
    }
}
