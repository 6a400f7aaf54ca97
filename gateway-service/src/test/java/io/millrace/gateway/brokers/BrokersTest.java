package io.millrace.gateway.brokers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.millrace.common.autocreate.AutoCreateSettings;
import io.millrace.common.autocreate.AutoCreation;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.wire.BrokerClientConfig;
import io.millrace.gateway.testing.FakeBroker;
import io.millrace.gateway.testing.FakeBrokerClient;
import io.millrace.gateway.testing.FakeImages;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two brokers, of which the second has all that the first has; waits that a test is not about are longer than its patience. */
class BrokersTest {
    private static final Uuid TOPIC_ID = new Uuid(5, 6);
    private static final Duration NEVER = Duration.ofMinutes(5);
    private static final FetchLimits LONG_POLL = new FetchLimits(NEVER, 1_000_000, 1_000_000, false);

    private final FakeImages images = new FakeImages();
    private final FakeBroker first = new FakeBroker();
    private final FakeBroker second = new FakeBroker();
    private final FakeBrokerClient client = new FakeBrokerClient();
    private final Shutdown shutdown = new Shutdown();
    private final BrokersProperties properties = new BrokersProperties(NEVER, NEVER, NEVER, Duration.ZERO, NEVER,
            BrokerClientConfig.withClientId("test"));
    private final AutoCreation noCreation = new AutoCreation(() -> {
        throw new IllegalStateException("no topic is to be created");
    }, images, new AutoCreateSettings(false, 1, NEVER, NEVER));
    private final Brokers brokers = new Brokers(new Topics(images, noCreation, properties), new Leaders(images,
            properties), client, properties, new Waits(images, shutdown));

    @BeforeEach
    void host() {
        client.connect(0, first);
        client.connect(1, second);
        images.broker(0, 9, false);
        images.broker(1, 10, false);
        first.host("orders", TOPIC_ID, 2);
        second.follow(first, "orders", TOPIC_ID);
        images.topic("orders", TOPIC_ID, 2, 0, Map.of());
    }

    @Test
    void a_leader_of_a_lower_epoch_is_not_asked() {
        images.lead("orders", 0, 1);
        images.leadIn(0, "orders", 0, 0);
        Brokers impatient = brokers.withPatience(Duration.ZERO);

        assertThatThrownBy(() -> impatient.offset("orders", 0, OffsetQuery.LATEST)).isInstanceOfSatisfying(
                RefusedException.class, refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.LEADER_UNAVAILABLE));

