package io.millrace.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.partition.Leadership.Following;
import io.millrace.broker.storage.DirectoryIdentity;
import io.millrace.broker.storage.LogDirectory;
import io.millrace.broker.storage.StorageProperties;
import io.millrace.broker.storage.StorageProperties.IdempotencyKeys;
import io.millrace.common.metadata.BrokerImage;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicConfig;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.partition.SeenLeaderEpochs.Seen;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

class PartitionsTest {
    private static final int BROKER = 1;
    private static final String CLUSTER = "cluster-a";

    private final TopicImage orders = topic("orders", BROKER);

    @TempDir
    private Path root;

    private final List<Seen> told = new CopyOnWriteArrayList<>();
    private LogDirectory logs;
    private Partitions partitions;

    @BeforeEach
    void open() throws IOException {
        Duration never = Duration.ofDays(1);
        logs = LogDirectory.open(new StorageProperties(root, 1, 1, never, never, never, never, Duration.ofDays(30),
                new IdempotencyKeys(
                        Duration.ofMinutes(10), Duration.ofMinutes(1), 1000, DataSize.ofMegabytes(1))),
                new DirectoryIdentity(
                        CLUSTER, BROKER), (_, _) -> TopicConfig.DEFAULT, Clock.systemUTC());
        partitions = new Partitions(BROKER, () -> 1, new NoImages(), logs, new MetadataWrites((_, _, _) -> List.of(), (
                _, _, seen) -> told.addAll(seen)), ReplicationSettings.defaults());
    }

    @AfterEach
    void close() throws IOException {
        partitions.close();
        logs.close();
    }

    @Test
    void a_topic_that_the_metadata_names_as_deleted_is_deleted() {
        apply(image(1, Map.of(), orders));

        apply(image(2, Map.of(orders.id(), 2L)));

        assertThat(logs.partitions()).isEmpty();
        assertThat(folders("-delete")).hasSize(1);
        assertThat(folders("-stray")).isEmpty();
    }

    @Test
    void a_topic_with_a_setting_of_another_version_is_served_by_those_that_are_known() {
        TopicImage newer = new TopicImage(orders.id(), orders.name(), Map.of("from.the.future", "1", "retention.ms",
                "-1"), orders.partitions());

        apply(image(1, Map.of(), newer));

        assertThat(partitions.all()).singleElement().satisfies(partition -> assertThat(partition.log().config())
                .isEqualTo(TopicConfig.ofStored(Map.of("retention.ms", "-1"))));
    }

    @Test
    void a_topic_that_is_merely_missing_is_set_aside() {
        apply(image(1, Map.of(), orders));

        apply(image(2, Map.of()));

        assertThat(partitions.all()).isEmpty();
        assertThat(folders("-delete")).isEmpty();
        assertThat(folders("-stray")).hasSize(1);
    }

    @Test
    void nothing_is_deleted_where_the_metadata_went_back_in_time() {
        apply(image(9, Map.of(), orders));

        apply(image(3, Map.of(orders.id(), 2L)));

        assertThat(folders("-delete")).isEmpty();
        assertThat(folders("-stray")).hasSize(1);
    }

    @Test
    void the_metadata_of_another_cluster_changes_nothing() {
        apply(image(1, Map.of(), orders));

        apply(new ClusterImage("cluster-b", 2, Map.of(), Map.of(), Map.of(), Map.of(), Map.of(orders.id(), 2L)));

        assertThat(partitions.all()).hasSize(1);
        assertThat(logs.log(orders.id(), 0)).isPresent();
        assertThat(partitions.appliedVersion()).isEqualTo(1);
    }

    @Test
    void at_the_start_only_what_was_deleted_meanwhile_is_deleted() {
        TopicImage payments = topic("payments", BROKER);
        logs.getOrCreate("orders", orders.id(), 0, TopicConfig.DEFAULT);
        logs.getOrCreate("payments", payments.id(), 0, TopicConfig.DEFAULT);

        apply(image(5, Map.of(orders.id(), 4L)));

        assertThat(logs.partitions()).isEmpty();
        assertThat(folders("-delete")).singleElement().asString().startsWith("orders-0.");
        assertThat(folders("-stray")).singleElement().asString().startsWith("payments-0.");
    }

    @Test
    void a_topic_created_again_under_its_name_in_the_same_image_leaves_nothing_aside() {
        apply(image(1, Map.of(), orders));
        TopicImage again = topic("orders", BROKER);

        apply(image(3, Map.of(orders.id(), 2L), again));

        assertThat(logs.log(again.id(), 0)).isPresent();
        assertThat(folders("-delete")).hasSize(1);
        assertThat(folders("-stray")).isEmpty();
    }

    @Test
    void a_replica_that_was_given_to_another_broker_is_deleted() {
        apply(image(1, Map.of(), orders));

        apply(image(2, Map.of(), movedAway()));

        assertThat(partitions.all()).isEmpty();
        assertThat(folders("-stray")).isEmpty();
        assertThat(folders("-delete")).hasSize(1);
    }

