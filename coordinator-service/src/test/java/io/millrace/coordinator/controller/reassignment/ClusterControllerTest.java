package io.millrace.coordinator.controller.reassignment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.common.api.ClusterApi;
import io.millrace.common.api.ClusterApi.BrokerMoves;
import io.millrace.common.api.ClusterApi.Cancel;
import io.millrace.common.api.ClusterApi.CancelOutcome;
import io.millrace.common.api.ClusterApi.Elect;
import io.millrace.common.api.ClusterApi.Election;
import io.millrace.common.api.ClusterApi.ElectionOutcome;
import io.millrace.common.api.ClusterApi.Options;
import io.millrace.common.api.ClusterApi.Partitions;
import io.millrace.common.api.ClusterApi.Planned;
import io.millrace.common.api.ClusterApi.Progress;
import io.millrace.common.api.ClusterApi.Reason;
import io.millrace.common.api.ClusterApi.Reassign;
import io.millrace.common.api.ClusterApi.ReassignEach;
import io.millrace.common.api.ClusterApi.ReassignOutcome;
import io.millrace.common.api.ClusterApi.Reassignment;
import io.millrace.common.api.ClusterApi.Reassignments;
import io.millrace.common.api.ClusterApi.Replicas;
import io.millrace.common.api.ClusterApi.ReplicationFactor;
import io.millrace.common.api.ClusterApi.UnderWay;
import io.millrace.common.api.ServiceClients;
import io.millrace.common.api.TopicPartition;
import io.millrace.common.api.TopicsApi.CreateTopic;
import io.millrace.common.database.PostgresConnections;
import io.millrace.common.error.ErrorCode;
import io.millrace.common.error.RefusedException;
import io.millrace.common.lease.BrokerIdentity;
import io.millrace.common.lease.BrokerRegistration;
import io.millrace.common.lease.LeaseSettings;
import io.millrace.common.metadata.ClusterImage;
import io.millrace.common.metadata.ClusterImages;
import io.millrace.common.metadata.MetadataTransaction;
import io.millrace.common.metadata.PartitionImage;
import io.millrace.common.partition.IsrChange;
import io.millrace.common.partition.IsrChange.Member;
import io.millrace.common.partition.PostgresIsrChanges;
import io.millrace.coordinator.controller.placement.Plan;
import io.millrace.testing.TestPostgres;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** Reassignment over HTTP on a real PostgreSQL, with brokers that register as real ones do, and whose replicas catch up when the test says so. */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = {
        "millrace.listener.wire.port=0",
        "millrace.lease.ttl=4s",
        "millrace.lease.renew-interval=200ms",
        "millrace.lease.margin=400ms",
        "millrace.controller.watch-interval=50ms",
        "millrace.reassignment.check-interval=50ms",
        "millrace.reassignment.max-moving-partitions=2",
        "millrace.reassignment.max-beginning=3",
        "millrace.reassignment.tally-interval=100ms",
        "millrace.reassignment.plan-attempts=3",
        "millrace.listener.wire.port=0",
        "millrace.topic.max-partitions=100"})
class ClusterControllerTest {
    private static final TestPostgres POSTGRES = TestPostgres.create();
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final Options FOR_REAL = new Options(false, null);
    private static final Options DRY = new Options(true, null);

    @DynamicPropertySource
    static void database(DynamicPropertyRegistry registry) {
        POSTGRES.springProperties().forEach((name, value) -> registry.add(name, () -> value));
    }

    @Autowired
    private ServiceClients clients;
    @Autowired
    private ClusterImages images;
    @Autowired
    private PostgresConnections connections;
    @Autowired
    private LeaseSettings leases;
    @Autowired
    private MetadataTransaction transaction;
    @Autowired
    private JdbcClient sql;
    @Autowired
    private Planning planning;
    @Autowired
    private MeterRegistry meters;

    private final Map<Integer, BrokerRegistration> brokers = new TreeMap<>();
    private ClusterApi cluster;

