package io.millrace.gateway.producer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import io.millrace.common.wire.ResponseMemory;
import io.millrace.gateway.brokers.Leaders;
import io.millrace.gateway.testing.FakeBroker;
import io.millrace.gateway.testing.FakeBroker.Verdict;
import io.millrace.gateway.testing.FakeBrokerClient;
import io.millrace.gateway.testing.FakeImages;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.util.unit.DataSize;

class ProducerTest {
    private static final Uuid TOPIC_ID = new Uuid(1, 2);
    private static final long NOW_MS = 1_700_000_000_000L;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final FakeImages images = new FakeImages();
    private final Leaders leaders = new Leaders(images, Duration.ofMinutes(5));
    private final FakeBroker broker = new FakeBroker();
    private final FakeBrokerClient client = new FakeBrokerClient();
    private Producer producer = producer(DataSize.ofMegabytes(8), DataSize.ofMegabytes(1), Duration.ofSeconds(15));
    private TopicImage topic = new TopicImage(TOPIC_ID, "orders", Map.of(), List.of());

    @BeforeEach
    void host() {
        client.connect(0, broker);
        images.broker(0, 9, false);
        broker.host("orders", TOPIC_ID, 3);
        topic = images.topic("orders", TOPIC_ID, 3, 0, Map.of());
    }

    @AfterEach
    void close() {
        broker.release();
        producer.close();
    }

    private Producer producer(DataSize memory, DataSize batch, Duration deliveryTimeout) {
        return producer(client, memory, batch, deliveryTimeout);
    }

    private Producer producer(BrokerClient toBrokers, DataSize memory, DataSize batch, Duration deliveryTimeout) {
        return new Producer(images, leaders, toBrokers, new ProducerProperties(memory, DataSize.ofMegabytes(1), batch,
                DataSize
                        .ofMegabytes(4), 5,
                deliveryTimeout, Duration.ofMillis(500), Duration.ofMillis(5), Duration.ofMillis(40), DataSize.ofBytes(
                        500), Duration.ofSeconds(1), Duration.ofSeconds(1)),
                new Random(1));
    }

    @Test
    void records_go_where_kafka_clients_would_put_their_keys() throws Exception {
        Delivery delivery = send(IntStream.range(0, 50).mapToObj(i -> new Sent("key-" + i, "v" + i, -1)).toList());

        assertThat(delivery.await(PATIENCE)).isTrue();

        for (int i = 0; i < 50; i++) {
            assertThat(delivery.error(i)).isNull();
            assertThat(delivery.partition(i)).isEqualTo(Utils.toPositive(Utils.murmur2(("key-" + i).getBytes(UTF_8)))
                    % 3);
            assertThat(broker.partition("orders", delivery.partition(i)).values().get((int) delivery.offset(i)))
                    .isEqualTo("v" + i);
        }
    }

    @Test
    void what_comes_while_a_batch_is_under_way_goes_together_in_the_next() throws Exception {
        broker.onProduce((_, attempt) -> attempt == 0 ? Verdict.HOLD : Verdict.STORE);
        List<Delivery> deliveries = new ArrayList<>();
        deliveries.add(sendTo(0, "first"));
        await().atMost(PATIENCE).until(() -> broker.heldAnswers() == 1);
        for (int i = 0; i < 20; i++) {
            deliveries.add(sendTo(0, "later-" + i));
        }

        broker.release();

        for (Delivery delivery : deliveries) {
            assertThat(delivery.await(PATIENCE)).isTrue();
        }
        assertThat(broker.partition("orders", 0).batchCounts()).containsExactly(1, 20);
        assertThat(deliveries).extracting(delivery -> delivery.offset(0)).isEqualTo(IntStream.range(0, 21).mapToObj(
                i -> (long) i).toList());
    }

