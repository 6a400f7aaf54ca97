package io.millrace.gateway.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.error.ErrorCode;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.wire.BrokerClient;
import io.millrace.common.wire.BrokerEndpoint;
import io.millrace.common.wire.Lane;
import io.millrace.common.wire.ResponseMemory;
import io.millrace.gateway.brokers.Leaders;
import io.millrace.gateway.brokers.RetryBackoff;
import io.millrace.gateway.producer.Delivery.LossListener;
import io.millrace.gateway.testing.FakeBroker;
import io.millrace.gateway.testing.FakeBroker.Verdict;
import io.millrace.gateway.testing.FakeBrokerClient;
import io.millrace.gateway.testing.FakeImages;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.ProduceResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.unit.DataSize;

/** What should never happen happens to one partition, and is nothing to the others, nor the end of that one. */
class FaultsTest {
    private static final Uuid TOPIC_ID = new Uuid(7, 8);
    private static final long NOW_MS = 1_700_000_000_000L;
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int PARTITIONS = 3;

    private final FakeImages images = new FakeImages();
    private final FakeBroker broker = new FakeBroker();
    private final FakeBrokerClient client = new FakeBrokerClient();
    private final Faults faults = new Faults();
    private final Producer producer = new Producer(images, new Leaders(images, Duration.ofMinutes(5)), faults,
            new ProducerProperties(DataSize.ofMegabytes(8), DataSize.ofMegabytes(1), DataSize.ofMegabytes(1), DataSize
                    .ofMegabytes(4), 1, Duration.ofMinutes(5), Duration.ofMinutes(5), Duration.ofMillis(5), Duration
                            .ofMillis(40), DataSize.ofBytes(500), Duration.ofMillis(1), Duration.ofMillis(1)),
            new Random(1), faults);
    private TopicImage topic = new TopicImage(TOPIC_ID, "orders", Map.of(), List.of());

    @BeforeEach
    void host() {
        client.connect(0, broker);
        images.broker(0, 9, false);
        broker.host("orders", TOPIC_ID, PARTITIONS);
        topic = images.topic("orders", TOPIC_ID, PARTITIONS, 0, Map.of());
    }

    @AfterEach
    void close() {
        broker.release();
        producer.close();
    }

    @Test
    void a_batch_that_cannot_be_taken_goes_later_and_the_others_at_once() throws Exception {
        // Each of the three is looked at once on its way to the lane; the fourth look is the first one's in the lane.
        faults.looksBeforeFaults.set(PARTITIONS);
        faults.faults.set(1);

        Delivery delivery = sendToAll(null);

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertStoredOnce(delivery);
        assertThat(broker.produceRequests()).isEqualTo(2);
    }