    @BeforeEach
    void startBrokers() throws Exception {
        cluster = clients.cluster();
        for (int id : List.of(0, 1, 2)) {
            startBroker(id);
        }
        awaitImage(image -> image.controller() != null && Stream.of(0, 1, 2).allMatch(id -> isUp(image, id)));
    }

    @AfterEach
    void removeAll() {
        brokers.values().forEach(BrokerRegistration::close);
        for (var name : sql.sql("select name from metadata.topic").query(String.class).list()) {
            clients.topics().delete(name);
        }
        sql.sql("update metadata.broker set draining = false").update();
        awaitImage(image -> image.topicsByName().isEmpty() && image.brokers().values().stream().allMatch(it -> it
                .fenced()));
    }

    @Test
    void a_broker_that_is_added_gets_its_share_a_few_at_a_time() throws Exception {
        create("orders", List.of(List.of(0), List.of(1), List.of(2), List.of(0), List.of(1), List.of(2), List.of(0),
                List.of(1),
                List.of(2), List.of(0), List.of(1), List.of(2)));
        startBroker(3);
        awaitImage(image -> isUp(image, 3));

        assertThat(cluster.rebalance(DRY).copies()).isEqualTo(3);
        assertThat(progress().partitions()).isEmpty();
        var planned = cluster.rebalance(new Options(false, 1_000_000L));

        assertThat(planned.copies()).isEqualTo(3);
        assertThat(planned.moves()).allMatch(move -> move.after().equals(List.of(3)));
        await().atMost(LONG).until(() -> progress().moving() == 2);
        assertThat(progress().waiting()).isEqualTo(1);
        awaitImage(image -> Long.valueOf(1_000_000).equals(image.reassignmentRate()));
        catchUpUntil(() -> progress().done() == 3);
        assertThat(progress().partitions()).isEmpty();
        awaitImage(image -> image.topic("orders").partitions().stream().filter(it -> it.leader() == 3).count() == 3
                && image.reassignmentRate() == null);
        assertThat(cluster.rebalance(FOR_REAL).moves()).isEmpty();
    }

    @Test
    void a_drained_broker_gets_rid_of_all_and_can_then_be_removed_and_come_back() throws Exception {
        create("orders", List.of(List.of(0, 1), List.of(1, 2), List.of(2, 0)));

        var planned = cluster.drain(0, FOR_REAL);
        assertThat(planned.copies()).isEqualTo(2);
        assertThat(refusal(() -> cluster.remove(0))).hasMessageContaining("is running").extracting(
                RefusedException::code).isEqualTo(ErrorCode.BROKER_IN_USE);
        catchUpUntil(() -> progress().done() == 2);
        awaitImage(image -> image.brokers().get(0).draining() && image.topic("orders").partitions().stream().noneMatch(
                it -> it.replicas().contains(0)));

        brokers.get(0).close();
        awaitImage(image -> image.brokers().get(0).fenced());
        assertThat(images.awaitVersion(cluster.remove(0).version(), LONG)).isTrue();
        assertThat(images.current().brokers()).doesNotContainKey(0);
        assertThat(refusal(() -> cluster.drain(0, FOR_REAL)).code()).isEqualTo(ErrorCode.UNKNOWN_BROKER);

        startBroker(0);
        awaitImage(image -> isUp(image, 0) && !image.brokers().get(0).draining());
    }

    @Test
    void a_broker_with_replicas_is_not_removed_even_if_it_does_not_run() throws Exception {
        create("orders", List.of(List.of(0, 1)));
        brokers.get(1).close();
        awaitImage(image -> image.brokers().get(1).fenced());

        assertThat(refusal(() -> cluster.remove(1))).hasMessageContaining("1 replicas").extracting(
                RefusedException::code).isEqualTo(ErrorCode.BROKER_IN_USE);
        assertThat(refusal(() -> cluster.remove(17)).code()).isEqualTo(ErrorCode.UNKNOWN_BROKER);
    }

