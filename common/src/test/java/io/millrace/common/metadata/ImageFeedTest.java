package io.millrace.common.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.millrace.common.database.PostgresConnections;
import io.millrace.testing.TestPostgres;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;

class ImageFeedTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    /** So long that only a notification can be why a change was seen. */
    private static final Duration NEVER = Duration.ofMinutes(10);

    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    private final DataSource dataSource = postgres.dataSource();
    private final JdbcClient sql = JdbcClient.create(dataSource);
    private final MetadataTransaction transaction = new MetadataTransaction(sql, new JdbcTransactionManager(
            dataSource));
    private ImageFeed feed;

    @BeforeEach
    void start() {
        feed = feed(Duration.ofMillis(20));
    }

    @AfterEach
    void stop() {
        feed.close();
    }

    @Test
    void the_first_image_has_everything() throws Exception {
        long version = createTopic("orders", 3);
        transaction.write(next -> sql.sql("""
                insert into metadata.broker (id, epoch, incarnation, directory_id, host, kafka_port, http_url, fenced,
                    lease_expires_at, version)
                values (7, 2, gen_random_uuid(), gen_random_uuid(), 'h', 9092, 'http://h:8190', false, clock_timestamp(), :version)
                """).param("version", next).update());

        assertThat(feed.awaitVersion(version + 1, LONG)).isTrue();
        var image = feed.current();
        assertThat(image.brokers().get(7)).isEqualTo(new BrokerImage(7, 2, "h", 9092, "http://h:8190", false));
        assertThat(image.topic("orders").partitions()).hasSize(3)
                .first().isEqualTo(new PartitionImage(0, List.of(1, 2), List.of(1), 1, 4, 5));
        assertThat(image.topic("orders").configs()).containsEntry("retention.ms", "1000");
        assertThat(image.clusterId()).hasSize(22).doesNotStartWith("-");
    }

    @Test
    void a_partition_without_a_leader_is_told_so() throws Exception {
        createTopic("orders", 1);
        long version = transaction.write(next -> {
            sql.sql("update metadata.partition set leader = null, version = :version").param("version", next).update();
            return next;
        });

        assertThat(feed.awaitVersion(version, LONG)).isTrue();
        assertThat(feed.current().topic("orders").partition(0).leader()).isEqualTo(PartitionImage.NO_LEADER);
    }

    @Test
    void a_deleted_topic_goes_and_its_name_may_come_again() throws Exception {
        assertThat(feed.awaitVersion(createTopic("orders", 1), LONG)).isTrue();
        var first = feed.current().topic("orders").id();

        deleteTopic("orders");
        assertThat(feed.awaitVersion(createTopic("orders", 2), LONG)).isTrue();

        assertThat(feed.current().topic("orders").id()).isNotEqualTo(first);
        assertThat(feed.current().topic(first)).isNull();
    }

    @Test
    void an_image_older_than_forgotten_deletions_is_loaded_afresh() throws Exception {
        assertThat(feed.awaitVersion(createTopic("orders", 1), LONG)).isTrue();
        postgres.stop();
        await().atMost(LONG).until(() -> !feed.isConnected());

        long version = transactionPastTheLink().write(next -> {
            return next;
        });
        postgres.direct().sql("delete from metadata.topic").update();
        postgres.direct().sql("update metadata.cluster set pruned_before = :version").param("version", version)
                .update();
        postgres.start();

        assertThat(feed.awaitVersion(version, LONG)).isTrue();
        assertThat(feed.current().topicsByName()).isEmpty();
    }

    @Test
    void a_database_that_went_back_in_time_is_believed() throws Exception {
        assertThat(feed.awaitVersion(createTopic("orders", 1), LONG)).isTrue();

        sql.sql("delete from metadata.topic").update();
        sql.sql("update metadata.cluster set version = 0").update();

        await().atMost(LONG).until(() -> feed.current().version() == 0);
        assertThat(feed.current().topicsByName()).isEmpty();
    }

    @Test
    void a_database_that_went_back_and_has_overtaken_the_known_version_is_read_afresh() throws Exception {
        createTopic("orders", 1);
        assertThat(feed.awaitVersion(createTopic("lost", 1), LONG)).isTrue();
        postgres.stop();
        await().atMost(LONG).until(() -> !feed.isConnected());

        // As if "lost" had never been replicated, and something else happened instead.
        postgres.direct().sql("delete from metadata.topic where name = 'lost'").update();
        long version = transactionPastTheLink().write(next -> next);
        postgres.start();

        assertThat(feed.awaitVersion(version, LONG)).isTrue();
        assertThat(feed.current().topicsByName()).containsOnlyKeys("orders");
    }

    @Test
    void a_topic_that_is_missing_was_deleted_only_if_the_image_says_so() throws Exception {
        createTopic("orders", 1);
        createTopic("payments", 1);
        assertThat(feed.awaitVersion(2, LONG)).isTrue();
        var orders = feed.current().topic("orders").id();

        deleteTopic("orders");
        assertThat(feed.awaitVersion(3, LONG)).isTrue();
        assertThat(feed.current().deletedTopics()).containsExactly(Map.entry(orders, 3L));

        sql.sql("delete from metadata.topic").update();
        sql.sql("update metadata.cluster set version = 1").update();
        await().atMost(LONG).until(() -> feed.current().version() == 1);
        assertThat(feed.current().topicsByName()).isEmpty();
        assertThat(feed.current().deletedTopics()).containsOnlyKeys(orders);
    }

    @Test
    void the_metadata_of_another_cluster_is_ignored() throws Exception {
        assertThat(feed.awaitVersion(createTopic("orders", 1), LONG)).isTrue();
        var before = feed.current();

        sql.sql("update metadata.cluster set cluster_id = 'another', version = version + 10").update();
        await().atMost(LONG).until(() -> !feed.isConnected());
        assertThat(feed.current()).isSameAs(before);

        sql.sql("update metadata.cluster set cluster_id = :id").param("id", before.clusterId()).update();
        assertThat(feed.awaitVersion(before.version() + 10, LONG)).isTrue();
        assertThat(feed.current().topicsByName()).containsOnlyKeys("orders");
    }

    @Test
    void a_notification_brings_a_change_long_before_the_next_poll() throws Exception {
        try (var patient = feed(NEVER)) {
            await().atMost(LONG).until(patient::isConnected);
            assertThat(patient.awaitVersion(createTopic("orders", 1), LONG)).isTrue();
        }
    }

    @Test
    void without_notifications_polling_finds_the_change() throws Exception {
        long version = sql.sql("update metadata.cluster set version = version + 1 returning version").query(Long.class)
                .single();

        assertThat(feed.awaitVersion(version, LONG)).isTrue();
    }

    @Test
    void while_postgres_is_away_the_last_image_stays_and_then_it_catches_up() throws Exception {
        long before = createTopic("orders", 1);
        assertThat(feed.awaitVersion(before, LONG)).isTrue();

        postgres.stop();
        await().atMost(LONG).until(() -> !feed.isConnected());
        assertThat(feed.current().topic("orders")).isNotNull();
        postgres.start();
        long after = createTopic("payments", 1);

        assertThat(feed.awaitVersion(after, LONG)).isTrue();
        assertThat(feed.current().topicsByName()).containsOnlyKeys("orders", "payments");
    }

    @Test
    void a_postgres_that_answers_nothing_is_given_up_and_asked_again() throws Exception {
        await().atMost(LONG).until(feed::isConnected);
        postgres.freeze();
        await().atMost(LONG).until(() -> !feed.isConnected());
        postgres.start();

        assertThat(feed.awaitVersion(createTopic("orders", 1), LONG)).isTrue();
    }

    @Test
    void concurrent_writers_never_leave_a_gap_in_an_image() throws Exception {
        var versions = Collections.synchronizedList(new ArrayList<Long>());
        var seen = new CopyOnWriteArrayList<ClusterImage>();
        feed.subscribe((_, image) -> seen.add(image));
        var writers = new ArrayList<Thread>();
        for (int writer = 0; writer < 4; writer++) {
            int id = writer;
            writers.add(Thread.startVirtualThread(() -> {
                for (int i = 0; i < 25; i++) {
                    versions.add(createTopic("topic-" + id + "-" + i, 2));
                }
            }));
        }
        for (var writer : writers) {
            writer.join();
        }
        assertThat(feed.awaitVersion(100, LONG)).isTrue();
        await().atMost(LONG).until(() -> seen.getLast().version() == 100);

        assertThat(versions).hasSize(100).doesNotHaveDuplicates();
        // Each version is one topic more, so an image that missed a commit shows fewer topics than its version.
        assertThat(seen).allSatisfy(image -> {
            assertThat(image.topicsByName()).hasSize((int) image.version());
            assertThat(image.topicsById().values()).allSatisfy(topic -> assertThat(topic.partitions()).hasSize(2));
        });
        assertThat(seen).extracting(ClusterImage::version).isSorted();
    }

    @Test
    void a_listener_is_told_the_present_image_and_what_it_was_told_before() throws Exception {
        assertThat(feed.awaitVersion(createTopic("orders", 1), LONG)).isTrue();
        var told = new CopyOnWriteArrayList<List<ClusterImage>>();
        feed.subscribe((previous, current) -> told.add(List.of(previous, current)));
        await().atMost(LONG).until(() -> told.size() == 1);
        createTopic("payments", 1);
        await().atMost(LONG).until(() -> told.size() == 2);

        assertThat(told.get(0).get(0)).isSameAs(ClusterImage.EMPTY);
        assertThat(told.get(1).get(0)).isSameAs(told.get(0).get(1));
        assertThat(told.get(1).get(1).topicsByName()).containsOnlyKeys("orders", "payments");
    }

    @Test
    void a_listener_that_fails_does_not_stop_the_others() throws Exception {
        var told = new CopyOnWriteArrayList<Long>();
        feed.subscribe((_, _) -> {
            throw new IllegalStateException("on purpose");
        });
        feed.subscribe((_, image) -> told.add(image.version()));

        long version = createTopic("orders", 1);

        await().atMost(LONG).until(() -> told.contains(version));
    }

    @Test
    void a_change_that_fails_takes_no_version() throws Exception {
        long before = createTopic("orders", 1);
        try {
            createTopic("orders", 1);
        } catch (org.springframework.dao.DuplicateKeyException e) {
            // What this test provokes.
        }

        assertThat(createTopic("payments", 1)).isEqualTo(before + 1);
    }

    private ImageFeed feed(Duration pollInterval) {
        var started = new ImageFeed(
                new PostgresConnections(postgres.jdbcUrl(), postgres.user(), postgres.password()),
                new MetadataSettings(pollInterval, Duration.ofSeconds(2), Duration.ofMillis(10), Duration.ofMillis(
                        50)));
        started.start();
        return started;
    }

    private MetadataTransaction transactionPastTheLink() {
        var dataSource = postgres.directDataSource();
        return new MetadataTransaction(JdbcClient.create(dataSource), new JdbcTransactionManager(dataSource));
    }

    private long createTopic(String name, int partitions) {
        return transaction.write(version -> {
            var id = UUID.randomUUID();
            sql.sql("insert into metadata.topic (id, name, configs, version) values (:id, :name, '{\"retention.ms\":\"1000\"}', :version)")
                    .param("id", id).param("name", name).param("version", version).update();
            sql.sql("""
                    insert into metadata.partition
                        (topic_id, index, replicas, isr, leader, leader_epoch, partition_epoch, version)
                    select :id, index, '{1,2}', '{1}', 1, 4, 5, :version
                    from generate_series(0, :partitions - 1) index
                    """)
                    .param("id", id).param("partitions", partitions).param("version", version).update();
            return version;
        });
    }

    private void deleteTopic(String name) {
        transaction.write(version -> sql.sql("""
                with gone as (delete from metadata.topic where name = :name returning id, name)
                insert into metadata.topic_deletion (topic_id, name, version) select id, name, :version from gone
                """).param("name", name).param("version", version).update());
    }
}
