package io.millrace.gateway.events;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.gateway.events.EventIds.Decoded;
import io.millrace.gateway.events.Subscription.SubscribedTopic;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class EventIdsTest {
    private static final Uuid ORDERS = new Uuid(1, 2);
    private static final Uuid PAYMENTS = new Uuid(3, 4);

    @Test
    void what_was_encoded_is_decoded_for_any_subscription_and_positions() {
        for (long seed = 0; seed < 500; seed++) {
            var random = new Random(seed);
            var subscription = randomSubscription(random);
            var positions = new long[subscription.size()];
            for (int i = 0; i < positions.length; i++) {
                positions[i] = random.nextLong() >>> 1 + random.nextInt(63);
            }
            var ids = new EventIds(subscription);

            var id = ids.encode(positions);

            assertThat(new EventIds(subscription).decode(id)).as("seed %d", seed)
                    .isEqualTo(new Decoded.Positions(positions, new boolean[positions.length]));
            assertThat(id).matches("[A-Za-z0-9_-]+");
            assertThat(id.length()).isLessThanOrEqualTo(ids.maxLength());
        }
    }

    @Test
    void an_id_is_short() {
        var ids = new EventIds(whole("orders", ORDERS, 6));

        var id = ids.encode(new long[]{10_000, 10_001, 9_999, 10_020, 9_500, 10_200});

        assertThat(id).hasSizeLessThanOrEqualTo(30);
    }

    @Test
    void an_id_with_any_bit_changed_is_refused_or_means_the_same() {
        var subscription = whole("orders", ORDERS, 3);
        var ids = new EventIds(subscription);
        var positions = new long[]{5, 300, 70_000};
        var id = ids.encode(positions).getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < id.length; i++) {
            for (int bit = 0; bit < 7; bit++) {
                var changed = id.clone();
                changed[i] ^= (byte) (1 << bit);

                var decoded = ids.decode(new String(changed, StandardCharsets.US_ASCII));

                // Base64 ignores some bits of the last character.
                if (!(decoded instanceof Decoded.Refused)) {
                    assertThat(i).isEqualTo(id.length - 1);
                    assertThat(decoded).isEqualTo(new Decoded.Positions(positions, new boolean[3]));
                }
            }
        }
    }

    @Test
    void an_id_cut_anywhere_is_refused() {
        var ids = new EventIds(whole("orders", ORDERS, 3));
        var id = ids.encode(new long[]{5, 300, 70_000});

        for (int length = 0; length < id.length(); length++) {
            assertThat(ids.decode(id.substring(0, length))).isInstanceOf(Decoded.Refused.class);
        }
    }

    @Test
    void any_text_is_refused_without_a_fault() {
        var ids = new EventIds(whole("orders", ORDERS, 3));
        var random = new Random(7);
        for (int i = 0; i < 10_000; i++) {
            var bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);

            assertThat(ids.decode(new String(bytes, StandardCharsets.ISO_8859_1))).isInstanceOf(Decoded.Refused.class);
        }
        assertThat(ids.decode("A".repeat(100_000))).isInstanceOf(Decoded.Refused.class);
    }

    @Test
    void an_id_of_another_subscription_is_refused() {
        var id = new EventIds(whole("orders", ORDERS, 3)).encode(new long[]{1, 2, 3});

        assertThat(new EventIds(whole("payments", ORDERS, 3)).decode(id)).isInstanceOf(Decoded.Refused.class);
        assertThat(new EventIds(new Subscription(List.of(new SubscribedTopic("orders", ORDERS, false, List.of(0, 1,
                2))))).decode(id))
                .isInstanceOf(Decoded.Refused.class);
    }

    @Test
    void partitions_that_were_added_since_begin_at_zero() {
        var id = new EventIds(whole("orders", ORDERS, 2)).encode(new long[]{7, 8});

        assertThat(new EventIds(whole("orders", ORDERS, 4)).decode(id))
                .isEqualTo(new Decoded.Positions(new long[]{7, 8, 0, 0}, new boolean[4]));
    }

    @Test
    void a_topic_made_anew_is_told_from_its_predecessor() {
        var before = new Subscription(List.of(topic("orders", ORDERS, 2), topic("payments", PAYMENTS, 1)));
        var after = new Subscription(List.of(topic("orders", new Uuid(9, 9), 1), topic("payments", PAYMENTS, 1)));

        var decoded = new EventIds(after).decode(new EventIds(before).encode(new long[]{7, 8, 9}));

        assertThat(decoded).isEqualTo(new Decoded.Positions(new long[]{7, 9}, new boolean[]{true, false}));
    }

    private static Subscription randomSubscription(Random random) {
        var topics = new ArrayList<SubscribedTopic>();
        int count = 1 + random.nextInt(4);
        for (int t = 0; t < count; t++) {
            boolean whole = random.nextBoolean();
            int partitions = 1 + random.nextInt(20);
            var chosen = IntStream.range(0, partitions).filter(p -> whole || p == 0 || random.nextBoolean()).boxed()
                    .toList();
            topics.add(new SubscribedTopic("topic-" + random.nextInt(1000) + "." + t, new Uuid(random.nextLong(), random
                    .nextLong()), whole,
                    chosen));
        }
        return new Subscription(topics);
    }

    private static Subscription whole(String name, Uuid id, int partitions) {
        return new Subscription(List.of(topic(name, id, partitions)));
    }

    private static SubscribedTopic topic(String name, Uuid id, int partitions) {
        return new SubscribedTopic(name, id, true, IntStream.range(0, partitions).boxed().toList());
    }
}