    @Test
    void a_drain_that_leaves_too_few_brokers_is_refused_by_the_topics_name_and_changes_nothing() throws Exception {
        create("orders", List.of(List.of(0, 1, 2)));

        assertThat(refusal(() -> cluster.drain(0, FOR_REAL))).hasMessageContaining("'orders'").extracting(
                RefusedException::code).isEqualTo(ErrorCode.TOO_FEW_BROKERS);

        assertThat(sql.sql("select draining from metadata.broker where id = 0").query(Boolean.class).single())
                .isFalse();
    }

    @Test
    void a_drain_is_taken_back() throws Exception {
        create("orders", List.of(List.of(0), List.of(0), List.of(0), List.of(1)));
        cluster.drain(0, FOR_REAL);
        await().atMost(LONG).until(() -> progress().moving() == 2);

        assertThat(cluster.undrain(0).cancelled()).isEqualTo(3);

        await().atMost(LONG).until(() -> progress().partitions().isEmpty());
        awaitImage(image -> !image.brokers().get(0).draining() && image.topic("orders").partitions().stream().limit(3)
                .allMatch(it -> it.replicas().equals(List.of(0)) && !it.isReassigned()));
    }

    @Test
    void what_is_under_way_is_called_off() throws Exception {
        create("orders", List.of(List.of(0), List.of(0), List.of(0)));
        cluster.reassign(new Reassign(List.of(new Replicas("orders", 0, List.of(1)), new Replicas("orders", 1, List.of(
                1)), new Replicas("orders", 2, List.of(1))), FOR_REAL));
        await().atMost(LONG).until(() -> progress().moving() == 2);

        assertThat(cluster.cancel().cancelled()).isEqualTo(3);

        await().atMost(LONG).until(() -> progress().partitions().isEmpty());
        awaitImage(image -> image.topic("orders").partitions().stream().allMatch(it -> it.replicas().equals(List.of(0))
                && !it.isReassigned()));
    }

    @Test
    void what_is_under_way_is_listed_and_called_off_partition_by_partition() throws Exception {
        create("orders", List.of(List.of(0), List.of(0), List.of(0), List.of(0)));
        reassign(new Replicas("orders", 0, List.of(1)), new Replicas("orders", 1, List.of(1)), new Replicas("orders", 2,
                List.of(2, 0)));
        await().atMost(LONG).until(() -> progress().moving() == 2);

        assertThat(cluster.list(new Reassignments(null)).reassignments()).containsExactly(
                new Reassignment("orders", 0, List.of(1, 0), List.of(1), List.of(0)),
                new Reassignment("orders", 1, List.of(1, 0), List.of(1), List.of(0)),
                new Reassignment("orders", 2, List.of(2, 0), List.of(2), List.of()));
        assertThat(cluster.list(new Reassignments(List.of(new TopicPartition("orders", 2), new TopicPartition("orders",
                3)))).reassignments()).extracting(Reassignment::partition).containsExactly(2);

        assertThat(cluster.cancel(new Cancel(List.of(new TopicPartition("orders", 0), new TopicPartition("orders", 3),
                new TopicPartition("orders", 9), new TopicPartition("orders", 2)))).outcomes()).containsExactly(
                        CancelOutcome.CANCELLED, CancelOutcome.NOT_UNDER_WAY, CancelOutcome.UNKNOWN_PARTITION,
                        CancelOutcome.CANCELLED);

        // What was called off goes back in a step of its own.
        await().atMost(LONG).untilAsserted(() -> assertThat(cluster.list(new Reassignments(null)).reassignments())
                .extracting(Reassignment::partition).containsExactly(1));
        awaitImage(image -> image.topic("orders").partition(0).replicas().equals(List.of(0)) && image.topic("orders")
                .partition(2).replicas().equals(List.of(0)));
    }