    @Test
    void a_replica_that_is_others_where_the_metadata_went_back_in_time_is_set_aside() {
        apply(image(9, Map.of(), orders));

        apply(image(3, Map.of(), movedAway()));

        assertThat(folders("-delete")).isEmpty();
        assertThat(folders("-stray")).hasSize(1);
    }

    @Test
    void a_replica_that_is_others_at_the_start_is_set_aside() {
        logs.getOrCreate("orders", orders.id(), 0, TopicConfig.DEFAULT);

        apply(image(9, Map.of(), movedAway()));

        assertThat(folders("-delete")).isEmpty();
        assertThat(folders("-stray")).hasSize(1);
    }

    @Test
    void a_broker_whose_replica_was_given_to_another_does_not_lead_with_an_empty_log_where_the_metadata_forgot_that()
            throws IOException {
        apply(image(1, Map.of(), orders));
        apply(image(2, Map.of(), movedAway()));
        restart();

        apply(image(1, Map.of(), orders));

        assertThat(partitions.all()).noneMatch(Partition::isLeader);
        Awaitility.await().untilAsserted(() -> assertThat(told).contains(new Seen(orders.id(), 0, 3)));
    }

    @Test
    void nor_does_it_lead_in_the_very_epoch_in_which_it_went() {
        apply(image(1, Map.of(), orders));
        apply(image(2, Map.of(), movedAway()));

        apply(image(3, Map.of(), led(BROKER, 3)));

        assertThat(partitions.all()).noneMatch(Partition::isLeader);
    }

    @Test
    void a_replica_that_comes_back_follows_and_may_lead_in_a_later_epoch() {
        apply(image(1, Map.of(), orders));
        apply(image(2, Map.of(), movedAway()));

        apply(image(3, Map.of(), new TopicImage(orders.id(), "orders", Map.of(), List.of(new PartitionImage(0, List.of(
                BROKER + 1, BROKER), List.of(BROKER + 1), BROKER + 1, 3, 2)))));
        assertThat(partitions.all()).singleElement().extracting(Partition::leadership).isEqualTo(new Following(3,
                BROKER + 1));
        apply(image(4, Map.of(), led(BROKER, 4)));

        assertThat(partitions.all()).allMatch(Partition::isLeader);
        assertThat(told).isEmpty();
    }

    @Test
    void what_could_not_be_applied_is_tried_again_without_another_image() throws IOException {
        logs.getOrCreate("orders", Uuid.randomUuid(), 0, TopicConfig.DEFAULT);
        AtomicBoolean retried = new AtomicBoolean();
        partitions.whenRetried(() -> retried.set(true));
        // A namesake's data that cannot be moved out of the way.
        Files.move(root.resolve("orders-0"), root.resolve("elsewhere"));
        apply(image(1, Map.of(), orders));
        assertThat(partitions.all()).isEmpty();

        Files.move(root.resolve("elsewhere"), root.resolve("orders-0"));

        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> assertThat(partitions.all())
                .singleElement()
                .matches(Partition::isLeader));
        Awaitility.await().untilTrue(retried);
        assertThat(folders("-stray")).hasSize(1);
    }

    private void restart() throws IOException {
        close();
        open();
    }

    private TopicImage led(int broker, int leaderEpoch) {
        return new TopicImage(orders.id(), "orders", Map.of(), List.of(new PartitionImage(0, List.of(broker), List.of(
                broker), broker, leaderEpoch, leaderEpoch)));
    }

    private TopicImage movedAway() {
        return led(BROKER + 1, 3);
    }

    private void apply(ClusterImage image) {
        partitions.imageChanged(ClusterImage.EMPTY, image);
    }

    private List<String> folders(String suffix) {
        return List.of(root.toFile().list((_, name) -> name.endsWith(suffix)));
    }

    private static TopicImage topic(String name, int replica) {
        return new TopicImage(Uuid.randomUuid(), name, Map.of(), List.of(partition(replica)));
    }

    private static PartitionImage partition(int replica) {
        return new PartitionImage(0, List.of(replica), List.of(replica), replica, 0, 0);
    }

    private static ClusterImage image(long version, Map<Uuid, Long> deleted, TopicImage... topics) {
        return new ClusterImage(CLUSTER, version, Map.of(BROKER, new BrokerImage(BROKER, 1, "localhost", 0, "", false)),
                List.of(topics).stream().collect(Collectors.toMap(TopicImage::name, Function.identity())),
                List.of(topics).stream().collect(Collectors.toMap(TopicImage::id, Function.identity())), Map.of(),
                deleted);
    }

    /** The images are handed over by the test; nothing is looked up. */
    private static final class NoImages implements ClusterImages {
        @Override
        public ClusterImage current() {
            return ClusterImage.EMPTY;
        }

        @Override
        public boolean awaitVersion(long version, Duration timeout) {
            return false;
        }

        @Override
        public void subscribe(Listener listener) {}
    }
}
