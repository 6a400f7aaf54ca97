package io.millrace.broker.listener;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerClientConfig;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceDataCollection;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Records;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.apache.kafka.common.requests.ListOffsetsResponse;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What clients of Apache Kafka rely on without saying so, and find out only when it fails. */
class KafkaSemanticsTest {
    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir
    private Path folder;
    private final BrokerClient client = BrokerClient.create(BrokerClientConfig.withClientId("test"));

    @AfterEach
    void close() {
        client.close();
    }

    private ProduceResponseData produce(BrokerEndpoint to, int version, String name, Uuid id, String... values) {
        SimpleRecord[] records = IntStream.range(0, values.length).mapToObj(index -> new SimpleRecord(1_000L + index,
                null, values[index].getBytes(StandardCharsets.UTF_8))).toArray(SimpleRecord[]::new);
        TopicProduceData topic = new TopicProduceData().setName(version < 13 ? name : "").setTopicId(version < 13
                ? Uuid.ZERO_UUID
                : id).setPartitionData(List.of(new PartitionProduceData().setIndex(0).setRecords(MemoryRecords
                        .withRecords(Compression.NONE, records))));
        ProduceRequestData data = new ProduceRequestData().setAcks((short) -1).setTimeoutMs(20_000).setTopicData(
                new TopicProduceDataCollection(List.of(topic).iterator()));
        return client.send(to, Lane.DATA, new ProduceRequest.Builder((short) version, (short) version, data),
                ProduceResponse.class, LONG).join().data();
    }

    private static PartitionProduceResponse only(ProduceResponseData answer) {
        return answer.responses().iterator().next().partitionResponses().getFirst();
    }

    private FetchResponseData fetch(BrokerEndpoint from, int version, String name, Uuid id, FetchPartition wanted) {
        FetchTopic topic = new FetchTopic().setTopic(version < 13 ? name : "").setTopicId(version < 13 ? Uuid.ZERO_UUID
                : id).setPartitions(List.of(wanted.setPartitionMaxBytes(1 << 20)));
        FetchRequestData data = new FetchRequestData().setMaxWaitMs(0).setMinBytes(1).setMaxBytes(1 << 20)
                .setIsolationLevel(IsolationLevel.READ_COMMITTED.id()).setRackId("some-rack").setTopics(List.of(topic));
        return client.send(from, Lane.DATA, new AbstractRequest.Builder<FetchRequest>(ApiKeys.FETCH, (short) version,
                (short) version) {
            @Override
            public FetchRequest build(short built) {
                return new FetchRequest(data, built);
            }
        }, FetchResponse.class, LONG).join().data();
    }

    private static PartitionData only(FetchResponseData answer) {
        return answer.responses().getFirst().partitions().getFirst();
    }

    @Test
    void a_fetch_in_the_middle_of_a_batch_returns_the_whole_batch() throws IOException {
        try (TestBroker broker = new TestBroker(folder)) {
            TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
            produce(broker.endpoint(), 13, "t", topic.id(), "a", "b", "c");
            produce(broker.endpoint(), 13, "t", topic.id(), "d");

            PartitionData answer = only(fetch(broker.endpoint(), 17, "t", topic.id(), new FetchPartition()
                    .setFetchOffset(1)));

            assertThat(Stream.of(answer.records()).flatMap(records -> stream(((Records) records).records())).map(
                    record -> record.offset())).containsExactly(0L, 1L, 2L, 3L);
        }
    }

    private static <T> Stream<T> stream(Iterable<T> items) {
        return java.util.stream.StreamSupport.stream(items.spliterator(), false);
    }

    @Test
    void without_transactions_read_committed_sees_what_is_committed_and_is_sent_to_no_other_replica()
            throws IOException {
        try (TestBroker broker = new TestBroker(folder)) {
            TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
            produce(broker.endpoint(), 13, "t", topic.id(), "a", "b");

            PartitionData answer = only(fetch(broker.endpoint(), 17, "t", topic.id(), new FetchPartition()));

            assertThat(answer.lastStableOffset()).isEqualTo(answer.highWatermark()).isEqualTo(2);
            assertThat(answer.abortedTransactions()).isEmpty();
            assertThat(answer.preferredReadReplica()).isEqualTo(FetchResponse.INVALID_PREFERRED_REPLICA_ID);
        }
    }