    @Test
    void what_is_cancelled_again_while_it_goes_back_is_told_as_cancelled() throws Exception {
        create("orders", List.of(List.of(0)));
        var cancel = new Cancel(List.of(new TopicPartition("orders", 0)));
        reassign(new Replicas("orders", 0, List.of(1)));
        await().atMost(LONG).until(() -> progress().moving() == 1);

        // In one transaction, so that it cannot have come back in between.
        var again = transaction.write(_ -> {
            var store = new ReassignmentStore(sql);
            assertThat(store.cancelOnly(cancel.partitions())).containsExactly(CancelOutcome.CANCELLED);
            return store.cancelOnly(cancel.partitions());
        });

        assertThat(again).containsExactly(CancelOutcome.CANCELLED);
        await().atMost(LONG).until(() -> progress().partitions().isEmpty());
        assertThat(cluster.cancel(cancel).outcomes()).containsExactly(CancelOutcome.NOT_UNDER_WAY);
    }

    @Test
    void each_partition_is_reassigned_that_can_be() throws Exception {
        create("orders", List.of(List.of(0), List.of(0), List.of(0)));

        var outcomes = cluster.reassignEach(new ReassignEach(List.of(new Replicas("orders", 0, List.of(1)),
                new Replicas("orders", 1, List.of(7)), new Replicas("orders", 2, List.of()), new Replicas("orders", 9,
                        List.of(1))))).outcomes();

        assertThat(outcomes).extracting(ReassignOutcome::refusal).containsExactly(null,
                ErrorCode.INVALID_REPLICA_ASSIGNMENT, ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                ErrorCode.UNKNOWN_PARTITION);
        assertThat(cluster.list(new Reassignments(null)).reassignments()).extracting(Reassignment::partition)
                .containsExactly(0);
    }

    @Test
    void elections_bring_preferred_leaders_back_and_unclean_ones_where_nobody_leads() throws Exception {
        create("orders", List.of(List.of(0, 1), List.of(0, 1), List.of(1, 0)));
        // As after a failure: another leads, one nobody, in whose ISR there is nobody left.
        transaction.write(version -> sql.sql("""
                update metadata.partition
                set leader = case index when 0 then 1 when 1 then null else 1 end,
                    isr = case index when 1 then '{}' else isr end,
                    last_leader = case index when 1 then null else 1 end,
                    leader_epoch = leader_epoch + 1, partition_epoch = partition_epoch + 1, version = :version
                where topic_id = (select id from metadata.topic where name = 'orders')
                """).param("version", version).update());
        var asked = Stream.of(0, 1, 2, 9).map(index -> new TopicPartition("orders", index)).toList();

        assertThat(cluster.elect(new Elect(asked, false)).elections()).extracting(Election::outcome).containsExactly(
                ElectionOutcome.ELECTED, ElectionOutcome.PREFERRED_NOT_AVAILABLE, ElectionOutcome.NOT_NEEDED,
                ElectionOutcome.UNKNOWN_PARTITION);
        var unclean = cluster.elect(new Elect(null, true));

        assertThat(unclean.elections()).containsExactly(new Election(new TopicPartition("orders", 1),
                ElectionOutcome.ELECTED));
        assertThat(images.awaitVersion(unclean.version(), LONG)).isTrue();
        assertThat(images.current().topic("orders").partitions()).extracting(PartitionImage::leader).containsExactly(0,
                0, 1);
        assertThat(cluster.elect(new Elect(asked, true)).elections()).extracting(Election::outcome).containsExactly(
                ElectionOutcome.NOT_NEEDED, ElectionOutcome.NOT_NEEDED, ElectionOutcome.NOT_NEEDED,
                ElectionOutcome.UNKNOWN_PARTITION);
    }

    @Test
    void a_rate_ends_with_what_it_was_asked_for() throws Exception {
        create("orders", List.of(List.of(0), List.of(1), List.of(2)));
        assertThat(cluster.rebalance(new Options(false, 1_000L)).moves()).isEmpty();
        assertThat(progress().throttleBytesPerSecond()).isNull();
        cluster.reassign(new Reassign(List.of(new Replicas("orders", 0, List.of(1))), new Options(false, 1_000L)));
        await().atMost(LONG).until(() -> progress().moving() == 1);
        assertThat(progress().throttleBytesPerSecond()).isEqualTo(1_000L);

        clients.topics().delete("orders");

        await().atMost(LONG).until(() -> progress().throttleBytesPerSecond() == null);
        awaitImage(image -> image.reassignmentRate() == null);
    }

