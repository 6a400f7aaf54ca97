package io.millrace.gateway.producer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.record.RecordSlices;
import io.millrace.gateway.brokers.Leaders;
import io.millrace.gateway.brokers.RetryBackoff;
import io.millrace.gateway.testing.FakeBroker;
import io.millrace.gateway.testing.FakeBroker.Verdict;
import io.millrace.gateway.testing.FakeBrokerClient;
import io.millrace.gateway.testing.FakeImages;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.unit.DataSize;

/** Three brokers that share their logs, as replicas that are all in sync; waits that a test is not about are longer than its patience. */
class LeaderChangesTest {
    private static final Uuid TOPIC_ID = new Uuid(3, 4);
    private static final long NOW_MS = 1_700_000_000_000L;
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration NEVER = Duration.ofMinutes(5);
    private static final Duration SOON = Duration.ofMillis(5);
    private static final int PARTITIONS = 4;

    private final FakeImages images = new FakeImages();
    private final Leaders leaders = new Leaders(images, NEVER);
    private final List<FakeBroker> brokers = List.of(new FakeBroker(), new FakeBroker(), new FakeBroker());
    private final FakeBrokerClient client = new FakeBrokerClient();
    private TopicImage topic = new TopicImage(TOPIC_ID, "orders", Map.of(), List.of());
    private Producer producer = producer(NEVER, NEVER, NEVER, 5);

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
        producer.close();
    }

    private Producer producer(Duration delivery, Duration request, Duration backoff, int maxInFlight) {
        return new Producer(images, leaders, client, new ProducerProperties(DataSize.ofMegabytes(8), DataSize
                .ofMegabytes(1),
                DataSize.ofMegabytes(1), DataSize.ofMegabytes(4), maxInFlight, delivery, request, backoff, backoff,
                DataSize.ofBytes(500), Duration.ofMillis(1), Duration.ofMillis(1)), new Random(1));
    }

    private void begin(Duration delivery, Duration request, Duration backoff, int maxInFlight) throws Exception {
        producer.close();
        producer = producer(delivery, request, backoff, maxInFlight);
        hasProducerId();
    }

    /** The first record of all waits for a producer id. */
    private void hasProducerId() throws Exception {
        await().atMost(PATIENCE).until(() -> producer.identity(new PartitionQueue(TOPIC_ID, "orders", 0,
                new BatchBuffers(0), 1, new RetryBackoff(1, 1))) != null);
    }

    @Test
    void a_batch_at_a_leader_that_answers_nothing_goes_to_the_next_leader_at_once() throws Exception {
        hasProducerId();
        brokers.get(0).onProduce((_, _) -> Verdict.SILENT);
        Delivery delivery = send(0, "v");
        await().atMost(PATIENCE).until(() -> brokers.get(0).produceRequests() == 1);

        images.lead("orders", 0, 1);

        assertStored(delivery, 0);
        assertThat(stored(0)).containsExactly("v");
    }

    @Test
    void a_batch_that_the_former_leader_stored_is_not_stored_again_and_has_its_offset() throws Exception {
        hasProducerId();
        assertStored(send(0, "before"), 0);
        brokers.get(0).onProduce((_, _) -> Verdict.HOLD);
        Delivery held = send(0, "held");
        await().atMost(PATIENCE).until(() -> brokers.get(0).heldAnswers() == 1);

        images.lead("orders", 0, 1);

        assertStored(held, 1);
        Delivery after = send(0, "after");
        assertStored(after, 2);
        assertThat(stored(0)).containsExactly("before", "held", "after");
    }

    @Test
    void what_a_former_leader_answers_late_changes_nothing() throws Exception {
        hasProducerId();
        brokers.get(0).onProduce((_, _) -> Verdict.HOLD);
        Delivery held = send(0, "held");
        await().atMost(PATIENCE).until(() -> brokers.get(0).heldAnswers() == 1);
        brokers.get(1).onProduce((_, _) -> Verdict.HOLD);
        images.lead("orders", 0, 1);
        await().atMost(PATIENCE).until(() -> brokers.get(1).heldAnswers() == 1);
        Delivery next = send(0, "next");

        brokers.get(0).onProduce((_, _) -> Verdict.STORE);
        brokers.get(0).release();
        assertStored(send(1, "the former leader serves its other partitions"), 0);
        brokers.get(1).onProduce((_, _) -> Verdict.STORE);
        brokers.get(1).release();

        assertStored(held, 0);
        assertStored(next, 1);
        assertThat(stored(0)).containsExactly("held", "next");
    }

    @Test
    void a_broker_that_does_not_lead_is_left_as_soon_as_the_image_names_another() throws Exception {
        hasProducerId();
        brokers.get(0).onProduce((_, _) -> Verdict.NOT_LEADER);
        Delivery delivery = send(0, "v");
        await().atMost(PATIENCE).until(() -> producer.retries() == 1);

        images.lead("orders", 0, 1);

        assertStored(delivery, 0);
    }

    @Test
    void a_broker_that_did_not_lead_yet_is_asked_again_when_the_image_names_it_anew() throws Exception {
        hasProducerId();
        brokers.get(0).onProduce((_, attempt) -> attempt == 0 ? Verdict.NOT_LEADER : Verdict.STORE);
        Delivery delivery = send(0, "v");
        await().atMost(PATIENCE).until(() -> producer.retries() == 1);

        images.lead("orders", 0, 0);

        assertStored(delivery, 0);
    }

    @Test
    void records_without_a_leader_go_out_as_soon_as_there_is_one() throws Exception {
        hasProducerId();
        images.lead("orders", 0, PartitionImage.NO_LEADER);
        Delivery first = send(0, "first");
        Delivery second = send(0, "second");
        assertThat(producer.retries()).isEqualTo(1);

        images.lead("orders", 0, 2);

        assertStored(first, 0);
        assertStored(second, 1);
        assertThat(stored(0)).containsExactly("first", "second");
    }

    @Test
    void a_fenced_broker_is_no_leader_until_it_is_back() throws Exception {
        hasProducerId();
        images.broker(0, 9, true);
        Delivery delivery = send(0, "v");
        assertThat(producer.retries()).isEqualTo(1);

        images.broker(0, 9, false);

        assertStored(delivery, 0);
    }

    @Test
    void a_leader_that_lacks_replicas_is_asked_again_when_one_is_back_in_sync() throws Exception {
        hasProducerId();
        brokers.get(0).onProduce((_, attempt) -> attempt == 0 ? Verdict.TOO_FEW_REPLICAS : Verdict.STORE);
        Delivery delivery = send(0, "v");
        await().atMost(PATIENCE).until(() -> producer.retries() == 1);

        images.inSync("orders", 0, List.of(0, 1));

        assertStored(delivery, 0);
        assertThat(brokers.get(0).produceRequests()).isEqualTo(2);
    }

    @Test
    void while_nothing_is_heard_of_the_partition_the_leader_is_asked_again_now_and_then() throws Exception {
        begin(NEVER, NEVER, SOON, 5);
        brokers.get(0).onProduce((_, attempt) -> attempt < 8 ? Verdict.TOO_FEW_REPLICAS : Verdict.STORE);

        assertStored(send(0, "v"), 0);

        assertThat(brokers.get(0).produceRequests()).isEqualTo(9);
    }

    @Test
    void an_append_that_lacked_replicas_afterwards_is_confirmed_by_its_duplicate() throws Exception {
        begin(NEVER, NEVER, SOON, 5);
        brokers.get(0).onProduce((_, attempt) -> attempt < 3 ? Verdict.STORE_AND_TOO_FEW_REPLICAS : Verdict.STORE);

        assertStored(send(0, "v"), 0);
        assertStored(send(0, "w"), 1);

        assertThat(stored(0)).containsExactly("v", "w");
    }

    @Test
    void a_partition_waiting_for_room_at_a_silent_leader_leaves_it_with_its_leadership() throws Exception {
        begin(NEVER, NEVER, NEVER, 1);
        brokers.get(0).onProduce((_, _) -> Verdict.SILENT);
        send(0, "takes the only place");
        await().atMost(PATIENCE).until(() -> brokers.get(0).produceRequests() == 1);
        Delivery waiting = send(1, "waits");

        images.lead("orders", 1, 1);

        assertStored(waiting, 0);
        assertThat(stored(1)).containsExactly("waits");
    }

    @Test
    void a_queue_that_left_a_full_lane_and_came_back_is_sent_once() throws Exception {
        begin(NEVER, NEVER, NEVER, 1);
        brokers.get(0).onProduce((name, attempt) -> name.endsWith("-0") ? Verdict.HOLD : Verdict.STORE);
        Delivery held = send(0, "takes the only place");
        await().atMost(PATIENCE).until(() -> brokers.get(0).heldAnswers() == 1);
        Delivery waiting = send(1, "waits");
        images.lead("orders", 1, PartitionImage.NO_LEADER);
        images.lead("orders", 1, 0);

        brokers.get(0).release();

        assertStored(held, 0);
        assertStored(waiting, 0);
        assertStored(send(1, "next"), 1);
        assertThat(stored(1)).containsExactly("waits", "next");
    }

    @Test
    void without_a_leader_the_refusal_comes_when_the_time_is_over_however_long_the_backoff() throws Exception {
        begin(Duration.ofMillis(100), NEVER, NEVER, 5);
        images.lead("orders", 0, PartitionImage.NO_LEADER);

        Delivery delivery = send(0, "v");

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(delivery.error(0)).isEqualTo(ErrorCode.LEADER_UNAVAILABLE);
        assertThat(producer.bufferedBytes()).isZero();
    }

    @Test
    void what_a_deposed_leader_may_have_stored_is_not_called_lost() throws Exception {
        begin(Duration.ofMillis(100), NEVER, SOON, 5);
        brokers.get(0).onProduce((_, _) -> Verdict.NOT_LEADER);

        Delivery delivery = send(0, "v");

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(delivery.error(0)).isEqualTo(ErrorCode.TIMED_OUT);
    }

    @Test
    void a_leader_of_a_lower_epoch_is_not_gone_back_to() throws Exception {
        hasProducerId();
        images.lead("orders", 0, 1);
        images.lead("orders", 0, 1);
        assertStored(send(0, "first"), 0);

        images.leadIn(1, "orders", 0, 0);
        Delivery waiting = send(0, "waiting");
        assertThat(producer.retries()).isEqualTo(1);
        images.leadIn(3, "orders", 0, 2);

        assertStored(waiting, 1);
        assertThat(brokers.get(0).produceRequests()).isZero();
        assertThat(brokers.get(2).produceRequests()).isEqualTo(1);
    }

    @Test
    void that_a_batch_is_out_of_order_is_not_believed_of_who_was_deposed_since() throws Exception {
        begin(NEVER, NEVER, SOON, 5);
        assertStored(send(0, "before"), 0);
        brokers.get(0).onProduce((_, attempt) -> switch (attempt) {
            case 1 -> Verdict.STORE_AND_CUT;
            case 2 -> {
                images.lead("orders", 0, PartitionImage.NO_LEADER);
                images.lead("orders", 0, 0);
                yield Verdict.OUT_OF_ORDER;
            }
            default -> Verdict.STORE;
        });

        assertStored(send(0, "stored and cut"), 1);
        assertStored(send(0, "after"), 2);

        assertThat(stored(0)).containsExactly("before", "stored and cut", "after");
    }

    @Test
    void a_leader_that_lost_what_was_stored_takes_the_rest_in_order() throws Exception {
        begin(NEVER, NEVER, SOON, 5);
        assertStored(send(0, "before"), 0);
        brokers.getFirst().partition("orders", 0).forgetProducers();

        assertStored(send(0, "after"), 1);
        assertStored(send(0, "last"), 2);

        assertThat(stored(0)).containsExactly("before", "after", "last");
    }

    @Test
    void at_shutdown_what_waits_for_a_leader_is_refused_and_what_is_in_flight_is_stored() throws Exception {
        hasProducerId();
        images.lead("orders", 1, PartitionImage.NO_LEADER);
        brokers.get(0).onProduce((_, _) -> Verdict.HOLD);
        Delivery flying = send(0, "flying");
        await().atMost(PATIENCE).until(() -> brokers.get(0).heldAnswers() == 1);
        Delivery waiting = send(1, "waiting");

        producer.beginShutdown();

        assertThat(waiting.await(PATIENCE)).isTrue();
        assertThat(waiting.error(0)).isEqualTo(ErrorCode.UNAVAILABLE);
        assertThat(flying.isDone()).isFalse();
        Delivery later = send(1, "later");
        assertThat(later.await(PATIENCE)).isTrue();
        assertThat(later.error(0)).isEqualTo(ErrorCode.UNAVAILABLE);
        brokers.get(0).release();
        assertStored(flying, 0);
    }

    @Test
    void at_shutdown_what_may_be_stored_is_not_called_refused() throws Exception {
        begin(NEVER, NEVER, NEVER, 5);
        brokers.get(0).onProduce((_, _) -> Verdict.STORE_AND_CUT);
        Delivery delivery = send(0, "v");
        await().atMost(PATIENCE).until(() -> producer.retries() == 1);

        producer.beginShutdown();

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(delivery.error(0)).isEqualTo(ErrorCode.TIMED_OUT);
    }

    @Test
    void while_connections_are_refused_everything_waits_in_order() throws Exception {
        begin(NEVER, NEVER, SOON, 5);
        client.disconnect(0);
        List<List<Delivery>> sent = sendMany(100);
        await().atMost(PATIENCE).until(() -> producer.retries() > 50);

        client.connect(0, brokers.get(0));

        assertAllStoredInOrder(sent);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void leaders_that_follow_each_other_quickly_neither_lose_nor_double_nor_reorder(long seed) throws Exception {
        begin(NEVER, Duration.ofMillis(300), SOON, 2);
        for (int id = 0; id < brokers.size(); id++) {
            misbehave(id, new Random(seed * 31 + id));
        }
        var over = new AtomicBoolean();
        var random = new Random(seed);
        Thread controller = Thread.ofPlatform().start(() -> {
            while (!over.get()) {
                images.lead("orders", random.nextInt(PARTITIONS), random.nextInt(-1, brokers.size()));
                brokers.get(random.nextInt(brokers.size())).release();
                Thread.yield();
            }
        });
        List<List<Delivery>> sent = new ArrayList<>();
        try {
            sent.addAll(sendMany(150));
        } finally {
            over.set(true);
            controller.join();
        }
        // What is still held stays so: the next leaders know whether it was stored.
        IntStream.range(0, PARTITIONS).forEach(partition -> images.lead("orders", partition, partition % 3));

        assertAllStoredInOrder(sent);
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
                    case 1 -> Verdict.SILENT;
                    case 2 -> Verdict.STORE_AND_CUT;
                    case 3 -> Verdict.CUT;
                    case 4 -> Verdict.STORE_AND_TOO_FEW_REPLICAS;
                    default -> Verdict.STORE;
                };
            }
        });
    }

    private List<List<Delivery>> sendMany(int perPartition) {
        List<List<Delivery>> sent = new ArrayList<>();
        IntStream.range(0, PARTITIONS).forEach(_ -> sent.add(new ArrayList<>()));
        for (int i = 0; i < perPartition; i++) {
            for (int partition = 0; partition < PARTITIONS; partition++) {
                sent.get(partition).add(send(partition, "v" + i));
            }
            Thread.yield();
        }
        return sent;
    }

    private void assertAllStoredInOrder(List<List<Delivery>> sent) throws InterruptedException {
        for (int partition = 0; partition < PARTITIONS; partition++) {
            List<Delivery> deliveries = sent.get(partition);
            for (int i = 0; i < deliveries.size(); i++) {
                assertStored(deliveries.get(i), i);
            }
            assertThat(stored(partition)).isEqualTo(IntStream.range(0, deliveries.size()).mapToObj(i -> "v" + i)
                    .toList());
        }
    }

    private static void assertStored(Delivery delivery, long offset) throws InterruptedException {
        assertThat(delivery.await(PATIENCE)).isTrue();
        assertThat(delivery.error(0)).isNull();
        assertThat(delivery.offset(0)).isEqualTo(offset);
    }

    private List<String> stored(int partition) {
        return brokers.getFirst().partition("orders", partition).values();
    }

    private Delivery send(int partition, String value) {
        var records = new RecordSlices();
        records.clear(value.getBytes(UTF_8));
        records.add();
        records.value(0, value.length());
        records.partition(partition);
        return producer.send(topic, records, NOW_MS);
    }
}
