package io.millrace.broker.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.listener.session.SessionLimits;
import io.millrace.broker.storage.LogDirectory.LocalPartition;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.CoordinatorNode;
import io.millrace.common.metadata.LeaseImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RequestKey;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerClientConfig;
import io.millrace.common.wire.Lane;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.DescribeLogDirsRequestData;
import org.apache.kafka.common.message.DescribeLogDirsRequestData.DescribableLogDirTopic;
import org.apache.kafka.common.message.DescribeLogDirsRequestData.DescribableLogDirTopicCollection;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.DescribeLogDirsRequest;
import org.apache.kafka.common.requests.DescribeLogDirsResponse;
import org.apache.kafka.common.requests.ElectLeadersRequest;
import org.apache.kafka.common.requests.ElectLeadersResponse;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.FindCoordinatorResponse;
import org.apache.kafka.common.requests.InitProducerIdRequest;
import org.apache.kafka.common.requests.InitProducerIdResponse;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

class BrokerRequestsTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir
    private Path folder;
    private TestBroker broker;
    private final BrokerClient client = BrokerClient.create(BrokerClientConfig.withClientId("test"));

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(folder);
    }

    @Test
    void a_topic_that_is_named_twice_for_its_sizes_is_told_with_all_its_partitions() {
        broker.images.createTopic("t", 3, TestBroker.ID, Map.of());
        var named = new DescribableLogDirTopicCollection();
        named.add(new DescribableLogDirTopic().setTopic("t").setPartitions(List.of(0)));
        named.mustAdd(new DescribableLogDirTopic().setTopic("t").setPartitions(List.of(0, 2)));

        var told = client.send(broker.endpoint(), Lane.DATA, new DescribeLogDirsRequest.Builder(
                new DescribeLogDirsRequestData().setTopics(named)), DescribeLogDirsResponse.class, LONG).join().data();

        assertThat(told.results().getFirst().topics()).singleElement().satisfies(topic -> assertThat(topic.partitions())
                .extracting(partition -> partition.partitionIndex()).containsExactlyInAnyOrder(0, 2));
    }

    @AfterEach
    void stop() {
        client.close();
        broker.close();
    }

    private static MemoryRecords records(String... values) {
        SimpleRecord[] records = List.of(values).stream().map(value -> new SimpleRecord(1_000L, null, value.getBytes(
                StandardCharsets.UTF_8)))
                .toArray(SimpleRecord[]::new);
        return MemoryRecords.withRecords(Compression.NONE, records);
    }

    private static MemoryRecords sequenced(long producerId, int sequence, String value) {
        return MemoryRecords.withIdempotentRecords(RecordBatch.MAGIC_VALUE_V2, 0L, Compression.NONE, producerId,
                (short) 0, sequence, -1,
                new SimpleRecord(1_000L, null, value.getBytes(StandardCharsets.UTF_8)));
    }

    private static TopicProduceData topicData(TopicImage topic, Map<Integer, MemoryRecords> records) {
        TopicProduceData data = new TopicProduceData().setName(topic.name()).setTopicId(topic.id());
        records.forEach((index, batch) -> data.partitionData().add(new PartitionProduceData().setIndex(index)
                .setRecords(batch)));
        return data;
    }

    private ProduceResponseData produce(int acks, TopicProduceData... topics) {
        return produce((short) 13, acks, topics);
    }

    private ProduceResponseData produce(short version, int acks, TopicProduceData... topics) {
        ProduceRequestData data = new ProduceRequestData().setAcks((short) acks).setTimeoutMs(1_000)
                .setTopicData(new TopicProduceDataCollection(List.of(topics).iterator()));
        return client.send(broker.endpoint(), Lane.DATA, new ProduceRequest.Builder(version, version, data),
                ProduceResponse.class, LONG).join()
                .data();
    }

    private PartitionProduceResponse produceOne(TopicImage topic, MemoryRecords records) {
        return produce(-1, topicData(topic, Map.of(0, records))).responses().iterator().next().partitionResponses()
                .getFirst();
    }

    private static FetchPartition from(int index, long offset) {
        return new FetchPartition().setPartition(index).setFetchOffset(offset).setPartitionMaxBytes(1 << 20);
    }

    private CompletableFuture<FetchResponse> fetch(TopicImage topic, int maxWaitMs, int minBytes,
            FetchPartition... partitions) {
        FetchTopic wanted = new FetchTopic().setTopic(topic.name()).setTopicId(topic.id()).setPartitions(List.of(
                partitions));
        return fetch(new FetchRequestData().setMaxWaitMs(maxWaitMs).setMinBytes(minBytes).setMaxBytes(1 << 20)
                .setTopics(List.of(wanted)));
    }

    private CompletableFuture<FetchResponse> fetch(FetchRequestData data) {
        return client.send(broker.endpoint(), Lane.LONG_POLL, new FetchBuilder(data), FetchResponse.class, LONG);
    }

    private static final class FetchBuilder extends AbstractRequest.Builder<FetchRequest> {
        private final FetchRequestData data;

        FetchBuilder(FetchRequestData data) {
            super(ApiKeys.FETCH);
            this.data = data;
        }

        @Override
        public FetchRequest build(short version) {
            return new FetchRequest(data, version);
        }
    }

    private static FetchResponseData.PartitionData only(FetchResponse response) {
        return response.data().responses().getFirst().partitions().getFirst();
    }

    private static List<String> values(FetchResponseData.PartitionData data) {
        List<String> values = new java.util.ArrayList<>();
        FetchResponse.recordsOrFail(data).records()
                .forEach(record -> values.add(StandardCharsets.UTF_8.decode(record.value()).toString()));
        return values;
    }

    @Test
    void partitions_of_one_request_do_not_affect_each_other() {
        TopicImage topic = broker.images.createTopic("t", 3, TestBroker.ID, Map.of("max.message.bytes", "200"));

        ProduceResponseData answer = produce(-1,
                topicData(topic, Map.of(0, records("a", "b"), 1, records("x".repeat(500)), 7, records("nowhere"))));

        Map<Integer, Short> errors = new java.util.HashMap<>();
        answer.responses().iterator().next().partitionResponses().forEach(result -> errors.put(result.index(), result
                .errorCode()));
        assertThat(errors).containsEntry(0, Errors.NONE.code()).containsEntry(1, Errors.MESSAGE_TOO_LARGE.code())
                .containsEntry(7, Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
        assertThat(values(only(fetch(topic, 0, 0, from(0, 0)).join()))).containsExactly("a", "b");
    }

    @Test
    void acks_that_do_not_exist_are_refused_and_nothing_is_stored() {
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());

        ProduceResponseData answer = produce(2, topicData(topic, Map.of(0, records("a"))));

        assertThat(answer.responses().iterator().next().partitionResponses().getFirst().errorCode())
                .isEqualTo(Errors.INVALID_REQUIRED_ACKS.code());
        assertThat(only(fetch(topic, 0, 0, from(0, 0)).join()).highWatermark()).isZero();
    }

    @Test
    void a_repeated_batch_of_an_idempotent_producer_is_stored_once_and_answered_alike() {
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        assertThat(produceOne(topic, sequenced(9, 0, "a")).baseOffset()).isZero();
        assertThat(produceOne(topic, sequenced(9, 1, "b")).baseOffset()).isEqualTo(1);

        PartitionProduceResponse again = produceOne(topic, sequenced(9, 0, "a"));
        PartitionProduceResponse gap = produceOne(topic, sequenced(9, 7, "c"));

        assertThat(again.errorCode()).isEqualTo(Errors.NONE.code());
        assertThat(again.baseOffset()).isZero();
        assertThat(gap.errorCode()).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER.code());
        assertThat(values(only(fetch(topic, 0, 0, from(0, 0)).join()))).containsExactly("a", "b");
    }

    @Test
    void a_topic_that_asks_for_a_flush_after_each_record_is_answered_when_it_is_durable() {
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of("flush.messages", "1"));

        for (int i = 0; i < 5; i++) {
            assertThat(produceOne(topic, records("v" + i)).baseOffset()).isEqualTo(i);
            assertThat(broker.partitions.all().getFirst().log().recoveryPoint()).isEqualTo(i + 1);
        }
    }

    @Test
    void logs_of_topics_that_were_deleted_meanwhile_are_removed_at_the_start() throws Exception {
        TopicImage kept = broker.images.createTopic("kept", 1, TestBroker.ID, Map.of());
        TopicImage doomed = broker.images.createTopic("doomed", 1, TestBroker.ID, Map.of());
        produceOne(kept, records("a"));
        produceOne(doomed, records("b"));
        broker.close();

        List<Integer> self = List.of(TestBroker.ID);
        TopicImage ledAnew = new TopicImage(kept.id(), "kept", Map.of(), List.of(new PartitionImage(0, self, self,
                TestBroker.ID, 1, 1)));
        broker = new TestBroker(folder, ledAnew);

        assertThat(broker.logs.partitions()).containsExactly(new LocalPartition(kept.id(), "kept", 0));
        assertThat(values(only(fetch(kept, 0, 0, from(0, 0)).join()))).containsExactly("a");
    }

    @Test
    void too_few_replicas_in_sync_refuse_acks_all_only() {
        TopicImage topic = new TopicImage(Uuid.randomUuid(), "t", Map.of("min.insync.replicas", "2"), List.of(
                new PartitionImage(0, List.of(TestBroker.ID, 5), List.of(TestBroker.ID), TestBroker.ID, 0, 0)));
        broker.images.putTopic(topic);

        assertThat(produceOne(topic, records("a")).errorCode()).isEqualTo(Errors.NOT_ENOUGH_REPLICAS.code());
        assertThat(produce(1, topicData(topic, Map.of(0, records("b")))).responses().iterator().next()
                .partitionResponses().getFirst()
                .errorCode()).isEqualTo(Errors.NONE.code());
    }

    @Test
    void who_asks_the_wrong_broker_is_told_the_right_one() {
        broker.images.putBroker(new BrokerImage(5, 1, "elsewhere.test", 9097, "http://elsewhere.test", false));
        TopicImage topic = new TopicImage(Uuid.randomUuid(), "t", Map.of(), List.of(new PartitionImage(0, List.of(5),
                List.of(5), 5, 3, 3)));
        broker.images.putTopic(topic);

        ProduceResponseData produced = produce(-1, topicData(topic, Map.of(0, records("a"))));
        FetchResponse fetched = fetch(topic, 10_000, 1, from(0, 0)).join();

        PartitionProduceResponse result = produced.responses().iterator().next().partitionResponses().getFirst();
        assertThat(result.errorCode()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());
        assertThat(result.currentLeader().leaderId()).isEqualTo(5);
        assertThat(result.currentLeader().leaderEpoch()).isEqualTo(3);
        assertThat(produced.nodeEndpoints().find(5).host()).isEqualTo("elsewhere.test");
        assertThat(only(fetched).errorCode()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());
        assertThat(only(fetched).currentLeader().leaderId()).isEqualTo(5);
        assertThat(fetched.data().nodeEndpoints().find(5).port()).isEqualTo(9097);
    }

    @Test
    void unknown_topics_are_named_as_the_version_names_topics() {
        TopicImage unknown = new TopicImage(Uuid.randomUuid(), "nothing", Map.of(), List.of());

        assertThat(produceOne(unknown, records("a")).errorCode()).isEqualTo(Errors.UNKNOWN_TOPIC_ID.code());
        assertThat(produce((short) 12, -1, topicData(unknown, Map.of(0, records("a")))).responses().iterator().next()
                .partitionResponses()
                .getFirst().errorCode()).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
        assertThat(only(fetch(unknown, 10_000, 1, from(0, 0)).join()).errorCode()).isEqualTo(Errors.UNKNOWN_TOPIC_ID
                .code());
    }

    @Test
    void leader_epochs_of_clients_are_checked_both_ways() {
        TopicImage topic = new TopicImage(Uuid.randomUuid(), "t", Map.of(),
                List.of(new PartitionImage(0, List.of(TestBroker.ID), List.of(TestBroker.ID), TestBroker.ID, 4, 4)));
        broker.images.putTopic(topic);

        assertThat(only(fetch(topic, 10_000, 1, from(0, 0).setCurrentLeaderEpoch(3)).join()).errorCode())
                .isEqualTo(Errors.FENCED_LEADER_EPOCH.code());
        assertThat(only(fetch(topic, 10_000, 1, from(0, 0).setCurrentLeaderEpoch(5)).join()).errorCode())
                .isEqualTo(Errors.UNKNOWN_LEADER_EPOCH.code());
        assertThat(only(fetch(topic, 0, 0, from(0, 0).setCurrentLeaderEpoch(4)).join()).errorCode()).isEqualTo(
                Errors.NONE.code());
    }

    @Test
    void an_image_with_a_lower_leader_epoch_is_not_followed() {
        Uuid id = Uuid.randomUuid();
        List<Integer> self = List.of(TestBroker.ID);
        broker.images.putTopic(new TopicImage(id, "t", Map.of(), List.of(new PartitionImage(0, self, self,
                TestBroker.ID, 4, 4))));
        TopicImage older = new TopicImage(id, "t", Map.of(), List.of(new PartitionImage(0, self, self,
                PartitionImage.NO_LEADER, 3, 3)));

        broker.images.putTopic(older);

        assertThat(produceOne(older, records("a")).errorCode()).isEqualTo(Errors.NONE.code());
    }

    @Test
    void a_fetch_that_waits_is_woken_by_an_append_and_does_not_hold_up_another() {
        TopicImage topic = broker.images.createTopic("t", 2, TestBroker.ID, Map.of());
        CompletableFuture<FetchResponse> waiting = fetch(topic, 60_000, 1, from(0, 0));
        eventually().until(() -> broker.requests.waitingFetches() == 1);
        produce(-1, topicData(topic, Map.of(1, records("other"))));
        assertThat(values(only(fetch(topic, 60_000, 1, from(1, 0)).join()))).containsExactly("other");
        assertThat(waiting).isNotDone();

        produce(-1, topicData(topic, Map.of(0, records("awaited"))));

        assertThat(values(only(waiting.join()))).containsExactly("awaited");
        eventually().until(() -> broker.requests.waitingFetches() == 0);
    }

    @Test
    void a_fetch_waits_for_its_minimum_of_bytes() {
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        CompletableFuture<FetchResponse> waiting = fetch(topic, 60_000, 1_000, from(0, 0));
        produceOne(topic, records("x".repeat(300)));
        produceOne(topic, records("y".repeat(300)));
        eventually().until(() -> broker.requests.waitingFetches() == 1);
        assertThat(waiting).isNotDone();

        produceOne(topic, records("z".repeat(600)));

        assertThat(values(only(waiting.join()))).hasSize(3);
    }

    @Test
    void a_fetch_ends_with_what_there_is_when_its_patience_ends() {
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        produceOne(topic, records("little"));

        FetchResponse answer = fetch(topic, 50, 1_000_000, from(0, 0)).join();

        assertThat(values(only(answer))).containsExactly("little");
    }

    @Test
    void a_waiting_fetch_hears_of_a_leader_that_changed_and_of_a_topic_that_is_gone() {
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        CompletableFuture<FetchResponse> waiting = fetch(topic, 60_000, 1, from(0, 0));
        eventually().until(() -> broker.requests.waitingFetches() == 1);
        broker.images.putTopic(new TopicImage(topic.id(), "t", Map.of(),
                List.of(new PartitionImage(0, List.of(TestBroker.ID), List.of(TestBroker.ID), PartitionImage.NO_LEADER,
                        1, 1))));
        assertThat(only(waiting.join()).errorCode()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER.code());

        TopicImage second = broker.images.createTopic("u", 1, TestBroker.ID, Map.of());
        CompletableFuture<FetchResponse> orphan = fetch(second, 60_000, 1, from(0, 0));
        eventually().until(() -> broker.requests.waitingFetches() == 1);
        broker.images.deleteTopic("u");
        assertThat(only(orphan.join()).errorCode()).isEqualTo(Errors.UNKNOWN_TOPIC_ID.code());
    }

    @Test
    void stopping_answers_every_fetch_that_waits() {
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        CompletableFuture<FetchResponse> waiting = fetch(topic, 60_000, 1, from(0, 0));
        eventually().until(() -> broker.requests.waitingFetches() == 1);

        broker.requests.stopWaiting();

        assertThat(only(waiting.join()).errorCode()).isEqualTo(Errors.NONE.code());
    }

    @Test
    void more_fetches_than_may_wait_are_answered_after_a_pause_that_keeps_them_from_asking_in_a_loop()
            throws Exception {
        Duration pause = Duration.ofMillis(150);
        broker.close();
        broker = new TestBroker(folder.resolve("limited"), new FetchSettings(DataSize.ofMegabytes(1), Duration
                .ofMinutes(1), 1, 100, pause, new SessionLimits(0, 0, Duration.ZERO)));
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        CompletableFuture<FetchResponse> waiting = fetch(topic, 60_000, 1, from(0, 0));
        eventually().until(() -> broker.requests.waitingFetches() == 1);
        long askedNanos = System.nanoTime();

        FetchResponse second = fetch(topic, 60_000, 1, from(0, 0)).join();

        assertThat(System.nanoTime() - askedNanos).isGreaterThanOrEqualTo(pause.toNanos());
        assertThat(FetchResponse.recordsSize(only(second))).isZero();
        assertThat(waiting).isNotDone();
    }

    @Test
    void fetches_of_more_partitions_than_may_wait_are_answered_too() throws Exception {
        broker.close();
        broker = new TestBroker(folder.resolve("limited"), new FetchSettings(DataSize.ofMegabytes(1), Duration
                .ofMinutes(1), 100, 3, Duration.ofMillis(1), new SessionLimits(0, 0, Duration.ZERO)));
        TopicImage topic = broker.images.createTopic("t", 2, TestBroker.ID, Map.of());
        CompletableFuture<FetchResponse> waiting = fetch(topic, 60_000, 1, from(0, 0), from(1, 0));
        eventually().until(() -> broker.requests.waitingFetches() == 1);

        assertThat(fetch(topic, 60_000, 1, from(0, 0), from(1, 0)).join().data().responses()).hasSize(1);
        CompletableFuture<FetchResponse> small = fetch(topic, 60_000, 1, from(0, 0));
        eventually().until(() -> broker.requests.waitingFetches() == 2);

        assertThat(waiting).isNotDone();
        assertThat(small).isNotDone();
    }

    @Test
    void a_fetch_stops_waiting_when_its_connection_closes() {
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        fetch(topic, 60_000, 1, from(0, 0));
        eventually().until(() -> broker.requests.waitingFetches() == 1);

        client.close();

        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> broker.requests.waitingFetches() == 0);
    }

    @Test
    void a_batch_larger_than_the_limits_is_returned_whole_and_the_rest_left_for_later() {
        TopicImage topic = broker.images.createTopic("t", 2, TestBroker.ID, Map.of());
        produce(-1, topicData(topic, Map.of(0, records("x".repeat(5_000)), 1, records("y".repeat(5_000)))));

        FetchResponse answer = fetch(topic, 0, 0, from(0, 0).setPartitionMaxBytes(10), from(1, 0).setPartitionMaxBytes(
                10)).join();

        List<FetchResponseData.PartitionData> partitions = answer.data().responses().getFirst().partitions();
        assertThat(values(partitions.getFirst())).hasSize(1);
        assertThat(values(partitions.getLast())).isEmpty();
    }

    @Test
    void an_answer_much_larger_than_the_sockets_buffers_arrives_as_it_was_stored() {
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
        byte[] incompressible = new byte[1_000_000];
        new Random(5).nextBytes(incompressible);
        int batches = 30;
        for (int i = 0; i < batches; i++) {
            incompressible[0] = (byte) i;
            produceOne(topic, MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(1_000L, null,
                    incompressible)));
        }
        FetchTopic wanted = new FetchTopic().setTopicId(topic.id()).setPartitions(List.of(from(0, 0)
                .setPartitionMaxBytes(50_000_000)));

        FetchResponse answer = fetch(new FetchRequestData().setMaxBytes(50_000_000).setTopics(List.of(wanted))).join();

        int seen = 0;
        for (RecordBatch batch : FetchResponse.recordsOrFail(only(answer)).batches()) {
            batch.ensureValid();
            ByteBuffer value = batch.iterator().next().value();
            incompressible[0] = (byte) seen++;
            assertThat(value).isEqualTo(ByteBuffer.wrap(incompressible));
        }
        assertThat(seen).isEqualTo(batches);
    }

    @Test
    void offsets_outside_the_log_are_refused() {
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());

        assertThat(only(fetch(topic, 10_000, 1, from(0, 5)).join()).errorCode()).isEqualTo(Errors.OFFSET_OUT_OF_RANGE
                .code());
    }

    @Test
    void an_unknown_fetch_session_is_refused_and_one_that_is_begun_is_told_what_is_new() {
        TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());

        assertThat(fetch(new FetchRequestData().setSessionId(77).setSessionEpoch(3).setMaxWaitMs(0)).join().error())
                .isEqualTo(Errors.FETCH_SESSION_ID_NOT_FOUND);
        FetchTopic wanted = new FetchTopic().setTopic("t").setTopicId(topic.id()).setPartitions(List.of(from(0, 0)));
        FetchResponse first = fetch(new FetchRequestData().setSessionId(0).setSessionEpoch(0).setMaxWaitMs(0)
                .setMaxBytes(100).setTopics(List.of(wanted))).join();
        assertThat(first.sessionId()).isPositive();
        assertThat(broker.requests.fetchSessions()).isOne();
        FetchRequestData next = new FetchRequestData().setSessionId(first.sessionId()).setSessionEpoch(1)
                .setMaxWaitMs(60_000).setMinBytes(1).setMaxBytes(1 << 20);
        CompletableFuture<FetchResponse> waiting = fetch(next);
        eventually().until(() -> broker.requests.waitingFetches() == 1);

        produceOne(topic, records("a"));

        assertThat(only(waiting.join()).highWatermark()).isEqualTo(1);
        assertThat(FetchResponse.recordsSize(only(waiting.join()))).isPositive();
        FetchResponse third = fetch(new FetchRequestData().setSessionId(first.sessionId()).setSessionEpoch(2)
                .setMaxWaitMs(0).setMaxBytes(1 << 20).setTopics(List.of(new FetchTopic().setTopicId(topic.id())
                        .setPartitions(List.of(from(0, 1)))))).join();
        assertThat(third.error()).isEqualTo(Errors.NONE);
        assertThat(third.data().responses()).as("nothing is new").isEmpty();
    }

    @Test
    void who_waits_for_a_change_to_show_holds_up_nobody_else() {
        PlayedCluster cluster = broker.services.cluster;
        cluster.version = broker.images.current().version() + 1;
        List<CompletableFuture<ElectLeadersResponse>> answers = new ArrayList<>();
        for (int i = 0; i < 2 * TestBroker.MAX_CONCURRENT; i++) {
            answers.add(elect(LONG));
            int asked = i + 1;
            Awaitility.await().atMost(LONG).until(() -> cluster.elections.size() == asked);
        }

        broker.images.createTopic("t", 1, TestBroker.ID, Map.of());

        assertThat(answers).allSatisfy(answer -> assertThat(answer.join().data().errorCode()).isEqualTo(Errors.NONE
                .code()));
    }

    @Test
    void an_election_for_which_there_is_no_controller_in_time_says_so() {
        broker.services.away = true;

        assertThat(elect(Duration.ofMillis(1)).join().data().errorCode()).isEqualTo(Errors.REQUEST_TIMED_OUT.code());
    }

    private CompletableFuture<ElectLeadersResponse> elect(Duration patience) {
        return client.send(broker.endpoint(), Lane.DATA, new ElectLeadersRequest.Builder(ElectionType.PREFERRED, Set.of(
                new TopicPartition("t", 0)), (int) patience.toMillis()), ElectLeadersResponse.class, LONG);
    }

    @Test
    void a_topic_that_is_named_time_and_again_is_described_once() {
        TopicImage topic = broker.images.createTopic("t", 2, TestBroker.ID, Map.of());
        List<MetadataRequestTopic> named = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            named.add(new MetadataRequestTopic().setName("t"));
            named.add(new MetadataRequestTopic().setName("missing"));
        }

        MetadataResponse byName = client.send(broker.endpoint(), Lane.DATA, new MetadataRequest.Builder(
                new MetadataRequestData().setTopics(named)), MetadataResponse.class, LONG).join();
        MetadataResponse byId = client.send(broker.endpoint(), Lane.DATA, new MetadataRequest.Builder(
                new MetadataRequestData().setTopics(List.of(new MetadataRequestTopic().setTopicId(topic.id()).setName(
                        null), new MetadataRequestTopic().setTopicId(topic.id()).setName(null)))),
                MetadataResponse.class, LONG).join();

        assertThat(byName.data().topics()).extracting(described -> described.name()).containsExactly("t", "missing");
        assertThat(byId.data().topics()).hasSize(1);
    }

    @Test
    void metadata_by_id_by_name_and_of_nothing() {
        TopicImage topic = broker.images.createTopic("t", 2, TestBroker.ID, Map.of());
        Uuid unknown = Uuid.randomUuid();

        MetadataResponse byId = client.send(broker.endpoint(), Lane.DATA, MetadataRequest.Builder.forTopicIds(Set.of(
                topic.id(), unknown)),
                MetadataResponse.class, LONG).join();
        MetadataResponse byName = client.send(broker.endpoint(), Lane.DATA,
                new MetadataRequest.Builder(List.of("t", "missing", "not/valid"), true), MetadataResponse.class, LONG)
                .join();
        MetadataResponse none = client.send(broker.endpoint(), Lane.DATA, new MetadataRequest.Builder(
                new MetadataRequestData()),
                MetadataResponse.class, LONG).join();

        assertThat(byId.data().topics()).extracting(found -> Errors.forCode(found.errorCode()))
                .containsExactlyInAnyOrder(Errors.NONE,
                        Errors.UNKNOWN_TOPIC_ID);
        assertThat(byName.data().topics().find("t").partitions()).hasSize(2);
        assertThat(byName.data().topics().find("missing").errorCode()).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION
                .code());
        assertThat(byName.data().topics().find("not/valid").errorCode()).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION
                .code());
        assertThat(broker.images.current().topicsByName()).containsOnlyKeys("t");
        assertThat(none.data().topics()).isEmpty();
        assertThat(none.data().controllerId()).isEqualTo(TestBroker.ID);
    }

    @Test
    void producer_ids_are_handed_out_once_each_and_waited_for_while_the_controller_is_away() {
        List<Long> ids = IntStream.range(0, 25).mapToObj(i -> initProducerId(null).data().producerId())
                .toList();
        assertThat(ids).doesNotHaveDuplicates();
        broker.services.away = true;
        for (int i = 0; i < 5; i++) {
            initProducerId(null);
        }

        assertThat(initProducerId(null).error()).isEqualTo(Errors.COORDINATOR_LOAD_IN_PROGRESS);
        assertThat(initProducerId("tx").error()).isEqualTo(Errors.INVALID_REQUEST);
    }

    @Test
    void producers_never_get_an_id_of_those_that_requests_keys_have() {
        broker.services.producerIds.set(RequestKey.FIRST_PRODUCER_ID - 10);

        assertThat(initProducerId(null).error()).isEqualTo(Errors.COORDINATOR_LOAD_IN_PROGRESS);
    }

    @Test
    void producers_that_wait_for_ids_share_one_call() {
        broker.services.producerIdsOpen = new CountDownLatch(1);
        List<CompletableFuture<InitProducerIdResponse>> waiting = IntStream.range(0, 10).mapToObj(
                i -> initProducerIdLater(null)).toList();
        eventually().until(() -> broker.services.producerIdCalls.get() == 1);

        broker.services.producerIdsOpen.countDown();

        assertThat(waiting.stream().map(CompletableFuture::join)).allSatisfy(answer -> assertThat(answer.error())
                .isEqualTo(Errors.NONE)).extracting(answer -> answer.data().producerId()).doesNotHaveDuplicates();
        assertThat(broker.services.producerIdCalls).hasValue(1);
    }

    @Test
    void producers_do_not_wait_for_ids_without_end() {
        broker.services.producerIdsOpen = new CountDownLatch(1);

        assertThat(initProducerId(null).error()).isEqualTo(Errors.COORDINATOR_LOAD_IN_PROGRESS);

        broker.services.producerIdsOpen.countDown();
        assertThat(initProducerId(null).error()).isEqualTo(Errors.NONE);
    }

    private InitProducerIdResponse initProducerId(@org.jspecify.annotations.Nullable String transactionalId) {
        return initProducerIdLater(transactionalId).join();
    }

    private CompletableFuture<InitProducerIdResponse> initProducerIdLater(
            @org.jspecify.annotations.Nullable String transactionalId) {
        return client.send(broker.endpoint(), Lane.DATA,
                new InitProducerIdRequest.Builder(new InitProducerIdRequestData().setTransactionalId(transactionalId)
                        .setTransactionTimeoutMs(1_000).setProducerId(-1).setProducerEpoch((short) -1)),
                InitProducerIdResponse.class, LONG);
    }

    private FindCoordinatorResponse findCoordinator(byte keyType, String... keys) {
        return client.send(broker.endpoint(), Lane.DATA, new FindCoordinatorRequest.Builder(
                new FindCoordinatorRequestData().setKeyType(keyType).setCoordinatorKeys(List.of(keys))),
                FindCoordinatorResponse.class, LONG).join();
    }

    @Test
    void a_groups_coordinator_is_the_holder_of_its_shard_and_a_node_of_the_cluster() throws Exception {
        CoordinatorNode node = new CoordinatorNode("coordinator.test", 9192);
        String held = ClusterImage.shardLease(ClusterImage.shardOf("held"));
        String free = IntStream.iterate(0, i -> i + 1).mapToObj(i -> "free-" + i).filter(group -> ClusterImage.shardOf(
                group) != ClusterImage.shardOf("held")).findFirst().orElseThrow();
        ClusterImage image = broker.images.current();
        broker.images.publish(new ClusterImage(image.clusterId(), image.version() + 1, image.brokers(), image
                .topicsByName(), image.topicsById(), Map.of(held, new LeaseImage(held, "one",
                        "http://coordinator.test", 1, node))));

        var found = findCoordinator((byte) 0, "held", free).data().coordinators();

        assertThat(found.getFirst().errorCode()).isEqualTo(Errors.NONE.code());
        assertThat(found.getFirst().nodeId()).isEqualTo(node.id());
        assertThat(found.getFirst().host()).isEqualTo("coordinator.test");
        assertThat(found.getFirst().port()).isEqualTo(9192);
        assertThat(found.getLast().errorCode()).isEqualTo(Errors.COORDINATOR_NOT_AVAILABLE.code());
        // Admin clients look a coordinator up by its id among the nodes, and ask every node for its groups.
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.endpoint().host() + ":" + broker.endpoint()
                .port()))) {
            assertThat(admin.describeCluster().nodes().get()).extracting(Node::id).doesNotContain(node.id());
        }
        MetadataResponse metadata = client.send(broker.endpoint(), Lane.DATA, MetadataRequest.Builder.allTopics(),
                MetadataResponse.class, LONG).join();
        assertThat(metadata.brokers()).extracting(Node::id).contains(node.id());
        assertThat(metadata.controller().id()).isLessThan(CoordinatorNode.FIRST_ID);
    }

    @Test
    void transactions_and_share_groups_have_no_coordinator() {
        assertThat(findCoordinator((byte) 1, "t").data().coordinators().getFirst().errorCode()).isEqualTo(
                Errors.INVALID_REQUEST.code());
        assertThat(findCoordinator((byte) 2, "g:" + Uuid.randomUuid() + ":0").data().coordinators().getFirst()
                .errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
    }

    /** Patient: a machine that builds and tests at once is slow. */
    private static ConditionFactory eventually() {
        return Awaitility.await().atMost(Duration.ofSeconds(60));
    }
}