    @Test
    void a_later_request_holds_for_a_partition_that_both_name() throws Exception {
        create("orders", List.of(List.of(0)));
        cluster.reassign(new Reassign(List.of(new Replicas("orders", 0, List.of(1))), FOR_REAL));
        await().atMost(LONG).until(() -> progress().moving() == 1);

        cluster.reassign(new Reassign(List.of(new Replicas("orders", 0, List.of(2))), FOR_REAL));

        catchUpUntil(() -> progress().partitions().isEmpty());
        awaitImage(image -> image.topic("orders").partition(0).replicas().equals(List.of(2)));
    }

    @Test
    void a_topic_gets_more_replicas_and_fewer() throws Exception {
        create("orders", List.of(List.of(0), List.of(1)));

        assertThat(cluster.replicationFactor("orders", new ReplicationFactor(3, FOR_REAL)).copies()).isEqualTo(4);
        catchUpUntil(() -> progress().partitions().isEmpty());
        awaitImage(image -> image.topic("orders").partitions().stream().allMatch(it -> it.isr().size() == 3));

        cluster.replicationFactor("orders", new ReplicationFactor(1, FOR_REAL));
        await().atMost(LONG).until(() -> progress().partitions().isEmpty());
        awaitImage(image -> image.topic("orders").partitions().stream().allMatch(it -> it.replicas().size() == 1));

        assertThat(refusal(() -> cluster.replicationFactor("orders", new ReplicationFactor(4, FOR_REAL))).code())
                .isEqualTo(ErrorCode.INVALID_REPLICATION_FACTOR);
        assertThat(refusal(() -> cluster.replicationFactor("nothing", new ReplicationFactor(1, FOR_REAL))).code())
                .isEqualTo(ErrorCode.UNKNOWN_TOPIC);
    }

    @Test
    void a_topic_gets_more_partitions() throws Exception {
        create("orders", List.of(List.of(0, 1)));

        long version = cluster.partitions("orders", new Partitions(3, null, false)).version();

        assertThat(images.awaitVersion(version, LONG)).isTrue();
        assertThat(images.current().topic("orders").partitions()).hasSize(3).allSatisfy(partition -> {
            assertThat(partition.replicas()).hasSize(2).doesNotHaveDuplicates();
            assertThat(partition.isr()).isEqualTo(partition.replicas());
        }).extracting(PartitionImage::leader).doesNotHaveDuplicates();
        assertThat(refusal(() -> cluster.partitions("orders", new Partitions(3, null, false))).code()).isEqualTo(
                ErrorCode.INVALID_PARTITIONS);
        assertThat(refusal(() -> cluster.partitions("orders", new Partitions(101, null, true))).code()).isEqualTo(
                ErrorCode.INVALID_PARTITIONS);
        assertThat(refusal(() -> cluster.partitions("nothing", new Partitions(3, null, false))).code()).isEqualTo(
                ErrorCode.UNKNOWN_TOPIC);
    }

    @Test
    void new_partitions_get_the_brokers_that_are_named() throws Exception {
        create("orders", List.of(List.of(0, 1)));

        assertThat(cluster.partitions("orders", new Partitions(2, List.of(List.of(2, 1)), true)).version()).isEqualTo(
                -1);
        long version = cluster.partitions("orders", new Partitions(2, List.of(List.of(2, 1)), false)).version();

        assertThat(images.awaitVersion(version, LONG)).isTrue();
        assertThat(images.current().topic("orders").partition(1)).matches(it -> it.leader() == 2 && it.replicas()
                .equals(List.of(2, 1)));
        for (List<List<Integer>> bad : List.of(List.<List<Integer>>of(), List.of(List.of(0)), List.of(List.of(0, 0)),
                List.of(List.of(0, 9)), List.of(List.of(0, 1), List.of(1, 0)))) {
            assertThat(refusal(() -> cluster.partitions("orders", new Partitions(3, bad, false))).code()).as("%s", bad)
                    .isEqualTo(ErrorCode.INVALID_REPLICA_ASSIGNMENT);
        }
    }