        assertThat(first.requests()).isZero();
    }

    @Test
    void a_new_leader_is_asked_again_until_it_knows_its_high_watermark() throws Exception {
        append(0, "v");
        var soon = new BrokersProperties(NEVER, Duration.ofMillis(5), Duration.ofMillis(5), Duration.ZERO, NEVER,
                BrokerClientConfig.withClientId("test"));
        var asking = new Brokers(new Topics(images, noCreation, soon), new Leaders(images, NEVER), client, soon,
                new Waits(images,
                        shutdown));
        first.partition("orders", 0).settling(true);
        var fetched = inBackground(() -> asking.fetch(List.of(from(0)), LONG_POLL));
        var found = inBackground(() -> asking.offset("orders", 0, OffsetQuery.LATEST));
        await().until(() -> first.requests() > 6);
        assertThat(fetched).isNotDone();
        assertThat(found).isNotDone();

        first.partition("orders", 0).settling(false);

        assertThat(done(fetched).getFirst().hasRecords()).isTrue();
        assertThat(done(found)).isEqualTo(1);
    }

    @Test
    void a_wait_of_less_than_a_millisecond_is_asked_for_once() throws Exception {
        brokers.fetch(List.of(from(0)), new FetchLimits(Duration.ofNanos(500_000), 1_000_000, 1_000_000, false));

        assertThat(first.requests()).isEqualTo(1);
    }

    @Test
    void a_leader_that_answers_nothing_does_not_hold_up_what_comes_at_another() {
        images.lead("orders", 1, 1);
        first.silent(true);
        var fetched = inBackground(() -> brokers.fetch(List.of(from(0), from(1)), LONG_POLL));
        await().until(() -> second.requests() >= 2);

        append(1, "v");

        assertThat(done(fetched)).extracting(Fetched::hasRecords).containsExactly(false, true);
        assertThat(done(fetched).getFirst().error()).isNull();
    }

    @Test
    void a_partition_without_leader_does_not_hold_up_another() {
        images.lead("orders", 0, PartitionImage.NO_LEADER);
        append(1, "v");

        var fetched = inBackground(() -> brokers.fetch(List.of(from(0), from(1)), LONG_POLL));

        assertThat(done(fetched)).extracting(Fetched::hasRecords).containsExactly(false, true);
    }

    @Test
    void a_fetch_that_waits_at_a_leader_goes_on_at_the_next_one() {
        first.silent(true);
        var fetched = inBackground(() -> brokers.fetch(List.of(from(0)), LONG_POLL));
        await().until(() -> first.requests() == 1);
        append(0, "v");

        images.lead("orders", 0, 1);

        assertThat(done(fetched).getFirst().hasRecords()).isTrue();
    }

    @Test
    void a_fetch_without_leader_goes_on_as_soon_as_there_is_one() {
        append(0, "v");
        images.lead("orders", 0, PartitionImage.NO_LEADER);
        var fetched = inBackground(() -> brokers.fetch(List.of(from(0)), LONG_POLL));
        images.lead("orders", 1, 1);

        images.lead("orders", 0, 1);

        assertThat(done(fetched).getFirst().hasRecords()).isTrue();
    }

    @Test
    void a_fetch_whose_connection_fails_is_tried_at_the_next_leader_at_once() {
        append(0, "v");
        client.disconnect(0);
        var fetched = inBackground(() -> brokers.fetch(List.of(from(0)), LONG_POLL));
        await().until(() -> client.refusals() == 1);

        images.lead("orders", 0, 1);

        assertThat(done(fetched).getFirst().hasRecords()).isTrue();
    }

    @Test
    void one_without_patience_asks_a_leader_that_is_away_once() throws Exception {
        client.disconnect(0);
        var limits = new FetchLimits(Duration.ofMillis(50), 1000, 1000, false);

        var fetched = brokers.withPatience(Duration.ZERO).fetch(List.of(from(0)), limits);

        assertThat(fetched.getFirst().error()).isEqualTo(ErrorCode.LEADER_UNAVAILABLE);
        assertThat(client.refusals()).isEqualTo(1);
    }

    @Test
    void shutdown_ends_a_fetch_with_what_there_is() {
        var fetched = inBackground(() -> brokers.fetch(List.of(from(0)), LONG_POLL));
        await().until(() -> first.requests() == 1);

        shutdown.stop();

        assertThat(done(fetched).getFirst().error()).isNull();
        assertThat(done(fetched).getFirst().hasRecords()).isFalse();
    }

    @Test
    void a_fetch_that_begins_in_the_shutdown_has_what_is_there_and_does_not_wait() {
        append(0, "v");
        shutdown.stop();

        var present = inBackground(() -> brokers.fetch(List.of(from(0)), LONG_POLL));
        var nothing = inBackground(() -> brokers.fetch(List.of(from(1)), LONG_POLL));

        assertThat(done(present).getFirst().hasRecords()).isTrue();
        assertThat(done(nothing).getFirst().error()).isNull();
        assertThat(done(nothing).getFirst().highWatermark()).isZero();
    }

    @Test
    void shutdown_does_not_end_what_runs_in_the_background() {
        var fetched = inBackground(() -> brokers.forBackground().fetch(List.of(from(0)), LONG_POLL));
        await().until(() -> first.requests() == 1);
        shutdown.stop();

        append(0, "v");

        assertThat(done(fetched).getFirst().hasRecords()).isTrue();
    }

    @Test
    void a_lookup_at_a_leader_that_answers_nothing_goes_on_at_the_next_one() {
        append(0, "v");
        first.silent(true);
        var found = inBackground(() -> brokers.offset("orders", 0, OffsetQuery.LATEST));
        await().until(() -> first.requests() == 1);

        images.lead("orders", 0, 1);

        assertThat(done(found)).isEqualTo(1);
    }

    @Test
    void shutdown_refuses_a_lookup_that_waits() {
        first.silent(true);
        var found = inBackground(() -> brokers.offset("orders", 0, OffsetQuery.LATEST));
        await().until(() -> first.requests() == 1);

        shutdown.stop();

        assertThatThrownBy(() -> done(found)).cause().isInstanceOfSatisfying(RefusedException.class,
                refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.UNAVAILABLE));
    }

    @Test
    void one_lookup_takes_a_partition_at_two_times() throws Exception {
        append(0, "v", "w");

        var found = brokers.offsets(List.of(new OffsetQuery("orders", 0, OffsetQuery.EARLIEST), new OffsetQuery(
                "orders", 0, OffsetQuery.LATEST), new OffsetQuery("orders", 1, OffsetQuery.LATEST)));

        assertThat(found).extracting(FoundOffset::offset).containsExactly(0L, 2L, 0L);
    }

    @Test
    void a_lookup_is_refused_when_its_time_is_over() {
        images.lead("orders", 0, PartitionImage.NO_LEADER);

        assertThatThrownBy(() -> brokers.withPatience(Duration.ofMillis(50)).offset("orders", 0, OffsetQuery.LATEST))
                .isInstanceOfSatisfying(RefusedException.class, refusal -> assertThat(refusal.code()).isEqualTo(
                        ErrorCode.LEADER_UNAVAILABLE));
    }

    private static FetchFrom from(int partition) {
        return new FetchFrom("orders", partition, 0);
    }

    private void append(int partition, String... values) {
        var records = new SimpleRecord[values.length];
        for (int i = 0; i < values.length; i++) {
            records[i] = new SimpleRecord(1_000, null, values[i].getBytes(UTF_8));
        }
        first.partition("orders", partition).append(MemoryRecords.withRecords(Compression.NONE, records));
    }

    private static <T> CompletableFuture<T> inBackground(Callable<T> call) {
        var result = new CompletableFuture<T>();
        Thread.ofVirtual().start(() -> {
            try {
                result.complete(call.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private static <T> T done(CompletableFuture<T> future) {
        return future.orTimeout(20, TimeUnit.SECONDS).join();
    }
}
