package io.millrace.common.autocreate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.api.TopicsApi;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.TopicImage;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class AutoCreationTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final Cluster cluster = new Cluster();
    private final AutoCreation creation = cluster.creation(new AutoCreateSettings(true, 2, LONG, LONG));

    /** A controller that answers once it may, and an image that shows what it created. */
    private static final class Cluster implements ClusterImages, TopicsApi {
        private final AtomicInteger calls = new AtomicInteger();
        private final Map<String, TopicImage> topics = new HashMap<>();
        private volatile CountDownLatch mayAnswer = new CountDownLatch(0);
        private volatile RefusedException refusal;
        private volatile boolean isHidden;
        private volatile ClusterImage image = ClusterImage.EMPTY;

        AutoCreation creation(AutoCreateSettings settings) {
            return new AutoCreation(() -> this, this, settings);
        }

        @Override
        public CreatedTopic create(CreateTopic topic) {
            calls.incrementAndGet();
            try {
                mayAnswer.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (refusal != null) {
                throw refusal;
            }
            assertThat(topic.partitions()).isNull();
            assertThat(topic.replicationFactor()).isNull();
            show(topic.name());
            return new CreatedTopic(Uuid.ZERO_UUID.toString(), 1, 1, image.version());
        }

        private synchronized void show(String name) {
            if (!isHidden) {
                topics.put(name, new TopicImage(Uuid.randomUuid(), name, Map.of(), List.of()));
                image = new ClusterImage("cluster", image.version() + 1, Map.of(), Map.copyOf(topics), Map.of(), Map
                        .of());
            }
        }

        @Override
        public ClusterImage current() {
            return image;
        }

        @Override
        public boolean awaitVersion(long version, Duration timeout) {
            return image.version() >= version;
        }

        @Override
        public void subscribe(Listener listener) {}

        @Override
        public DeletedTopic delete(String name) {
            throw new UnsupportedOperationException();
        }

        @Override
        public DeletedTopic deleteById(String id) {
            throw new UnsupportedOperationException();
        }

        @Override
        public AlteredTopic alter(String name, AlterConfigs request) {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void all_who_ask_for_a_name_share_one_creation() {
        cluster.mayAnswer = new CountDownLatch(1);

        var waiting = IntStream.range(0, 5).mapToObj(_ -> CompletableFuture.supplyAsync(this::createOrders,
                task -> Thread
                        .ofVirtual().start(task))).toList();
        await().atMost(LONG).until(() -> cluster.calls.get() == 1);
        assertThat(creation.begin("orders")).isEqualTo(Errors.LEADER_NOT_AVAILABLE);
        cluster.mayAnswer.countDown();

        assertThat(waiting).allSatisfy(each -> assertThat(each.join().name()).isEqualTo("orders"));
        assertThat(cluster.calls).hasValue(1);
    }

    private TopicImage createOrders() {
        try {
            return creation.create("orders");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void so_many_are_created_at_a_time_and_the_others_are_unknown() {
        cluster.mayAnswer = new CountDownLatch(1);
        assertThat(creation.begin("a")).isEqualTo(Errors.LEADER_NOT_AVAILABLE);
        assertThat(creation.begin("b")).isEqualTo(Errors.LEADER_NOT_AVAILABLE);

        assertThat(creation.begin("c")).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertRefused("c", ErrorCode.QUEUE_FULL);

        cluster.mayAnswer.countDown();
        await().atMost(LONG).until(() -> creation.begin("c") == Errors.LEADER_NOT_AVAILABLE);
    }

    @Test
    void what_the_controller_refuses_is_told_and_not_asked_again_for_a_while() {
        cluster.refusal = new RefusedException(ErrorCode.INVALID_REPLICATION_FACTOR, "too few brokers");
        assertRefused("orders", ErrorCode.INVALID_REPLICATION_FACTOR);

        assertThat(creation.begin("orders")).isEqualTo(Errors.INVALID_REPLICATION_FACTOR);
        assertThat(cluster.calls).hasValue(1);
        var forgetful = cluster.creation(new AutoCreateSettings(true, 1, LONG, Duration.ZERO));
        assertThatThrownBy(() -> forgetful.create("a")).isInstanceOf(RefusedException.class);
        assertThatThrownBy(() -> forgetful.create("b")).isInstanceOf(RefusedException.class);
        assertThat(cluster.calls).hasValue(3);
    }

    @Test
    void what_may_succeed_later_is_tried_again_at_once() {
        cluster.refusal = new RefusedException(ErrorCode.CONTROLLER_UNAVAILABLE, "there is no controller");
        assertRefused("orders", ErrorCode.CONTROLLER_UNAVAILABLE);
        cluster.refusal = null;

        assertThat(createOrders().name()).isEqualTo("orders");
    }

    @Test
    void a_topic_that_another_has_created_meanwhile_is_waited_for() {
        cluster.refusal = new RefusedException(ErrorCode.TOPIC_EXISTS, "it exists");
        cluster.mayAnswer = new CountDownLatch(1);
        var created = CompletableFuture.supplyAsync(this::createOrders, task -> Thread.ofVirtual().start(task));
        await().atMost(LONG).until(() -> cluster.calls.get() == 1);
        cluster.show("orders");
        cluster.mayAnswer.countDown();

        assertThat(created.join().name()).isEqualTo("orders");
    }

    @Test
    void a_topic_that_is_not_seen_in_time_is_told_so() {
        cluster.isHidden = true;

        assertRefused("orders", ErrorCode.TIMED_OUT);
    }

    @Test
    void nothing_is_created_where_it_is_switched_off_or_the_name_cannot_be() {
        var off = cluster.creation(new AutoCreateSettings(false, 2, LONG, LONG));

        assertThat(off.begin("orders")).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(creation.begin("no name")).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
        assertRefused("no name", ErrorCode.INVALID_TOPIC_NAME);
        assertThat(cluster.calls).hasValue(0);
    }

    private void assertRefused(String name, ErrorCode code) {
        assertThatThrownBy(() -> creation.create(name)).isInstanceOfSatisfying(RefusedException.class,
                refused -> assertThat(refused.code()).isEqualTo(code));
    }
}