    @Test
    void replicas_that_cannot_be_are_refused_by_the_partitions_name() throws Exception {
        create("orders", List.of(List.of(0)));
        create("bills", List.of(List.of(0, 1)), Map.of("min.insync.replicas", "2"));

        assertThat(invalid(new Replicas("orders", 0, List.of()))).contains("orders-0 needs at least one");
        assertThat(invalid(new Replicas("orders", 0, List.of(1, 2, 1)))).contains("orders-0",
                "two replicas on broker 1");
        assertThat(invalid(new Replicas("orders", 0, List.of(9)))).contains("orders-0", "[9]", "there are not");
        assertThat(invalid(new Replicas("orders", 0, List.of(1)), new Replicas("orders", 0, List.of(2)))).contains(
                "orders-0 is named twice");
        assertThat(invalid(new Replicas("orders", 0, List.of(1)), new Replicas("bills", 0, List.of(1)))).contains(
                "bills-0 needs at least 2 replicas, not 1");
        assertThat(progress().partitions()).as("all of a request or nothing").isEmpty();
        assertThat(refusal(() -> reassign(new Replicas("orders", 1, List.of(1)))).code()).isEqualTo(
                ErrorCode.UNKNOWN_PARTITION);
        assertThat(refusal(() -> cluster.rebalance(new Options(false, -1L))).code()).isEqualTo(
                ErrorCode.INVALID_SETTING);
    }

    @Test
    void a_topic_may_be_named_null() throws Exception {
        create("null", List.of(List.of(0)));

        assertThat(reassign(new Replicas("null", 0, List.of(1))).moves()).hasSize(1);
        catchUpUntil(() -> progress().partitions().isEmpty());
        awaitImage(image -> image.topic("null").partition(0).replicas().equals(List.of(1)));
    }

    @Test
    void those_that_wait_for_a_busy_broker_do_not_hold_up_the_others() throws Exception {
        create("orders", List.of(List.of(0), List.of(0), List.of(0), List.of(0), List.of(0), List.of(2)));
        startBroker(3);
        awaitImage(image -> isUp(image, 3));

        reassign(new Replicas("orders", 0, List.of(1)), new Replicas("orders", 1, List.of(1)), new Replicas("orders", 2,
                List.of(1)), new Replicas("orders", 3, List.of(1)), new Replicas("orders", 4, List.of(1)),
                new Replicas("orders", 5, List.of(3)));

        await().atMost(LONG).until(() -> progress().moving() == 3);
        assertThat(progress().waiting()).isEqualTo(3);
        assertThat(progress().partitions()).extracting(UnderWay::partition).containsExactly(0, 1, 5, 2, 3, 4);
    }

    @Test
    void it_is_told_why_a_partition_has_not_moved_yet_and_metered_what_is_stuck() throws Exception {
        create("orders", List.of(List.of(0), List.of(0), List.of(0)));
        reassign(new Replicas("orders", 0, List.of(1)), new Replicas("orders", 1, List.of(1)), new Replicas("orders", 2,
                List.of(1)));
        await().atMost(LONG).until(() -> progress().moving() == 2);
        assertThat(progress().partitions()).extracting(UnderWay::reason).containsExactly(Reason.CATCHING_UP,
                Reason.CATCHING_UP, Reason.QUEUED);
        assertThat(progress().stuck()).isZero();
        assertThat(progress().brokers()).containsExactly(new BrokerMoves(0, 0, 3), new BrokerMoves(1, 3, 0));
        assertThat(cluster.progress(1).partitions()).hasSize(1);
        assertThat(cluster.progress(0)).matches(it -> it.moving() == 2 && it.waiting() == 1);
        await().atMost(LONG).until(() -> gauge("moving") == 2 && gauge("waiting") == 1 && gauge("stuck") == 0);

        brokers.get(1).close();

        await().atMost(LONG).until(() -> progress().stuck() == 3);
        assertThat(progress().partitions()).allMatch(it -> it.reason() == Reason.BROKER_NOT_RUNNING && it.waitsFor()
                .equals(List.of(1)));
        await().atMost(LONG).until(() -> gauge("stuck") == 3);
        cluster.cancel();
        await().atMost(LONG).until(() -> gauge("moving") == 0 && gauge("waiting") == 0 && gauge("stuck") == 0);
    }

