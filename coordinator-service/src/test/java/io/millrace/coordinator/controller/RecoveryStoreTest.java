package io.millrace.coordinator.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.metadata.TopicImage;
import io.millrace.common.metadata.TopicsSeen;
import io.millrace.testing.TestPostgres;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

class RecoveryStoreTest {
    private static final UUID TOPIC = new UUID(3, 4);

    @AutoClose
    private final TestPostgres postgres = TestPostgres.create();
    private final JdbcClient sql = JdbcClient.create(postgres.dataSource());
    private final RecoveryStore store = new RecoveryStore(sql);

    @BeforeEach
    void create() {
        sql.sql("insert into metadata.topic (id, name, configs, version) values (:id, 'orders', '{}', 1)").param("id",
                TOPIC).update();
        partition(0, "{4,2,3,1}", "{4}", "{1}");
        partition(1, "{1,2,3}", "{}", "{}");
    }

    @Test
    void what_is_on_its_way_without_anybody_who_wants_it_is_wanted_again() {
        store.wantWhatIsOnItsWay();

        assertThat(wanted()).containsExactly("0: {2,3,1} to {4,2,3}");
    }

    @Test
    void what_was_finished_before_it_was_on_its_way_again_is_not_finished() {
        reassignment(0, "{1,2,3}", "{1,2,5}", true);

        store.wantWhatIsOnItsWay();

        assertThat(wanted()).containsExactly("0: {2,3,1} to {4,2,3}");
    }

    @Test
    void what_somebody_wants_stays_wanted() {
        reassignment(0, "{1,2,3}", "{5,2,3}", false);
        reassignment(1, "{1,2,3}", "{4,2,3}", false);

        store.wantWhatIsOnItsWay();

        assertThat(wanted()).containsExactly("0: {1,2,3} to {5,2,3}", "1: {1,2,3} to {4,2,3}");
    }

    private static final UUID DELETED = new UUID(5, 6);

    /** A topic that has moved, got a setting and a partition more, one that is not there, and one that was deleted. */
    private String seen() {
        sql.sql("insert into metadata.topic (id, name, configs, version) values (:id, 'old', '{}', 1)").param("id",
                DELETED).update();
        TopicImage moved = new TopicImage(id(TOPIC), "orders", Map.of("retention.ms", "5"), List.of(new PartitionImage(
                0,
                List.of(7, 8, 9), List.of(7), 7, 9, 9), new PartitionImage(1, List.of(1, 2, 3), List.of(1), 1, 3, 3),
                new PartitionImage(2, List.of(3, 1), List.of(1), 1, 3, 3)));
        TopicImage lost = new TopicImage(id(new UUID(7, 8)), "lost", Map.of(), List.of(new PartitionImage(0, List.of(2,
                1), List.of(2), 2, 4, 4)));
        return TopicsSeen.in(new ClusterImage("c", 9, Map.of(), Map.of("orders", moved, "lost", lost), Map.of(moved
                .id(),
                moved, lost.id(), lost), Map.of(), Map.of(id(DELETED), 8L)));
    }

    @Test
    void what_somebody_has_seen_is_brought_back() {
        store.restore(seen(), false, 20);

        assertThat(placements()).containsExactly("lost 0 {2,1}", "orders 0 {7,8,9}", "orders 1 {1,2,3}",
                "orders 2 {3,1}");
        assertThat(sql.sql("select configs ->> 'retention.ms' from metadata.topic where id = :id").param("id", TOPIC)
                .query(String.class).single()).isEqualTo("5");
        assertThat(sql.sql("select topic_id from metadata.topic_deletion").query(UUID.class).list()).containsExactly(
                DELETED);
    }

    @Test
    void once_the_present_history_was_acted_on_only_what_it_lacks_is_added() {
        store.restore(seen(), true, 20);

        assertThat(placements()).containsExactly("lost 0 {2,1}", "orders 0 {4,2,3,1}", "orders 1 {1,2,3}",
                "orders 2 {3,1}");
        assertThat(sql.sql("select configs::text from metadata.topic where id = :id").param("id", TOPIC).query(
                String.class).single()).isEqualTo("{}");
        assertThat(sql.sql("select name from metadata.topic where id = :id").param("id", DELETED).query(String.class)
                .single()).isEqualTo("old");
    }

    @Test
    void what_was_told_in_an_earlier_incarnation_is_told_no_more() {
        sql.sql("insert into metadata.topics_seen (incarnation, version, topics) values (0, 7, '{}')").update();
        assertThat(store.told()).isNotNull();

        sql.sql("update metadata.cluster set incarnation = 1").update();

        assertThat(store.told()).isNull();
    }

    private List<String> placements() {
        return sql.sql("""
                select name || ' ' || index || ' ' || cast(replicas as text)
                from metadata.topic join metadata.partition on topic_id = id order by 1
                """).query(String.class).list();
    }

    private static Uuid id(UUID id) {
        return new Uuid(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    private void partition(int index, String replicas, String adding, String removing) {
        sql.sql("""
                insert into metadata.partition (topic_id, index, replicas, isr, leader, last_leader, leader_epoch,
                    partition_epoch, adding, removing, version)
                values (:id, :index, cast(:replicas as int[]), cast(:replicas as int[]), 2, 2, 4, 7,
                    cast(:adding as int[]), cast(:removing as int[]), 1)
                """).param("id", TOPIC).param("index", index).param("replicas", replicas).param("adding", adding)
                .param("removing", removing).update();
    }

    private void reassignment(int index, String before, String target, boolean finished) {
        sql.sql("""
                insert into metadata.reassignment (topic_id, index, before, target, finished)
                values (:id, :index, cast(:before as int[]), cast(:target as int[]), :finished)
                """).param("id", TOPIC).param("index", index).param("before", before).param("target", target).param(
                "finished", finished).update();
    }

    private List<String> wanted() {
        return sql.sql("""
                select index || ': ' || cast(before as text) || ' to ' || cast(target as text)
                from metadata.reassignment where not finished order by index
                """).query(String.class).list();
    }
}
