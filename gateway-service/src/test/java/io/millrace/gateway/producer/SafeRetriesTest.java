package io.millrace.gateway.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RequestKey;
import io.millrace.gateway.brokers.Leaders;
import io.millrace.gateway.testing.FakeBroker;
import io.millrace.gateway.testing.FakeBroker.Verdict;
import io.millrace.gateway.testing.FakeBrokerClient;
import io.millrace.gateway.testing.FakeImages;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.unit.DataSize;

/** Requests under keys, through two gateways, to three brokers that share their logs as replicas do that are all in sync. */
class SafeRetriesTest {
    private static final Uuid TOPIC_ID = new Uuid(5, 6);
    private static final long NOW_MS = 1_700_000_000_000L;
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int PARTITIONS = 4;

    private final FakeImages images = new FakeImages();
    private final Leaders leaders = new Leaders(images, Duration.ofMinutes(5));
    private final List<FakeBroker> brokers = List.of(new FakeBroker(), new FakeBroker(), new FakeBroker());
    private final FakeBrokerClient client = new FakeBrokerClient();
    private TopicImage topic = new TopicImage(TOPIC_ID, "orders", Map.of(), List.of());
    private List<Producer> gateways = List.of(producer(Duration.ofSeconds(15)), producer(Duration.ofSeconds(15)));

    @BeforeEach
    void host() {
        brokers.getFirst().host("orders", TOPIC_ID, PARTITIONS);
        for (int id = 0; id < brokers.size(); id++) {
            client.connect(id, brokers.get(id));
            images.broker(id, 9 + id, false);
            brokers.get(id).follow(brokers.getFirst(), "orders", TOPIC_ID);
        }
        topic = images.topic("orders", TOPIC_ID, PARTITIONS, 0, Map.of());
    }

    @AfterEach
    void close() {
        brokers.forEach(broker -> broker.onProduce((_, _) -> Verdict.STORE));
        brokers.forEach(FakeBroker::release);
        gateways.forEach(Producer::close);
    }

    private Producer producer(Duration deliveryTimeout) {
        return new Producer(images, leaders, client, new ProducerProperties(DataSize.ofMegabytes(8), DataSize
                .ofMegabytes(1), DataSize.ofMegabytes(1), DataSize.ofMegabytes(4), 5, deliveryTimeout, Duration
                        .ofMillis(300), Duration.ofMillis(5), Duration.ofMillis(20), DataSize.ofBytes(500), Duration
                                .ofMillis(1), Duration.ofMillis(1)),
                new Random(1));
    }

    @Test
    void a_request_that_comes_again_through_another_gateway_is_stored_once_and_has_its_first_offsets()
            throws Exception {
        List<Sent> request = keyed(40);
        Delivery first = send(0, "key", request);
        assertStored(first);
        send(0, "between", keyed(3)).await(PATIENCE);

        Delivery again = send(1, "key", request);

        assertStored(again);
        for (int i = 0; i < request.size(); i++) {
            assertThat(again.partition(i)).isEqualTo(first.partition(i));
            assertThat(again.offset(i)).isEqualTo(first.offset(i));
            assertThat(values(first.partition(i)).get((int) first.offset(i))).isEqualTo(request.get(i).value());
        }
        assertThat(allValues()).hasSize(43);
    }