    @Test
    void records_that_cannot_be_sent_for_a_fault_of_the_gateway_are_sent_later() throws Exception {
        producer.close();
        var failures = new AtomicInteger(3);
        var failing = new BrokerClient() {
            @Override
            public <R extends AbstractResponse> CompletableFuture<R> send(BrokerEndpoint endpoint, Lane lane,
                    AbstractRequest.Builder<?> request, Class<R> responseType, Duration timeout,
                    ResponseMemory memory) {
                if (failures.getAndDecrement() > 0) {
                    throw new IllegalStateException("a fault");
                }
                return client.send(endpoint, lane, request, responseType, timeout);
            }

            @Override
            public void close() {
                client.close();
            }
        };
        producer = producer(failing, DataSize.ofMegabytes(8), DataSize.ofMegabytes(1), Duration.ofSeconds(15));
        var key = IdempotencyKeys.part("a-key", 0, topic);

        Delivery ordinary = sendTo(0, "ordinary");
        Delivery keyed = producer.sendOnce(topic, Sent.slices(List.of(new Sent(null, "keyed", 0))), key, NOW_MS, null);
        Delivery last = sendTo(0, "last");

        assertThat(ordinary.await(PATIENCE)).isTrue();
        assertThat(keyed.await(PATIENCE)).isTrue();
        assertThat(last.await(PATIENCE)).isTrue();
        assertThat(broker.partition("orders", 0).values()).containsExactlyInAnyOrder("ordinary", "keyed", "last");
        assertThat(failures.get()).isNegative();
    }

    @Test
    void one_request_carries_the_partitions_of_a_broker_together() throws Exception {
        // Without a producer id each partition would wait for it by itself.
        assertThat(sendTo(0, "first").await(PATIENCE)).isTrue();
        int before = broker.produceRequests();

        Delivery delivery = send(List.of(new Sent(null, "a", 0), new Sent(null, "b", 1), new Sent(null, "c", 2)));

        assertThat(delivery.await(PATIENCE)).isTrue();

        assertThat(broker.produceRequests() - before).isEqualTo(1);
    }

    @Test
    void lost_answers_cause_neither_loss_nor_doubles_nor_another_order() throws Exception {
        var random = new Random(42);
        broker.onProduce((_, _) -> {
            synchronized (random) {
                return switch (random.nextInt(6)) {
                    case 0 -> Verdict.STORE_AND_CUT;
                    case 1 -> Verdict.CUT;
                    case 2 -> Verdict.NOT_LEADER;
                    default -> Verdict.STORE;
                };
            }
        });
        List<Delivery> deliveries = new ArrayList<>();
        List<String> sent = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            sent.add("v" + i);
            deliveries.add(sendTo(1, "v" + i));
            if (i % 10 == 0) {
                assertThat(deliveries.getLast().await(PATIENCE)).isTrue();
            }
        }

        for (Delivery delivery : deliveries) {
            assertThat(delivery.await(PATIENCE)).isTrue();
        }