    @Test
    void a_batch_that_cannot_be_brought_to_its_leader_goes_later() throws Exception {
        faults.faults.set(PARTITIONS);

        Delivery delivery = sendToAll(null);

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertStoredOnce(delivery);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void an_answer_that_cannot_be_read_loses_no_batch(boolean isOfOnePartition) throws Exception {
        faults.answers = response -> {
            faults.answers = UnaryOperator.identity();
            return isOfOnePartition ? unreadableIn(1, response) : new ProduceResponse(response.data()) {
                @Override
                public ProduceResponseData data() {
                    throw new IllegalStateException("a fault");
                }
            };
        };

        Delivery delivery = sendToAll(null);

        assertThat(delivery.await(PATIENCE)).isTrue();
        assertStoredOnce(delivery);
        Delivery next = sendToAll(null);
        assertThat(next.await(PATIENCE)).isTrue();
        assertThat(next.offset(1)).isEqualTo(1);
        await().atMost(PATIENCE).until(() -> producer.bufferedBytes() == 0);
    }

    @Test
    void one_who_cannot_hear_of_its_loss_keeps_nobody_else_from_it() throws Exception {
        broker.onProduce((_, attempt) -> attempt == 0 ? Verdict.HOLD : Verdict.STORE);
        Delivery first = send(0, "first", null);
        await().atMost(PATIENCE).until(() -> broker.heldAnswers() == 1);
        // These two go together in the next batch.
        Delivery deaf = send(0, "deaf", (_, _, _) -> {
            throw new IllegalStateException("a fault");
        });
        List<ErrorCode> heard = new ArrayList<>();
        Delivery other = send(0, "other", (_, _, error) -> heard.add(error));
        broker.onProduce((_, _) -> Verdict.TOO_MANY_KEYS);

        broker.release();

        assertThat(first.await(PATIENCE)).isTrue();
        assertThat(deaf.await(PATIENCE)).isTrue();
        assertThat(other.await(PATIENCE)).isTrue();
        assertThat(deaf.error(0)).isEqualTo(ErrorCode.QUEUE_FULL);
        assertThat(heard).containsExactly(ErrorCode.QUEUE_FULL);
        await().atMost(PATIENCE).until(() -> producer.bufferedBytes() == 0);
        broker.onProduce((_, _) -> Verdict.STORE);
        Delivery last = send(0, "last", null);
        assertThat(last.await(PATIENCE)).isTrue();
        assertThat(last.error(0)).isNull();
    }

    @Test
    void the_pauses_of_a_queue_that_cannot_be_taken_grow() {
        var queue = new PartitionQueue(TOPIC_ID, "orders", 0, new BatchBuffers(0), Long.MAX_VALUE / 4, new RetryBackoff(
                10, 80));
        var leader = new BrokerEndpoint(0, "localhost", 9);
        var slices = Sent.slices(List.of(new Sent(null, "v", 0)));
        queue.append(new Delivery(1, producer.budget(), 0, new RefusedRecords(), null), slices, 0, NOW_MS, 1000, 0);
        List<Long> pauses = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            queue.ready(leader, 0, 0);
            assertThat(queue.hold(leader)).isTrue();
            var rest = queue.rest(0);
            pauses.add(rest.delayNanos());
            assertThat(queue.wake(rest)).isTrue();
        }

        assertThat(pauses).containsExactly(10L, 20L, 40L, 80L, 80L);
    }

    private void assertStoredOnce(Delivery delivery) {
        for (int partition = 0; partition < PARTITIONS; partition++) {
            assertThat(delivery.error(partition)).isNull();
            assertThat(delivery.offset(partition)).isZero();
            assertThat(broker.partition("orders", partition).values()).containsExactly("v" + partition);
        }
    }

    private Delivery sendToAll(LossListener losses) {
        return producer.send(topic, Sent.slices(List.of(new Sent(null, "v0", 0), new Sent(null, "v1", 1), new Sent(null,
                "v2", 2))), NOW_MS, losses);
    }

    private Delivery send(int partition, String value, LossListener losses) {
        return producer.send(topic, Sent.slices(List.of(new Sent(null, value, partition))), NOW_MS, losses);
    }

    private static ProduceResponse unreadableIn(int partition, ProduceResponse response) {
        response.data().responses().forEach(inTopic -> inTopic.partitionResponses().replaceAll(each -> each
                .index() != partition ? each : unreadable(each)));
        return response;
    }

    private static PartitionProduceResponse unreadable(PartitionProduceResponse answer) {
        return new PartitionProduceResponse() {
            @Override
            public int index() {
                return answer.index();
            }

            @Override
            public short errorCode() {
                throw new IllegalStateException("a fault");
            }
        };
    }

    /** A client of brokers, and a source of producer ids, that fail when they are told to. */
    private final class Faults implements BrokerClient, Identities {
        private final AtomicInteger looksBeforeFaults = new AtomicInteger();
        private final AtomicInteger faults = new AtomicInteger();
        private volatile UnaryOperator<ProduceResponse> answers = UnaryOperator.identity();

        @Override
        public <R extends AbstractResponse> CompletableFuture<R> send(BrokerEndpoint endpoint, Lane lane,
                AbstractRequest.Builder<?> request, Class<R> responseType, Duration timeout,
                ResponseMemory memory) {
            return client.send(endpoint, lane, request, responseType, timeout, memory).thenApply(
                    response -> response instanceof ProduceResponse produced ? responseType.cast(answers.apply(
                            produced)) : response);
        }

        @Override
        public ProducerId current(long exhausted) {
            if (looksBeforeFaults.getAndDecrement() <= 0 && faults.getAndDecrement() > 0) {
                throw new IllegalStateException("a fault");
            }
            return new ProducerId(1, (short) 0);
        }

        @Override
        public void ask() {}

        @Override
        public void close() {
            client.close();
        }
    }
}
