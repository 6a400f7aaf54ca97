package io.millrace.common.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.ImageDelta.TopicChange;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class ImageDeltaTest {
    private static final Uuid ORDERS = new Uuid(1, 1);
    private static final Uuid PAYMENTS = new Uuid(2, 2);
    private static final ClusterImage TWO_TOPICS = delta(
            1,
            List.of(new TopicChange(ORDERS, "orders", Map.of()), new TopicChange(PAYMENTS, "payments", Map.of())),
            Map.of(ORDERS, List.of(partition(1, 0), partition(0, 0), partition(2, 0)), PAYMENTS, List.of(partition(0,
                    0))),
            List.of())
            .applyTo(ClusterImage.EMPTY);

    @Test
    void partitions_come_in_the_order_of_their_index() {
        assertThat(TWO_TOPICS.topicsById().get(ORDERS).partitions()).extracting(PartitionImage::index).containsExactly(
                0, 1, 2);
    }

    @Test
    void a_changed_partition_replaces_the_old_one_and_nothing_else() {
        var after = delta(2, List.of(), Map.of(ORDERS, List.of(partition(1, 7))), List.of()).applyTo(TWO_TOPICS);

        assertThat(after.topic("orders").partitions()).extracting(PartitionImage::leaderEpoch).containsExactly(0, 7, 0);
        assertThat(after.topic("payments")).isSameAs(TWO_TOPICS.topic("payments"));
        assertThat(after.version()).isEqualTo(2);
    }

    @Test
    void changed_configs_keep_the_partitions() {
        var configs = Map.of("retention.ms", "1000");
        var after = delta(2, List.of(new TopicChange(ORDERS, "orders", configs)), Map.of(), List.of()).applyTo(
                TWO_TOPICS);

        assertThat(after.topic("orders").configs()).isEqualTo(configs);
        assertThat(after.topic("orders").partitions()).isEqualTo(TWO_TOPICS.topic("orders").partitions());
    }

    @Test
    void a_topic_deleted_and_created_again_under_its_name_is_the_new_one() {
        var again = new Uuid(3, 3);
        var after = delta(
                2, List.of(new TopicChange(again, "orders", Map.of())), Map.of(again, List.of(partition(0, 0))), List
                        .of(ORDERS))
                .applyTo(TWO_TOPICS);

        assertThat(after.topic("orders").id()).isEqualTo(again);
        assertThat(after.topic(ORDERS)).isNull();
        assertThat(after.topicsById()).hasSize(2);
    }

    @Test
    void a_topic_that_came_and_went_between_two_images_leaves_no_trace() {
        var after = delta(2, List.of(), Map.of(), List.of(new Uuid(9, 9))).applyTo(TWO_TOPICS);

        assertThat(after.topicsById()).isEqualTo(TWO_TOPICS.topicsById());
    }

    @Test
    void deletions_are_remembered_until_the_metadata_forgets_them() {
        var deleted = delta(2, List.of(), Map.of(), List.of(ORDERS)).applyTo(TWO_TOPICS);
        var later = delta(3, List.of(), Map.of(), List.of(PAYMENTS)).applyTo(deleted);
        var pruned = delta(4, List.of(), Map.of(), List.of(), 2).applyTo(later);

        assertThat(deleted.deletedTopics()).isEqualTo(Map.of(ORDERS, 2L));
        assertThat(later.deletedTopics()).isEqualTo(Map.of(ORDERS, 2L, PAYMENTS, 3L));
        assertThat(pruned.deletedTopics()).isEqualTo(Map.of(PAYMENTS, 3L));
    }

    @Test
    void a_lease_that_was_given_back_has_no_holder_in_the_image() {
        var lease = new LeaseImage("controller", "a", "http://a", 1);
        var held = new ImageDelta("c", 2, List.of(), List.of(), Map.of(), Map.of(), 0, List.of(lease), List.of())
                .applyTo(
                        TWO_TOPICS);
        var free = new ImageDelta("c", 3, List.of(), List.of(), Map.of(), Map.of(), 0, List.of(), List.of("controller"))
                .applyTo(held);

        assertThat(held.controller()).isEqualTo(lease);
        assertThat(free.controller()).isNull();
    }

    @Test
    void applying_a_delta_twice_is_applying_it_once() {
        var delta = new ImageDelta(
                "c",
                2,
                List.of(new BrokerImage(0, 1, "h", 1, "http://h", false)),
                List.of(new TopicChange(ORDERS, "orders", Map.of("a", "b"))),
                Map.of(PAYMENTS, List.of(partition(0, 4), partition(1, 0))),
                Map.of(),
                0,
                List.of(),
                List.of());

        assertThat(delta.applyTo(delta.applyTo(TWO_TOPICS))).isEqualTo(delta.applyTo(TWO_TOPICS));
    }

    private static ImageDelta delta(
            long version, List<TopicChange> topics, Map<Uuid, List<PartitionImage>> partitions, List<Uuid> deleted) {
        return delta(version, topics, partitions, deleted, 0);
    }

    private static ImageDelta delta(long version, List<TopicChange> topics, Map<Uuid, List<PartitionImage>> partitions,
            List<Uuid> deleted, long prunedBefore) {
        var deletedTopics = deleted.stream().collect(Collectors.toMap(id -> id, _ -> version));
        return new ImageDelta("c", version, List.of(), topics, partitions, deletedTopics, prunedBefore, List.of(), List
                .of());
    }

    private static PartitionImage partition(int index, int leaderEpoch) {
        return new PartitionImage(index, List.of(1), List.of(1), 1, leaderEpoch, leaderEpoch);
    }
}