        assertThat(broker.partition("orders", 1).values()).isEqualTo(sent);
        assertThat(deliveries).extracting(delivery -> delivery.offset(0)).isEqualTo(IntStream.range(0, 300).mapToObj(
                i -> (long) i).toList());
    }

    @Test
    void a_broker_that_lost_the_producers_state_is_served_under_a_new_epoch() throws Exception {
        assertThat(sendTo(0, "before").await(PATIENCE)).isTrue();
        broker.partition("orders", 0).forgetProducers();

        Delivery after = sendTo(0, "after");

        assertThat(after.await(PATIENCE)).isTrue();
        assertThat(after.error(0)).isNull();
        assertThat(broker.partition("orders", 0).values()).containsExactly("before", "after");
    }

    @Test
    void a_record_over_the_topics_limit_is_refused_alone() throws Exception {
        topic = images.topic("orders", TOPIC_ID, 3, 0, Map.of("max.message.bytes", "1000"));

        Delivery delivery = send(List.of(new Sent(null, "small", 0), new Sent(null, "x".repeat(1000), 0), new Sent(null,
                "small too", 0)));

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(delivery.error(0)).isNull();
        assertThat(delivery.error(1)).isEqualTo(ErrorCode.RECORD_TOO_LARGE);
        assertThat(delivery.error(2)).isNull();
        assertThat(broker.partition("orders", 0).values()).containsExactly("small", "small too");
    }

    @Test
    void the_largest_record_that_fits_the_topics_limit_is_taken() throws Exception {
        topic = images.topic("orders", TOPIC_ID, 3, 0, Map.of("max.message.bytes", "1000"));
        // 61 of batch, 2 of length, 6 of attributes, deltas, no key and no headers, 2 of the value's length
        Delivery fits = sendTo(0, "x".repeat(1000 - 61 - 2 - 5 - 2));
        Delivery exceeds = sendTo(0, "x".repeat(1000 - 61 - 2 - 5 - 1));

        assertThat(fits.await(PATIENCE)).isTrue();
        assertThat(exceeds.await(PATIENCE)).isTrue();
        assertThat(fits.error(0)).isNull();
        assertThat(exceeds.error(0)).isEqualTo(ErrorCode.RECORD_TOO_LARGE);
    }

    @Test
    void a_record_without_key_is_refused_alone_by_a_compacted_topic() throws Exception {
        topic = images.topic("orders", TOPIC_ID, 3, 0, Map.of("cleanup.policy", "compact"));

        Delivery delivery = send(List.of(new Sent(null, "no key", 0), new Sent("k", "with key", 0)));

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(delivery.error(0)).isEqualTo(ErrorCode.INVALID_RECORD);
        assertThat(delivery.error(1)).isNull();
    }

    @Test
    void a_partition_that_is_not_there_is_refused_alone() throws Exception {
        Delivery delivery = send(List.of(new Sent(null, "a", 3), new Sent(null, "b", 2)));

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(delivery.error(0)).isEqualTo(ErrorCode.UNKNOWN_PARTITION);
        assertThat(delivery.error(1)).isNull();
    }

    @Test
    void batches_end_at_the_batch_size() throws Exception {
        producer.close();
        producer = producer(DataSize.ofMegabytes(8), DataSize.ofKilobytes(10), Duration.ofSeconds(15));

        Delivery delivery = send(IntStream.range(0, 50).mapToObj(i -> new Sent(null, "x".repeat(1000), 0)).toList());

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(broker.partition("orders", 0).batchCounts()).hasSizeBetween(5, 7).allSatisfy(count -> assertThat(
                count).isLessThan(11));
        assertThat(IntStream.range(0, 50).mapToLong(delivery::offset).toArray()).isEqualTo(IntStream.range(0, 50)
                .asLongStream().toArray());
    }

    @Test
    void over_the_memory_limit_a_request_is_refused_whole_and_later_ones_are_taken_again() throws Exception {
        producer.close();
        producer = producer(DataSize.ofKilobytes(64), DataSize.ofMegabytes(1), Duration.ofSeconds(15));
        broker.onProduce((_, attempt) -> attempt == 0 ? Verdict.HOLD : Verdict.STORE);
        List<Delivery> taken = new ArrayList<>();
        assertThatThrownBy(() -> {
            while (taken.size() < 100) {
                taken.add(sendTo(0, "x".repeat(1000)));
            }
        }).isInstanceOfSatisfying(RefusedException.class, refusal -> assertThat(refusal.code()).isEqualTo(
                ErrorCode.QUEUE_FULL));
        assertThat(taken).hasSizeBetween(60, 64);

        await().atMost(PATIENCE).until(() -> broker.heldAnswers() == 1);
        broker.release();
        for (Delivery delivery : taken) {
            assertThat(delivery.await(PATIENCE)).isTrue();
        }

        assertThat(producer.bufferedBytes()).isZero();
        assertThat(sendTo(0, "again").await(PATIENCE)).isTrue();
    }

    @Test
    void without_a_leader_records_wait_and_are_refused_when_their_time_is_over() throws Exception {
        producer.close();
        producer = producer(DataSize.ofMegabytes(8), DataSize.ofMegabytes(1), Duration.ofMillis(200));
        topic = images.topic("orders", TOPIC_ID, 3, PartitionImage.NO_LEADER, Map.of());

        Delivery delivery = sendTo(0, "v");

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(delivery.error(0)).isEqualTo(ErrorCode.LEADER_UNAVAILABLE);
        assertThat(producer.bufferedBytes()).isZero();
    }

    @Test
    void records_that_wait_for_a_leader_go_to_it_when_it_is_there() throws Exception {
        topic = images.topic("orders", TOPIC_ID, 3, PartitionImage.NO_LEADER, Map.of());
        Delivery delivery = sendTo(0, "v");

        images.topic("orders", TOPIC_ID, 3, 0, Map.of());

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(delivery.error(0)).isNull();
    }

    @Test
    void records_follow_a_leader_that_moves() throws Exception {
        var second = new FakeBroker();
        second.host("orders", TOPIC_ID, 3);
        client.connect(1, second);
        images.broker(1, 10, false);
        broker.onProduce((_, _) -> Verdict.NOT_LEADER);
        Delivery delivery = sendTo(0, "v");
        await().atMost(PATIENCE).until(() -> broker.produceRequests() > 1);

        images.topic("orders", TOPIC_ID, 3, 1, Map.of());

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(second.partition("orders", 0).values()).containsExactly("v");
    }

    @ParameterizedTest
    @EnumSource(names = {"STORE_AND_STORAGE_ERROR", "STORE_AND_TOO_FEW_REPLICAS", "STORE_AND_TIME_OUT"})
    void an_error_that_may_follow_an_append_leaves_the_outcome_unknown(Verdict verdict) throws Exception {
        producer.close();
        producer = producer(DataSize.ofMegabytes(8), DataSize.ofMegabytes(1), Duration.ofMillis(300));
        broker.onProduce((_, _) -> verdict);

        Delivery unknown = sendTo(0, "perhaps");

        assertThat(unknown.await(PATIENCE)).isTrue();
        assertThat(unknown.error(0)).isEqualTo(ErrorCode.TIMED_OUT);
    }

    @Test
    void an_outcome_that_stays_unknown_is_told_as_such_and_does_not_stop_what_follows() throws Exception {
        producer.close();
        producer = producer(DataSize.ofMegabytes(8), DataSize.ofMegabytes(1), Duration.ofMillis(300));
        broker.onProduce((_, _) -> Verdict.STORE_AND_CUT);
        Delivery unknown = sendTo(0, "perhaps");
        assertThat(unknown.await(PATIENCE)).isTrue();
        assertThat(unknown.error(0)).isEqualTo(ErrorCode.TIMED_OUT);
        broker.onProduce((_, _) -> Verdict.STORE);

        Delivery after = sendTo(0, "after");

        assertThat(after.await(PATIENCE)).isTrue();
        assertThat(after.error(0)).isNull();
        assertThat(broker.partition("orders", 0).values()).containsExactly("perhaps", "after");
    }

    @Test
    void a_topic_deleted_meanwhile_is_unknown() throws Exception {
        broker.onProduce((_, _) -> Verdict.NOT_LEADER);
        Delivery delivery = sendTo(0, "v");

        images.remove("orders");

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(delivery.error(0)).isEqualTo(ErrorCode.UNKNOWN_TOPIC);
    }

    @Test
    void records_without_key_stay_on_a_partition_until_it_has_its_share() throws Exception {
        List<Delivery> deliveries = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            deliveries.add(send(List.of(new Sent(null, "x".repeat(20), -1))));
        }

        var used = new HashSet<Integer>();
        int changes = 0;
        for (int i = 0; i < deliveries.size(); i++) {
            assertThat(deliveries.get(i).await(PATIENCE)).isTrue();
            used.add(deliveries.get(i).partition(0));
            changes += i > 0 && deliveries.get(i).partition(0) != deliveries.get(i - 1).partition(0) ? 1 : 0;
        }

        assertThat(used).hasSizeGreaterThan(1);
        assertThat(changes).isBetween(4, 8);
    }

    @Test
    void many_threads_get_the_offset_of_their_own_record() throws Exception {
        var threads = new ArrayList<Thread>();
        var wrong = Collections.synchronizedList(new ArrayList<String>());
        for (int t = 0; t < 16; t++) {
            int thread = t;
            threads.add(Thread.ofVirtual().start(() -> {
                for (int i = 0; i < 200; i++) {
                    String value = thread + ":" + i;
                    Delivery delivery = send(List.of(new Sent(value, value, -1)));
                    try {
                        if (!delivery.await(PATIENCE) || !broker.partition("orders", delivery.partition(0)).values()
                                .get((int) delivery.offset(0)).equals(value)) {
                            wrong.add(value);
                        }
                    } catch (InterruptedException _) {
                        wrong.add(value);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(wrong).isEmpty();
        assertThat(IntStream.range(0, 3).map(p -> broker.partition("orders", p).values().size()).sum()).isEqualTo(3200);
    }

    @Test
    void closing_waits_for_what_was_taken() throws Exception {
        broker.onProduce((_, attempt) -> attempt < 3 ? Verdict.NOT_LEADER : Verdict.STORE);
        Delivery delivery = sendTo(0, "v");

        producer.close();

        assertThat(delivery.isDone()).isTrue();
        assertThat(delivery.error(0)).isNull();
        assertThatThrownBy(() -> sendTo(0, "late")).isInstanceOf(RefusedException.class);
    }

    private Delivery sendTo(int partition, String value) {
        return send(List.of(new Sent(null, value, partition)));
    }

    private Delivery send(List<Sent> records) {
        return producer.send(topic, Sent.slices(records), NOW_MS);
    }
}