    @Test
    void records_without_key_are_of_the_partition_that_the_requests_key_chooses() throws Exception {
        Set<Integer> used = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            List<Sent> request = List.of(new Sent(null, "a" + i, -1), new Sent(null, "b" + i, -1));
            Delivery first = send(0, "key " + i, request);
            Delivery again = send(1, "key " + i, request);
            assertStored(first);
            assertStored(again);
            assertThat(first.partition(1)).isEqualTo(first.partition(0)).isEqualTo(again.partition(0));
            assertThat(again.offset(1)).isEqualTo(first.offset(1)).isEqualTo(first.offset(0) + 1);
            used.add(first.partition(0));
        }
        assertThat(used).hasSize(PARTITIONS);
        assertThat(allValues()).hasSize(40).doesNotHaveDuplicates();
    }

    @Test
    void another_request_under_the_key_is_refused_where_the_key_is_known() throws Exception {
        assertStored(send(0, "key", List.of(new Sent(null, "a", 0), new Sent(null, "b", 1))));

        Delivery other = send(1, "key", List.of(new Sent(null, "a", 0), new Sent(null, "c", 1), new Sent(null, "d",
                2)));

        assertThat(other.await(PATIENCE)).isTrue();
        assertThat(other.error(0)).isEqualTo(ErrorCode.KEY_REUSED);
        assertThat(other.error(1)).isEqualTo(ErrorCode.KEY_REUSED);
        assertThat(other.error(2)).isNull();
        assertThat(allValues()).containsExactlyInAnyOrder("a", "b", "d");
    }

    @Test
    void what_a_first_try_could_not_store_is_stored_by_the_next() throws Exception {
        gateways.getFirst().close();
        // Long enough for the partition that has a leader, on a busy machine too.
        gateways = List.of(producer(Duration.ofSeconds(2)), gateways.get(1));
        images.lead("orders", 2, PartitionImage.NO_LEADER);
        List<Sent> request = List.of(new Sent(null, "a", 0), new Sent(null, "b", 2), new Sent(null, "c", 0));
        Delivery partly = send(0, "key", request);
        assertThat(partly.await(PATIENCE)).isTrue();
        assertThat(partly.error(1)).isEqualTo(ErrorCode.LEADER_UNAVAILABLE);
        assertThat(partly.error(2)).isNull();
        images.lead("orders", 2, 1);

        Delivery again = send(1, "key", request);

        assertStored(again);
        assertThat(again.offset(2)).isEqualTo(partly.offset(2)).isEqualTo(1);
        assertThat(values(0)).containsExactly("a", "c");
        assertThat(values(2)).containsExactly("b");
    }

    @Test
    void a_request_in_flight_twice_gets_one_answer_twice() throws Exception {
        brokers.getFirst().onProduce((_, _) -> Verdict.HOLD);
        List<Sent> request = List.of(new Sent(null, "a", 0), new Sent(null, "b", 0));
        Delivery first = send(0, "key", request);
        Delivery beside = send(0, "key", request);
        Delivery elsewhere = send(1, "key", request);
        await().atMost(PATIENCE).until(() -> brokers.getFirst().heldAnswers() == 3);

        brokers.getFirst().release();

        for (Delivery delivery : List.of(first, beside, elsewhere)) {
            assertStored(delivery);
            assertThat(delivery.offset(0)).isZero();
            assertThat(delivery.offset(1)).isEqualTo(1);
        }
        assertThat(values(0)).containsExactly("a", "b");
    }

    @Test
    void requests_of_one_partition_do_not_wait_for_each_other() throws Exception {
        brokers.getFirst().onProduce((_, attempt) -> attempt == 0 ? Verdict.HOLD : Verdict.STORE);
        Delivery held = send(0, "held", List.of(new Sent(null, "a", 0)));
        await().atMost(PATIENCE).until(() -> brokers.getFirst().heldAnswers() == 1);

        assertStored(send(0, "other", List.of(new Sent(null, "b", 0))));

        assertThat(held.isDone()).isFalse();
    }

    @Test
    void many_requests_under_keys_and_records_without_take_turns() throws Exception {
        brokers.getFirst().onProduce((_, _) -> Verdict.HOLD);
        List<Delivery> deliveries = new ArrayList<>();
        for (int i = 0; i < 105; i++) {
            deliveries.add(send(0, "key " + i, List.of(new Sent(null, "keyed", 0))));
        }
        await().atMost(PATIENCE).until(() -> brokers.getFirst().heldAnswers() == 5);
        deliveries.add(gateways.getFirst().send(topic, Sent.slices(List.of(new Sent(null, "ordinary", 0))), NOW_MS));

        brokers.getFirst().onProduce((_, _) -> Verdict.STORE);
        brokers.getFirst().release();

        for (Delivery delivery : deliveries) {
            assertStored(delivery);
        }
        assertThat(values(0)).hasSize(106);
        assertThat(values(0).indexOf("ordinary")).isLessThan(20);
    }

    @Test
    void that_a_key_was_used_is_not_believed_of_who_was_deposed_since() throws Exception {
        var deposed = new AtomicBoolean();
        brokers.getFirst().onProduce((_, _) -> {
            if (!deposed.compareAndSet(false, true)) {
                return Verdict.STORE;
            }
            images.leadIn(7, "orders", 0, 0);
            return Verdict.OUT_OF_ORDER;
        });

        assertStored(send(0, "key", List.of(new Sent(null, "a", 0))));

        assertThat(values(0)).containsExactly("a");
    }

    @Test
    void a_request_that_exceeds_a_batch_is_refused_whole() {
        topic = images.topic("orders", TOPIC_ID, PARTITIONS, 0, Map.of("max.message.bytes", "1000"));
        limit(batch -> batch.sizeInBytes() > 1000 ? Errors.MESSAGE_TOO_LARGE : Errors.NONE);
        List<Sent> request = IntStream.range(0, 11).mapToObj(i -> new Sent(null, "x".repeat(100), 0)).toList();

        assertThatThrownBy(() -> send(0, "key", request)).isInstanceOfSatisfying(RefusedException.class,
                refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.RECORD_TOO_LARGE))
                .hasMessageContaining("partition 0");

        assertThat(allValues()).isEmpty();
        assertThat(gateways.getFirst().bufferedBytes()).isZero();
    }

    @Test
    void a_request_that_is_stored_is_answered_with_its_first_offsets_whatever_the_topic_takes_by_now()
            throws Exception {
        List<Sent> request = List.of(new Sent(null, "x".repeat(2000), 0), new Sent(null, "b", 1));
        Delivery first = send(0, "key", request);
        assertStored(first);
        topic = images.topic("orders", TOPIC_ID, PARTITIONS, 0, Map.of("max.message.bytes", "1000"));
        limit(batch -> batch.sizeInBytes() > 1000 ? Errors.MESSAGE_TOO_LARGE : Errors.NONE);

        Delivery again = send(1, "key", request);

        assertStored(again);
        assertThat(again.offset(0)).isEqualTo(first.offset(0));
        assertThat(again.offset(1)).isEqualTo(first.offset(1));
        assertThat(allValues()).hasSize(2);
    }

    @Test
    void records_of_other_partitions_are_not_stored_where_a_leader_refuses_some() {
        topic = images.topic("orders", TOPIC_ID, PARTITIONS, 0, Map.of("cleanup.policy", "compact"));
        limit(batch -> batch.iterator().next().hasKey() ? Errors.NONE : Errors.INVALID_RECORD);

        assertThatThrownBy(() -> send(0, "key", List.of(new Sent("k", "a", 0), new Sent(null, "b", 1), new Sent("k",
                "c", 2)))).isInstanceOfSatisfying(RefusedException.class, refusal -> assertThat(refusal.code())
                        .isEqualTo(ErrorCode.INVALID_RECORD)).hasMessageContaining("records[1]");

        assertThat(allValues()).isEmpty();
        assertThat(gateways.getFirst().bufferedBytes()).isZero();
    }

    @Test
    void where_a_leader_is_away_that_would_refuse_records_none_is_stored() throws Exception {
        gateways.getFirst().close();
        gateways = List.of(producer(Duration.ofMillis(200)), gateways.get(1));
        topic = images.topic("orders", TOPIC_ID, PARTITIONS, 0, Map.of("cleanup.policy", "compact"));
        images.lead("orders", 1, PartitionImage.NO_LEADER);

        Delivery delivery = send(0, "key", List.of(new Sent("k", "a", 0), new Sent(null, "b", 1)));

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(delivery.error(0)).isEqualTo(ErrorCode.LEADER_UNAVAILABLE);
        assertThat(delivery.error(1)).isEqualTo(ErrorCode.LEADER_UNAVAILABLE);
        assertThat(allValues()).isEmpty();
    }

    @Test
    void a_request_with_a_record_that_is_refused_is_refused_whole() {
        assertThatThrownBy(() -> send(0, "key", List.of(new Sent(null, "a", 0), new Sent(null, "b", 9))))
                .isInstanceOf(RefusedException.class).hasMessageContaining("records[1]", "no partition 9");

        assertThat(allValues()).isEmpty();
        assertThat(gateways.getFirst().bufferedBytes()).isZero();
    }

    @Test
    void a_partition_that_remembers_no_more_keys_refuses_at_once() throws Exception {
        brokers.getFirst().onProduce((_, _) -> Verdict.TOO_MANY_KEYS);

        Delivery delivery = send(0, "key", List.of(new Sent(null, "a", 0)));

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(delivery.error(0)).isEqualTo(ErrorCode.QUEUE_FULL);
    }

    /** Each batch under a key has a buffer to itself, however small its records are. */
    @Test
    void small_requests_under_keys_are_refused_before_their_buffers_exceed_the_memory_limit() {
        brokers.getFirst().onProduce((_, _) -> Verdict.HOLD);
        List<Delivery> taken = new ArrayList<>();

        assertThatThrownBy(() -> {
            while (taken.size() < 5_000) {
                taken.add(send(0, "key" + taken.size(), List.of(new Sent(null, "a", 0))));
            }
        }).isInstanceOfSatisfying(RefusedException.class, refusal -> assertThat(refusal.code()).isEqualTo(
                ErrorCode.QUEUE_FULL));

        // 8 MB, as batches of 4 KB and what belongs to each.
        assertThat(taken).hasSizeBetween(1_000, 2_000);
    }

    @Test
    void an_empty_request_is_done() throws Exception {
        assertThat(send(0, "key", List.of()).await(PATIENCE)).isTrue();
    }

    @Test
    void requests_with_and_without_keys_share_partitions() throws Exception {
        List<Delivery> deliveries = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            List<Sent> request = List.of(new Sent(null, "v" + i, i % PARTITIONS));
            deliveries.add(i % 3 == 0 ? gateways.getFirst().send(topic, Sent.slices(request), NOW_MS)
                    : send(0, "key " + i, request));
        }

        for (Delivery delivery : deliveries) {
            assertStored(delivery);
        }
        assertThat(allValues()).hasSize(300).doesNotHaveDuplicates();
        assertThat(IntStream.range(0, 300).filter(i -> i % 3 == 0 && i % PARTITIONS == 0).mapToObj(i -> "v" + i))
                .as("without keys, in order").isEqualTo(values(0).stream().filter(value -> Integer.parseInt(value
                        .substring(1)) % 3 == 0).toList());
    }

    /** Clients that do not believe an answer in three, and send again whatever failed, to whichever gateway. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void under_lost_answers_and_changing_leaders_each_request_is_stored_once(long seed) throws Exception {
        gateways.forEach(Producer::close);
        gateways = List.of(producer(Duration.ofMillis(60)), producer(Duration.ofSeconds(15)));
        for (int id = 0; id < brokers.size(); id++) {
            misbehave(id, new Random(seed * 31 + id));
        }
        var over = new AtomicBoolean();
        Thread controller = Thread.ofPlatform().start(() -> changeLeaders(new Random(seed), over));
        Map<Integer, List<Future<long[]>>> answers = new HashMap<>();
        try (ExecutorService clients = Executors.newFixedThreadPool(8)) {
            for (int request = 0; request < 120; request++) {
                Callable<long[]> client = client(request, new Random(seed * 1000 + request));
                // Some come twice at once.
                answers.put(request, request % 5 == 0 ? List.of(clients.submit(client), clients.submit(client))
                        : List.of(clients.submit(client)));
            }
            clients.shutdown();
            await().atMost(Duration.ofSeconds(60)).until(clients::isTerminated);
        } finally {
            over.set(true);
            controller.join();
        }

        Set<String> expected = new HashSet<>();
        for (var request : answers.entrySet()) {
            long[] places = request.getValue().getFirst().get();
            assertThat(request.getValue().getLast().get()).isEqualTo(places);
            List<Sent> sent = request(request.getKey());
            for (int i = 0; i < sent.size(); i++) {
                expected.add(sent.get(i).value());
                assertThat(values((int) places[2 * i]).get((int) places[2 * i + 1])).as("seed %d", seed).isEqualTo(sent
                        .get(i).value());
            }
        }
        assertThat(allValues()).as("seed %d", seed).hasSameSizeAs(expected).containsAll(expected);
    }

    private static List<Sent> request(int number) {
        return IntStream.range(0, 1 + number % 7).mapToObj(i -> new Sent(i % 2 == 0 ? "k" + i : null, number + ":" + i,
                -1)).toList();
    }

    /** Sends until a whole answer is believed; checks that all whole answers are alike. @return partition and offset of each record */
    private Callable<long[]> client(int number, Random random) {
        List<Sent> request = request(number);
        return () -> {
            long @Nullable [] known = null;
            while (true) {
                Delivery delivery = send(random.nextInt(2), "request " + number, request);
                assertThat(delivery.await(PATIENCE)).isTrue();
                long[] places = new long[2 * request.size()];
                boolean isWhole = true;
                for (int i = 0; i < request.size(); i++) {
                    isWhole &= delivery.error(i) == null;
                    assertThat(delivery.error(i)).isNotEqualTo(ErrorCode.KEY_REUSED);
                    places[2 * i] = delivery.partition(i);
                    places[2 * i + 1] = delivery.offset(i);
                }
                if (isWhole) {
                    assertThat(known == null ? places : known).isEqualTo(places);
                    known = places;
                    if (random.nextInt(3) != 0) {
                        return places;
                    }
                }
            }
        };
    }

    private void changeLeaders(Random random, AtomicBoolean over) {
        while (!over.get()) {
            images.lead("orders", random.nextInt(PARTITIONS), random.nextInt(-1, brokers.size()));
            brokers.get(random.nextInt(brokers.size())).release();
            Thread.yield();
        }
    }

    /** Takes nothing unless it leads, and answers as it likes. */
    private void misbehave(int id, Random random) {
        brokers.get(id).onProduce((name, _) -> {
            int partition = Integer.parseInt(name.substring(name.lastIndexOf('-') + 1));
            if (images.current().topicsByName().get("orders").partitions().get(partition).leader() != id) {
                return Verdict.NOT_LEADER;
            }
            synchronized (random) {
                return switch (random.nextInt(10)) {
                    case 0 -> Verdict.HOLD;
                    case 1 -> Verdict.STORE_AND_CUT;
                    case 2 -> Verdict.CUT;
                    case 3 -> Verdict.STORE_AND_TOO_FEW_REPLICAS;
                    case 4 -> Verdict.STORE_AND_TIME_OUT;
                    default -> Verdict.STORE;
                };
            }
        });
    }

    private static void assertStored(Delivery delivery) throws InterruptedException {
        assertThat(delivery.await(PATIENCE)).isTrue();
        for (int i = 0; i < delivery.count(); i++) {
            assertThat(delivery.error(i)).isNull();
        }
    }

    private void limit(Function<RecordBatch, Errors> decision) {
        IntStream.range(0, PARTITIONS).forEach(partition -> brokers.getFirst().partition("orders", partition).limit(
                decision));
    }

    private List<String> values(int partition) {
        return brokers.getFirst().partition("orders", partition).values();
    }

    private List<String> allValues() {
        return IntStream.range(0, PARTITIONS).mapToObj(this::values).flatMap(List::stream).toList();
    }

    private static List<Sent> keyed(int count) {
        return IntStream.range(0, count).mapToObj(i -> new Sent("k" + i, "v" + i, -1)).toList();
    }

    private Delivery send(int gateway, String key, List<Sent> request) {
        return gateways.get(gateway).sendOnce(topic, Sent.slices(request), RequestKey.of(TOPIC_ID, key), NOW_MS
                + gateway,
                null);
    }
}