    @Test
    void a_topic_deleted_and_made_again_under_its_name_is_not_known_by_its_former_id() throws IOException {
        try (TestBroker broker = new TestBroker(folder)) {
            TopicImage old = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
            produce(broker.endpoint(), 13, "t", old.id(), "a");
            broker.images.deleteTopic("t");
            TopicImage young = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());

            for (int version = 13; version <= 18; version++) {
                assertThat(Errors.forCode(only(fetch(broker.endpoint(), version, "t", old.id(), new FetchPartition()))
                        .errorCode())).as("fetch %d", version).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
            }
            assertThat(Errors.forCode(only(produce(broker.endpoint(), 13, "t", old.id(), "b")).errorCode())).isEqualTo(
                    Errors.UNKNOWN_TOPIC_ID);
            assertThat(only(fetch(broker.endpoint(), 12, "t", old.id(), new FetchPartition())).highWatermark()).as(
                    "by its name it is the new one, which is empty").isZero();
            assertThat(only(produce(broker.endpoint(), 13, "t", young.id(), "b")).baseOffset()).isZero();
        }
    }

    private ListOffsetsPartitionResponse offset(TestBroker broker, int version, long timestamp, int... partitions) {
        ListOffsetsTopic topic = new ListOffsetsTopic().setName("t").setPartitions(IntStream.of(partitions).mapToObj(
                index -> new ListOffsetsPartition().setPartitionIndex(index).setTimestamp(timestamp)).toList());
        return client.send(broker.endpoint(), Lane.DATA, new AbstractRequest.Builder<ListOffsetsRequest>(
                ApiKeys.LIST_OFFSETS, (short) version, (short) version) {
            @Override
            public ListOffsetsRequest build(short built) {
                return ListOffsetsRequest.Builder.forConsumer(false, IsolationLevel.READ_COMMITTED).setTargetTimes(List
                        .of(topic)).build(built);
            }
        }, ListOffsetsResponse.class, LONG).join().data().topics().getFirst().partitions().getLast();
    }

    @Test
    void times_below_zero_ask_for_the_ends_and_for_tiered_storage_there_is_no_offset() throws IOException {
        try (TestBroker broker = new TestBroker(folder)) {
            TopicImage topic = broker.images.createTopic("t", 1, TestBroker.ID, Map.of());
            produce(broker.endpoint(), 13, "t", topic.id(), "a", "b", "c");

            assertThat(offset(broker, 11, -1, 0).offset()).as("latest").isEqualTo(3);
            assertThat(offset(broker, 11, -2, 0).offset()).as("earliest").isZero();
            assertThat(offset(broker, 11, -3, 0)).as("greatest timestamp").satisfies(found -> {
                assertThat(found.offset()).isEqualTo(2);
                assertThat(found.timestamp()).isEqualTo(1_002);
            });
            assertThat(offset(broker, 11, -4, 0).offset()).as("earliest that is local").isZero();
            for (long tiered : new long[]{-5, -6}) {
                assertThat(offset(broker, 11, tiered, 0)).satisfies(found -> {
                    assertThat(found.errorCode()).isZero();
                    assertThat(found.offset()).isEqualTo(ListOffsetsResponse.UNKNOWN_OFFSET);
                    assertThat(found.timestamp()).isEqualTo(ListOffsetsResponse.UNKNOWN_TIMESTAMP);
                });
            }
            assertThat(offset(broker, 11, 1_001, 0).offset()).isOne();
            assertThat(offset(broker, 11, 5_000, 0)).as("nothing so late").satisfies(found -> {
                assertThat(found.errorCode()).isZero();
                assertThat(found.offset()).isEqualTo(ListOffsetsResponse.UNKNOWN_OFFSET);
            });
        }
    }

    @Test
    void a_time_below_zero_that_the_version_does_not_know_is_refused() throws IOException {
        try (TestBroker broker = new TestBroker(folder)) {
            broker.images.createTopic("t", 1, TestBroker.ID, Map.of());

            assertThat(Map.of(-3L, 6, -4L, 7, -5L, 8, -6L, 10, -7L, 11)).allSatisfy((timestamp, version) -> assertThat(
                    Errors.forCode(offset(broker, version, timestamp, 0).errorCode())).isEqualTo(
                            Errors.UNSUPPORTED_VERSION));
            assertThat(Errors.forCode(offset(broker, 6, -1, 0, 0).errorCode())).as("a partition that is named twice")
                    .isEqualTo(Errors.INVALID_REQUEST);
        }
    }

    @Test
    void who_asks_a_former_leader_is_told_the_new_one_and_where_it_is() throws IOException {
        try (ReplicaCluster cluster = new ReplicaCluster(folder, ReplicaCluster.settings(Duration.ofMinutes(1)), Map
                .of(), List.of(0, 1))) {
            BrokerEndpoint former = cluster.node(0).endpoint();
            assertThat(only(produce(former, 13, ReplicaCluster.TOPIC, ReplicaCluster.TOPIC_ID, "a")).errorCode())
                    .isZero();
            cluster.elect(1);

            for (int version = 9; version <= 13; version++) {
                ProduceResponseData answer = produce(former, version, ReplicaCluster.TOPIC, ReplicaCluster.TOPIC_ID,
                        "b");
                assertThat(Errors.forCode(only(answer).errorCode())).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
                assertThat(only(answer).currentLeader().leaderId()).as("produce %d", version).isEqualTo(version < 10
                        ? -1
                        : 1);
                assertThat(only(answer).currentLeader().leaderEpoch()).isEqualTo(version < 10 ? -1 : 1);
                if (version >= 10) {
                    assertThat(answer.nodeEndpoints().find(1)).satisfies(node -> assertThat(node.port()).isEqualTo(
                            cluster.node(1).endpoint().port()));
                }
            }
            for (int version = 12; version <= 18; version++) {
                FetchResponseData answer = fetch(former, version, ReplicaCluster.TOPIC, ReplicaCluster.TOPIC_ID,
                        new FetchPartition());
                assertThat(Errors.forCode(only(answer).errorCode())).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
                assertThat(only(answer).currentLeader().leaderId()).as("fetch %d", version).isOne();
                assertThat(only(answer).currentLeader().leaderEpoch()).isOne();
                if (version >= 16) {
                    assertThat(answer.nodeEndpoints().find(1)).satisfies(node -> assertThat(node.port()).isEqualTo(
                            cluster.node(1).endpoint().port()));
                }
            }
            assertThat(Errors.forCode(only(fetch(cluster.node(1).endpoint(), 17, ReplicaCluster.TOPIC,
                    ReplicaCluster.TOPIC_ID, new FetchPartition().setCurrentLeaderEpoch(0))).errorCode())).isEqualTo(
                            Errors.FENCED_LEADER_EPOCH);
        }
    }
}