    @Test
    void a_plan_is_made_while_others_write_metadata_and_anew_if_they_change_what_it_is_made_of() throws Exception {
        create("orders", List.of(List.of(0)));
        var found = new ArrayList<Integer>();
        UnaryOperator<Basis> asItIs = UnaryOperator.identity();

        var targets = planning.carryOut(asItIs, basis -> {
            found.add(basis.destinations().size());
            if (found.size() == 1) {
                cluster.partitions("orders", new Partitions(2, null, false));
            }
            return new Plan.Moves(Map.of(new TopicPartition("orders", 0), List.of(1)));
        }, (made, _) -> made.targets());

        assertThat(found).containsExactly(1, 2);
        assertThat(targets).hasSize(1);
        assertThat(refusal(() -> planning.carryOut(asItIs, basis -> {
            cluster.partitions("orders", new Partitions(basis.destinations().size() + 1, null, false));
            return new Plan.Moves(Map.of(new TopicPartition("orders", 0), List.of(1)));
        }, (made, _) -> made)).code()).isEqualTo(ErrorCode.UNAVAILABLE);
    }

    private int gauge(String name) {
        return (int) meters.get("millrace.controller.reassignments." + name).gauge().value();
    }

    private Progress progress() {
        return cluster.progress(100);
    }

    private Planned reassign(Replicas... partitions) {
        return cluster.reassign(new Reassign(List.of(partitions), FOR_REAL));
    }

    private String invalid(Replicas... partitions) {
        var refusal = refusal(() -> reassign(partitions));
        assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_REPLICA_ASSIGNMENT);
        return refusal.getMessage();
    }

    /** As leaders do whose followers have all that they have. */
    private void catchUpUntil(Callable<Boolean> done) {
        var isrChanges = new PostgresIsrChanges(transaction, sql);
        await().atMost(LONG).until(() -> {
            var image = images.current();
            for (var topic : image.topicsByName().values()) {
                for (var partition : topic.partitions()) {
                    if (partition.isReassigned() && image.leader(partition) != null) {
                        var members = partition.replicas().stream().map(id -> new Member(id, image.brokers().get(id)
                                .epoch())).toList();
                        isrChanges.alter(partition.leader(), image.brokers().get(partition.leader()).epoch(), List.of(
                                new IsrChange(topic.id(), partition.index(), partition.leaderEpoch(), partition
                                        .partitionEpoch(), members)));
                    }
                }
            }
            return done.call();
        });
    }

    private void create(String name, List<List<Integer>> replicas) throws Exception {
        create(name, replicas, Map.of());
    }

    private void create(String name, List<List<Integer>> replicas, Map<String, String> configs) throws Exception {
        var created = clients.topics().create(new CreateTopic(name, null, null, replicas, configs, false));
        assertThat(images.awaitVersion(created.version(), LONG)).isTrue();
    }

    private void startBroker(int id) throws Exception {
        var registration = new BrokerRegistration(connections, leases.timing(), new BrokerIdentity(id, UUID
                .randomUUID(), "127.0.0.1", 9092 + id, "http://127.0.0.1:" + (8190 + id)), _ -> {});
        brokers.put(id, registration);
        registration.start(LONG);
        registration.ready();
    }

    private static boolean isUp(ClusterImage image, int id) {
        return image.brokers().containsKey(id) && !image.brokers().get(id).fenced();
    }

    private void awaitImage(Predicate<ClusterImage> condition) {
        await().atMost(LONG).until(() -> condition.test(images.current()));
    }

    private static RefusedException refusal(Callable<?> call) {
        var refusal = catchThrowableOfType(RefusedException.class, call::call);
        assertThat(refusal).isNotNull();
        return refusal;
    }
}
